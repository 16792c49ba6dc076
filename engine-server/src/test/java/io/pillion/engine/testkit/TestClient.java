package io.pillion.engine.testkit;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A client that speaks RESP and nothing else: it sends words and reads replies. Words are texts
 * (each character a byte), {@code byte[]} or numbers.
 */
public final class TestClient implements Closeable {
  private final TestServer server;
  private final InputStream in;
  private final OutputStream out;
  private final Closeable connection;
  private final RespReader reader;
  private final Deque<String> sent = new ArrayDeque<>();
  private final List<Answer.Push> pushes = new ArrayList<>();

  TestClient(TestServer server, InputStream in, OutputStream out, Closeable connection) {
    this.server = server;
    this.in = in;
    this.out = out;
    this.connection = connection;
    this.reader = new RespReader(in);
  }

  TestServer server() {
    return server;
  }

  /** Sends a command and waits for its answer. */
  public Answer call(Object... words) {
    send(words);
    return receive();
  }

  /** Sends a command and checks that it answers {@code +OK}. */
  public void ok(Object... words) {
    call(words).isOk();
  }

  /** Sends a command written as a line of words that are separated by single spaces. */
  public Answer line(String words) {
    return call((Object[]) words.split(" ", -1));
  }

  /** Sends a command; its answer is fetched with {@link #receive()}. */
  public void send(Object... words) {
    sent.add(Arrays.stream(words).map(TestClient::shown).collect(Collectors.joining(" ")));
    sendRaw(encode(words));
  }

  /** Sends bytes as they are. */
  public void sendRaw(byte[] bytes) {
    try {
      out.write(bytes);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The answer to the first command sent that has none yet; fails after {@link
   * TestServer#PATIENCE}.
   */
  public Answer receive() {
    String command = sent.isEmpty() ? "(no command)" : sent.remove();
    try {
      Object value = reader.read();
      while (value instanceof Answer.Push push) {
        pushes.add(push);
        value = reader.read();
      }
      return new Answer(command, value);
    } catch (IOException e) {
      throw new AssertionError(command + " on " + server + ": " + e.getMessage(), e);
    }
  }

  /** The next thing that comes and was not received yet, be it an answer or a push. */
  public Answer receiveNext() {
    try {
      return new Answer("(what comes next)", reader.read());
    } catch (IOException e) {
      throw new AssertionError("on " + server + ": " + e.getMessage(), e);
    }
  }

  /** The next push: one that came before an answer, or the next thing to come. */
  public Answer.Push push() {
    if (!pushes.isEmpty()) {
      return pushes.remove(0);
    }
    try {
      Object value = reader.read();
      if (value instanceof Answer.Push push) {
        return push;
      }
      throw new AssertionError("expected a push, came " + value);
    } catch (IOException e) {
      throw new AssertionError("waiting for a push: " + e.getMessage(), e);
    }
  }

  /** The pushes that came before answers, and have not been asked for yet. */
  public List<Answer.Push> takePushes() {
    List<Answer.Push> taken = List.copyOf(pushes);
    pushes.clear();
    return taken;
  }

  /** Waits until the server has closed this connection; fails when anything else comes. */
  public void awaitClosed() {
    try {
      Object value = reader.read();
      throw new AssertionError("expected the connection to be closed, came " + value);
    } catch (EOFException e) {
      // As expected.
    } catch (java.net.SocketException e) {
      // A reset is a close, too.
    } catch (IOException e) {
      throw new AssertionError("waiting for the connection to be closed: " + e.getMessage(), e);
    }
  }

  /** Waits until the server has closed this connection, whatever it answers before. */
  public void awaitClosedAfterAnything() {
    try {
      while (true) {
        reader.read();
      }
    } catch (SocketTimeoutException e) {
      throw new AssertionError("the server has neither closed nor sent anything", e);
    } catch (IOException e) {
      // As expected.
    }
  }

  /** Whether bytes from the server are waiting to be read. */
  public boolean hasInput() {
    try {
      return in.available() > 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Switches to RESP3. */
  public TestClient hello3() {
    call("HELLO", "3");
    return this;
  }

  /** This client's id. */
  public long id() {
    return call("CLIENT", "ID").integer();
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A command as it goes over the wire. */
  public static byte[] encode(@Nullable Object... words) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(ascii("*" + words.length + "\r\n"));
    for (Object word : words) {
      byte[] raw = word instanceof byte[] b ? b : ascii(String.valueOf(word));
      bytes.writeBytes(ascii("$" + raw.length + "\r\n"));
      bytes.writeBytes(raw);
      bytes.writeBytes(ascii("\r\n"));
    }
    return bytes.toByteArray();
  }

  private static byte[] ascii(String text) {
    if (text.chars().anyMatch(c -> c > 0xFF)) {
      throw new IllegalArgumentException("not bytes, use byte[]: " + text);
    }
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String shown(Object word) {
    String text =
        word instanceof byte[] b ? new String(b, StandardCharsets.ISO_8859_1) : word.toString();
    String cut = text.length() > 60 ? text.substring(0, 60) + "..." : text;
    return cut.isEmpty() || cut.chars().anyMatch(c -> c <= ' ' || c >= 127) ? quoted(cut) : cut;
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      quoted.append(c < ' ' || c >= 127 ? String.format("\\x%02x", (int) c) : String.valueOf(c));
    }
    return quoted.append('"').toString();
  }
}
