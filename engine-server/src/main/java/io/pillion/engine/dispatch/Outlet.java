package io.pillion.engine.dispatch;

/**
 * The way back to a client: what carries its replies away. A connection on the network is one, a
 * caller within the process another.
 */
public interface Outlet {
  /**
   * One that carries nothing away: of a client that only says what is to be done.
   *
   * @param address what it has for both addresses
   */
  static Outlet nowhere(String address) {
    return new Nowhere(address);
  }

  /**
   * Takes what has been written to the client's reply since the last time, to be sent. Called under
   * the engine lock, by any thread, once at the end of a turn's hold.
   *
   * @param offset up to where the command log must be safe ({@link Engine#safeOffset}) before it is
   *     sent; nothing sealed later is sent before it. 0 for no such wait.
   */
  void seal(long offset);

  /**
   * Sends what was sealed, up to what must wait for the command log still. Called outside the lock,
   * by any thread, after each turn and when the log has become safe further; must not block.
   */
  void flush();

  /** The client was blocked and is not any more: input that waited behind may go on. Any thread. */
  void resume();

  /**
   * Ends the connection: at once, or when every reply so far has been sent. Called under the engine
   * lock, by any thread; must not block.
   */
  void close(boolean afterReplies);

  /** The other end's address, {@code ip:port} or a socket's path with {@code :0}. */
  String peerAddress();

  /** This end's address. */
  String localAddress();

  /** How many bytes have come from the client; 0 where nothing is read from bytes. */
  default long receivedBytes() {
    return 0;
  }

  /** How many bytes of replies the client was given; 0 where nothing is written to bytes. */
  default long sentBytes() {
    return 0;
  }

  /** Bytes of requests that are not complete, or wait to be carried out. About right. */
  default int heldInputBytes() {
    return 0;
  }

  /** Bytes that there is room for beside {@link #heldInputBytes}, without growing. About right. */
  default int freeInputBytes() {
    return 0;
  }

  /** Bytes that a reply may take without growing. About right. */
  default int replyCapacity() {
    return 0;
  }

  /** Bytes that wait to be sent. */
  long pendingBytes();
}
