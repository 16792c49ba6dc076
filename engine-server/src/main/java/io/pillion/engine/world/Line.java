package io.pillion.engine.world;

import java.io.IOException;
import java.net.Socket;
import org.jspecify.annotations.Nullable;

/**
 * A connection to another server whose bytes are handed over as they come, so that nobody need wait
 * for them. Any thread.
 */
public interface Line {
  /** The most that may wait to be sent: who lets more pile up does not read. */
  int MAX_UNSENT_BYTES = 1 << 20;

  /**
   * Where to connect.
   *
   * @param host a name or an address
   * @param timeoutMillis how long connecting may take
   * @param encryption what encrypts the connection; null for none
   */
  record Target(String host, int port, int timeoutMillis, @Nullable Encryption encryption) {}

  /** Encrypts connections. */
  @FunctionalInterface
  interface Encryption {
    /** A socket through which bytes go encrypted, when the other side has agreed on how. */
    Socket over(Socket plain, String host, int port) throws IOException;
  }

  /** Told of one line: one event after the other, on whatever thread, without the engine lock. */
  interface Listener {
    /** It is connected; comes before any bytes. */
    void connected();

    /** Bytes have come, which are a view; more come after this has returned. */
    void received(byte[] bytes, int length);

    /** It has ended, or never began. The last event, and none when it was closed on this side. */
    void ended(IOException cause);
  }

  /** Sends bytes behind those before; ends the line when too much waits to be sent. */
  void send(byte[] bytes);

  /**
   * Lets more than {@link #MAX_UNSENT_BYTES} wait to be sent: for who counts what is on its way,
   * and ends it himself.
   */
  default void mayPileUp() {}

  /** Whether bytes are handed over; while not, they wait with the other side. */
  void reading(boolean yes);

  /** Ends it. An event that has begun goes on; none begins afterwards. */
  void close();

  /** The other end's address, {@code ip:port}. */
  String peerAddress();

  /** This end's address. */
  String localAddress();
}
