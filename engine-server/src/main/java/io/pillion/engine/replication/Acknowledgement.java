package io.pillion.engine.replication;

import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.persistence.AppendOnly;
import java.util.ArrayDeque;

/**
 * What the server that is followed is told: how far this one has come, in memory and, where there
 * is an append-only file, on the disk. Under the engine lock.
 */
final class Acknowledgement {
  private static final int MOST_MOMENTS = 64;

  private final Engine engine;
  private final Following following;
  private final ArrayDeque<Moment> moments = new ArrayDeque<>();
  private long safeOffset = -1;

  /** Where both were at a time: the stream of the other, and the file here. */
  private record Moment(long streamOffset, long fileOffset) {}

  Acknowledgement(Engine engine, Following following) {
    this.engine = engine;
    this.following = following;
  }

  /** The command that says it. */
  String words(long offset) {
    AppendOnly file = following.appendOnly();
    if (!file.isEnabled()) {
      moments.clear();
      safeOffset = -1;
      return Handshake.words("REPLCONF", "ACK", Long.toString(offset));
    }
    if (moments.size() == MOST_MOMENTS) {
      // The latest will do: it comes to be safe a little later than the one left out.
      moments.removeLast();
    }
    moments.addLast(new Moment(offset, engine.log().offset()));
    while (!moments.isEmpty() && file.isSafe(moments.getFirst().fileOffset)) {
      safeOffset = moments.removeFirst().streamOffset;
    }
    return safeOffset < 0
        ? Handshake.words("REPLCONF", "ACK", Long.toString(offset))
        : Handshake.words(
            "REPLCONF", "ACK", Long.toString(offset), "FACK", Long.toString(safeOffset));
  }
}
