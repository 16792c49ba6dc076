package io.pillion.engine.protocol;

/**
 * A reply on its way to a client, in which pushes have their place too: behind what was written
 * before, and never inside an answer that is still being written.
 */
public interface OutgoingReply extends Reply {
  /** An empty reply of the same kind and version, for what has to wait until an answer is whole. */
  OutgoingReply fresh();

  /** Appends what was written to a reply that {@link #fresh()} made. */
  void append(OutgoingReply other);

  /**
   * Writes one line of text that is neither an answer nor a RESP3 push: what MONITOR shows.
   *
   * @param line ASCII letters without line breaks
   */
  void notice(String line);

  /**
   * Writes a whole answer that another server has given, in this protocol version.
   *
   * @throws CommandException when it is no answer
   */
  void answer(byte[] resp);

  /** Writes bytes as they are: part of a stream that is no answer, but another protocol's. */
  void raw(byte[] bytes, int offset, int length);
}
