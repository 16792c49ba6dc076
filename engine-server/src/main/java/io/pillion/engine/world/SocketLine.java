package io.pillion.engine.world;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A line on a socket of this machine, with a thread that connects and receives, and one that sends:
 * each may be kept waiting by the other side without holding up anything else.
 */
final class SocketLine implements Line {
  private static final Logger log = LoggerFactory.getLogger(SocketLine.class);
  private static final int BUFFER_BYTES = 64 << 10;

  private final Target target;
  private final Listener listener;
  private final Socket socket = new Socket();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<byte[]> unsent = new ArrayDeque<>();
  private long unsentBytes;
  private volatile boolean mayPileUp;
  private boolean reads = true;
  private boolean connected;
  private boolean overflowed;
  private volatile boolean closed;
  private volatile String peer = ":0";
  private volatile String local = ":0";

  /** What bytes go through, once it is connected: the socket, or what encrypts it. */
  private @Nullable Socket stream;

  SocketLine(Target target, Listener listener) {
    this.target = target;
    this.listener = listener;
  }

  /** Connects, then hands over what comes, until the end. */
  void receive() {
    try {
      Socket connectedStream = connect();
      listener.connected();
      byte[] buffer = new byte[BUFFER_BYTES];
      InputStream in = connectedStream.getInputStream();
      while (awaitReading()) {
        int count = in.read(buffer);
        if (count < 0) {
          throw new IOException("the other side has closed the connection");
        }
        if (!awaitReading()) {
          return;
        }
        listener.received(buffer, count);
      }
    } catch (IOException e) {
      if (!closed) {
        boolean tooMuch = overflowed;
        close();
        listener.ended(tooMuch ? new IOException("the other side does not read") : e);
      }
    } catch (RuntimeException | Error e) {
      log.error("A connection to {}:{} failed; this is a bug", target.host(), target.port(), e);
      boolean told = closed;
      close();
      if (!told) {
        listener.ended(new IOException(e.toString(), e));
      }
    }
  }

  private Socket connect() throws IOException {
    socket.setTcpNoDelay(true);
    socket.setKeepAlive(true);
    socket.connect(new InetSocketAddress(target.host(), target.port()), target.timeoutMillis());
    Socket through = socket;
    Encryption encryption = target.encryption();
    if (encryption != null) {
      // Its reads must end some time while hands are shaken; afterwards its user sees to that.
      socket.setSoTimeout(target.timeoutMillis());
      through = encryption.over(socket, target.host(), target.port());
      socket.setSoTimeout(0);
    }
    peer = text(socket.getRemoteSocketAddress());
    local = text(socket.getLocalSocketAddress());
    lock.lock();
    try {
      stream = through;
      connected = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    return through;
  }

  private static String text(@Nullable SocketAddress address) {
    if (!(address instanceof InetSocketAddress socketAddress)) {
      return ":0";
    }
    InetAddress ip = socketAddress.getAddress();
    return (ip == null ? socketAddress.getHostString() : ip.getHostAddress())
        + ":"
        + socketAddress.getPort();
  }

  /** Returns when bytes may be handed over; false when it is closed. */
  private boolean awaitReading() {
    lock.lock();
    try {
      while (!reads && !closed) {
        changed.awaitUninterruptibly();
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  /** Sends what there is to be sent, until the end. */
  void transmit() {
    try {
      Socket through = awaitConnected();
      if (through == null) {
        return;
      }
      OutputStream out = through.getOutputStream();
      for (byte[] next = nextUnsent(); next != null; next = nextUnsent()) {
        out.write(next);
        out.flush();
      }
    } catch (IOException e) {
      // Who receives sees the end, too, and tells of it.
      closeSocket();
    }
  }

  private @Nullable Socket awaitConnected() {
    lock.lock();
    try {
      while (!connected && !closed) {
        changed.awaitUninterruptibly();
      }
      return closed ? null : stream;
    } finally {
      lock.unlock();
    }
  }

  private byte @Nullable [] nextUnsent() {
    lock.lock();
    try {
      while (unsent.isEmpty() && !closed) {
        changed.awaitUninterruptibly();
      }
      byte[] next = closed ? null : unsent.poll();
      if (next != null) {
        unsentBytes -= next.length;
      }
      return next;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void send(byte[] bytes) {
    boolean tooMuch = false;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      unsent.add(bytes);
      unsentBytes += bytes.length;
      tooMuch = unsentBytes > MAX_UNSENT_BYTES && !mayPileUp;
      overflowed |= tooMuch;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (tooMuch) {
      closeSocket();
    }
  }

  @Override
  public void mayPileUp() {
    mayPileUp = true;
  }

  @Override
  public void reading(boolean yes) {
    lock.lock();
    try {
      reads = yes;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      unsent.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    closeSocket();
  }

  /** The plain one, also under encryption: that would say good-bye first, and could wait for it. */
  private void closeSocket() {
    try {
      socket.close();
    } catch (IOException e) {
      log.debug("A connection could not be closed", e);
    }
  }

  @Override
  public String peerAddress() {
    return peer;
  }

  @Override
  public String localAddress() {
    return local;
  }
}
