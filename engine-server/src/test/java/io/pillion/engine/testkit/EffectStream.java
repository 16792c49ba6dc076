package io.pillion.engine.testkit;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What a replica gets: all data, which are passed over, then one command after the other. */
public final class EffectStream implements AutoCloseable {
  private final Socket socket;
  private final InputStream in;

  /** Asks the server at a port of this machine with SYNC, and waits for all data. */
  public EffectStream(int port) {
    try {
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout((int) TestServer.PATIENCE.toMillis());
      in = new BufferedInputStream(socket.getInputStream());
      socket.getOutputStream().write("SYNC\r\n".getBytes(StandardCharsets.US_ASCII));
      String header = line();
      while (header.isEmpty()) {
        header = line();
      }
      if (!header.startsWith("$")) {
        throw new IOException("no data, but " + header);
      }
      in.skipNBytes(Long.parseLong(header.substring(1)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A line without its end, which may be a line feed alone: what keeps the link alive. */
  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new IOException("the server closed the connection");
      }
      if (b != '\r') {
        line.append((char) b);
      }
    }
    return line.toString();
  }

  /** The next command; its name in upper case, its words with spaces between them. */
  public String next() {
    try {
      int count = Integer.parseInt(line().substring(1));
      List<String> words = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int length = Integer.parseInt(line().substring(1));
        words.add(new String(in.readNBytes(length), StandardCharsets.ISO_8859_1));
        in.skipNBytes(2);
      }
      words.set(0, words.get(0).toUpperCase(java.util.Locale.ROOT));
      return String.join(" ", words);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All commands up to one, which is left out. */
  public List<String> upTo(String last) {
    List<String> commands = new ArrayList<>();
    for (String command = next(); !command.equals(last); command = next()) {
      commands.add(command);
    }
    return commands;
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
