package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.Span;
import org.jspecify.annotations.Nullable;

/** A consumer of a group: a view of its block, which stays where it is as long as it lives. */
public final class StreamConsumer {
  /** The active time of a consumer that was never given anything. */
  public static final long NEVER = -1;

  // The block: seen time, active time, what is pending, name.
  private static final int SEEN = 0;
  private static final int ACTIVE = 8;
  private static final int PENDING = 16;
  static final int NAME = PENDING + IdTree.HOLDER_BYTES;

  private final Arena arena;
  private final long address;

  StreamConsumer(Arena arena, long address) {
    this.arena = arena;
    this.address = address;
  }

  static long create(Arena arena, Bytes name, long seenTime) {
    long consumer = arena.allocate(NAME + 4L + name.length());
    arena.putLong(consumer + SEEN, seenTime);
    arena.putLong(consumer + ACTIVE, NEVER);
    IdTree.clear(arena, consumer + PENDING);
    arena.putInt(consumer + NAME, name.length());
    arena.copyIn(consumer + NAME + 4, name);
    return consumer;
  }

  static long copy(Arena arena, long consumer) {
    long bytes = NAME + 4L + arena.getInt(consumer + NAME);
    long copy = arena.allocate(bytes);
    arena.copy(consumer, copy, bytes);
    try {
      new IdTree(arena, consumer + PENDING, 0).copyTo(copy + PENDING);
    } catch (OutOfArenaException e) {
      arena.free(copy);
      throw e;
    }
    return copy;
  }

  static void free(Arena arena, long consumer) {
    IdTree.free(arena, consumer + PENDING);
    arena.free(consumer);
  }

  /** Frees some blocks of a consumer that nobody will look at again; whether all are gone. */
  static boolean freeSome(Arena arena, long consumer, Portion portion) {
    if (!IdTree.freeSome(arena, consumer + PENDING, 0, /* withBlocks= */ false, portion)) {
      return false;
    }
    arena.free(consumer);
    portion.use(1);
    return true;
  }

  long address() {
    return address;
  }

  IdTree pendingTree() {
    return new IdTree(arena, pendingHolder(), 0);
  }

  /** What tells what is pending for it from other trees. */
  long pendingHolder() {
    return address + PENDING;
  }

  /** Its name. */
  public Span name() {
    return new Span(arena).set(address + NAME + 4, arena.getInt(address + NAME));
  }

  /** When it last asked for something, in Unix milliseconds. */
  public long seenTime() {
    return arena.getLong(address + SEEN);
  }

  /** Sets when it last asked for something. */
  public void seenTime(long millis) {
    arena.putLong(address + SEEN, millis);
  }

  /** When it was last given something, in Unix milliseconds, or {@link #NEVER}. */
  public long activeTime() {
    return arena.getLong(address + ACTIVE);
  }

  /** Sets when it was last given something. */
  public void activeTime(long millis) {
    arena.putLong(address + ACTIVE, millis);
  }

  /** How many entries it was given and has not acknowledged. O(1). */
  public long pendingCount() {
    return pendingTree().size();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof StreamConsumer that && that.address == address;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(address);
  }

  /** The name as ISO-8859-1 text. */
  @Override
  public String toString() {
    return name().toString();
  }
}
