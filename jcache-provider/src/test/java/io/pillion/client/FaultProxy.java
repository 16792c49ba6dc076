package io.pillion.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Stands between a client and a server, and breaks or stalls what goes through it. */
public final class FaultProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final int serverPort;
  private final List<Link> links = new CopyOnWriteArrayList<>();
  private volatile boolean refusing;

  /** A proxy before the server on this port of this machine. */
  public FaultProxy(int serverPort) {
    this.serverPort = serverPort;
    try {
      listener = new ServerSocket(0, 128, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start("proxy-accept", this::accept);
  }

  /** The URL of the server through this proxy. */
  public String url() {
    return "redis://127.0.0.1:" + listener.getLocalPort();
  }

  /** Breaks every connection. */
  public void kill() {
    links.forEach(Link::close);
  }

  /** Breaks one connection, the one with this number modulo the number of connections. */
  public void kill(int number) {
    List<Link> now = List.copyOf(links);
    if (!now.isEmpty()) {
      now.get(Math.floorMod(number, now.size())).close();
    }
  }

  /** Breaks every connection and lets no new one live, until called with false. */
  public void refuse(boolean refuse) {
    refusing = refuse;
    if (refuse) {
      kill();
    }
  }

  /** Holds back what the server sends on connections that track, until called with false. */
  public void stallTracking(boolean stall) {
    links.stream().filter(link -> link.tracks).forEach(link -> link.stall(stall));
  }

  /** Holds back what the server sends on connections that do not track. */
  public void stallCommands(boolean stall) {
    links.stream().filter(link -> !link.tracks).forEach(link -> link.stall(stall));
  }

  /** Connections at the moment. */
  public int connections() {
    return links.size();
  }

  @Override
  public void close() {
    refusing = true;
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    kill();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        if (refusing) {
          client.close();
        } else {
          Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
          client.setTcpNoDelay(true);
          server.setTcpNoDelay(true);
          Link link = new Link(client, server);
          links.add(link);
          if (refusing) {
            // Since it was accepted: whoever refuses may not have found it in the list.
            link.close();
          }
          start("proxy-up", link::up);
          start("proxy-down", link::down);
        }
      } catch (IOException closed) {
        Thread.onSpinWait();
      }
    }
  }

  private static void start(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  private final class Link {
    private final Socket client;
    private final Socket server;
    private volatile boolean tracks;
    private boolean stalled;

    Link(Socket client, Socket server) {
      this.client = client;
      this.server = server;
    }

    void up() {
      byte[] bytes = new byte[16 * 1024];
      try (InputStream in = client.getInputStream();
          OutputStream out = server.getOutputStream()) {
        for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
          tracks |= new String(bytes, 0, n, StandardCharsets.ISO_8859_1).contains("TRACKING");
          out.write(bytes, 0, n);
        }
      } catch (IOException broken) {
        Thread.onSpinWait();
      }
      close();
    }

    void down() {
      byte[] bytes = new byte[16 * 1024];
      try (InputStream in = server.getInputStream();
          OutputStream out = client.getOutputStream()) {
        for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
          awaitFlow();
          out.write(bytes, 0, n);
        }
      } catch (IOException broken) {
        Thread.onSpinWait();
      }
      close();
    }

    private synchronized void awaitFlow() throws IOException {
      while (stalled) {
        try {
          wait();
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      }
    }

    synchronized void stall(boolean stall) {
      stalled = stall;
      notifyAll();
    }

    void close() {
      links.remove(this);
      stall(false);
      for (Socket socket : new Socket[] {client, server}) {
        try {
          socket.close();
        } catch (IOException e) {
          Thread.onSpinWait();
        }
      }
    }
  }
}
