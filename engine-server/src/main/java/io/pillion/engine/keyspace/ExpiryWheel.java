package io.pillion.engine.keyspace;

import io.pillion.engine.memory.Arena;
import java.util.Arrays;
import java.util.function.LongUnaryOperator;

/**
 * Which records expire when, or hold something that does: a hierarchical timing wheel with a
 * resolution of one millisecond.
 *
 * <p>Eleven levels of 64 slots: level 0 holds the next 64 milliseconds, each further level 64 times
 * as much in slots 64 times as wide. A deadline goes to the level of the highest six bits in which
 * it differs from now, and comes down a level whenever time enters its slot. A bitmap per level
 * finds the next slot that holds anything, so that a jump over empty time costs nothing. Adding and
 * removing are O(1), expiring is O(1) per record and level.
 *
 * <p>Nodes are 16 bytes in the arena (record, next, previous), 256 to a page; a record knows its
 * node by number. Why not sampling, as Redis does: a key then leaves late by as much as seconds,
 * and each pass costs whether or not anything is due.
 */
final class ExpiryWheel {
  private static final int LEVELS = 11;
  private static final int SLOT_BITS = 6;
  private static final int SLOTS = 1 << SLOT_BITS;
  private static final int NODE_BYTES = 16;
  private static final int NODES_PER_PAGE = 256;
  private static final int NONE = -1;
  private static final int SOONEST_STEPS = 32;

  private final Arena arena;
  private final LongUnaryOperator deadlines;
  private final int[] heads = new int[LEVELS * SLOTS];
  private final long[] occupied = new long[LEVELS];
  private long[] pages = new long[4];
  private int pageCount;
  private int freshNodes;
  private int freeHead = NONE;
  private int size;
  private long now;

  /**
   * @param deadlines tells for when a record was added
   */
  ExpiryWheel(Arena arena, long nowMillis, LongUnaryOperator deadlines) {
    this.arena = arena;
    this.deadlines = deadlines;
    this.now = nowMillis;
    Arrays.fill(heads, NONE);
  }

  /** How many records are waiting. */
  int size() {
    return size;
  }

  /** How many bytes of the arena the nodes take. */
  long bytes() {
    return (long) pageCount * NODES_PER_PAGE * NODE_BYTES;
  }

  /** Makes sure that the next {@link #add} cannot fail for want of memory. */
  void reserve() {
    if (freeHead == NONE && freshNodes == pageCount * NODES_PER_PAGE) {
      if (pageCount == pages.length) {
        pages = Arrays.copyOf(pages, pageCount * 2);
      }
      pages[pageCount] = arena.allocate(NODE_BYTES * NODES_PER_PAGE);
      pageCount++;
    }
  }

  /**
   * Adds a record; returns the number of its node.
   *
   * @param deadline Unix milliseconds; one that has passed is due at once
   */
  int add(long record, long deadline) {
    reserve();
    int node;
    if (freeHead != NONE) {
      node = freeHead;
      freeHead = arena.getInt(at(node) + 8);
    } else {
      node = freshNodes++;
    }
    arena.putLong(at(node), record);
    link(node, deadline);
    size++;
    return node;
  }

  /** Takes a node out. */
  void remove(int node) {
    unlink(node);
    arena.putLong(at(node), 0);
    arena.putInt(at(node) + 8, freeHead);
    freeHead = node;
    size--;
  }

  /** The record of a node has moved. */
  void moved(int node, long record) {
    arena.putLong(at(node), record);
  }

  /**
   * Moves time forward and finds a record that is due.
   *
   * @return the record, still in the wheel, or 0 when none is due by then
   */
  long due(long nowMillis) {
    while (true) {
      int first = (int) now & (SLOTS - 1);
      long pending = occupied[0] >>> first;
      if (pending != 0) {
        long tick = now + Long.numberOfTrailingZeros(pending);
        if (tick > nowMillis) {
          return 0;
        }
        now = Math.max(now, tick);
        return arena.getLong(at(heads[(int) tick & (SLOTS - 1)]));
      }
      long next = nextSlotStart();
      if (next > nowMillis) {
        // Safe to rest anywhere before the next slot that holds something.
        now = Math.max(now, nowMillis);
        return 0;
      }
      now = next;
      cascade();
    }
  }

  /** When something may be due at the earliest; {@link Long#MAX_VALUE} when nothing waits. */
  long nextDue() {
    long pending = occupied[0] >>> ((int) now & (SLOTS - 1));
    return pending != 0 ? now + Long.numberOfTrailingZeros(pending) : nextSlotStart();
  }

  /**
   * A record that is among the first to leave, or 0 when none waits: the first of those that a few
   * steps along its slot show.
   */
  long soonest() {
    for (int level = 0; level < LEVELS; level++) {
      if (occupied[level] != 0) {
        return soonestOf(heads[level * SLOTS + Long.numberOfTrailingZeros(occupied[level])]);
      }
    }
    return 0;
  }

  private long soonestOf(int head) {
    long best = 0;
    long bestDeadline = Long.MAX_VALUE;
    int node = head;
    for (int steps = 0; node != NONE && steps < SOONEST_STEPS; steps++) {
      long record = arena.getLong(at(node));
      long deadline = deadlines.applyAsLong(record);
      if (best == 0 || deadline < bestDeadline) {
        best = record;
        bestDeadline = deadline;
      }
      node = arena.getInt(at(node) + 8);
    }
    return best;
  }

  /**
   * The record of some node, or 0 when none waits.
   *
   * @param random 64 random bits
   */
  long any(long random) {
    if (size == 0) {
      return 0;
    }
    int node = (int) Long.remainderUnsigned(random, freshNodes);
    while (arena.getLong(at(node)) == 0) {
      node = node + 1 == freshNodes ? 0 : node + 1;
    }
    return arena.getLong(at(node));
  }

  /** Frees the nodes. */
  void free() {
    for (int i = 0; i < pageCount; i++) {
      arena.free(pages[i]);
    }
    pageCount = 0;
  }

  /** The start of the next slot above level 0 that holds something. */
  private long nextSlotStart() {
    long earliest = Long.MAX_VALUE;
    for (int level = 1; level < LEVELS; level++) {
      int shift = level * SLOT_BITS;
      int current = (int) (now >>> shift) & (SLOTS - 1);
      // Slots before or at the current one were emptied when time entered them.
      long later = current == SLOTS - 1 ? 0 : occupied[level] >>> (current + 1);
      if (later != 0) {
        long slot = (now >>> shift) + 1 + Long.numberOfTrailingZeros(later);
        earliest = Math.min(earliest, slot << shift);
      }
    }
    return earliest;
  }

  /** Brings down what lies in the slots that begin now. */
  private void cascade() {
    for (int level = LEVELS - 1; level > 0; level--) {
      int shift = level * SLOT_BITS;
      int slot = (int) (now >>> shift) & (SLOTS - 1);
      if (((occupied[level] >>> slot) & 1) == 0) {
        continue;
      }
      int head = level * SLOTS + slot;
      int node = heads[head];
      heads[head] = NONE;
      occupied[level] &= ~(1L << slot);
      while (node != NONE) {
        int next = arena.getInt(at(node) + 8);
        link(node, deadlines.applyAsLong(arena.getLong(at(node))));
        node = next;
      }
    }
  }

  private void link(int node, long deadline) {
    long when = Math.max(deadline, now);
    long difference = when ^ now;
    int level =
        difference < SLOTS
            ? 0
            : (Long.SIZE - 1 - Long.numberOfLeadingZeros(difference)) / SLOT_BITS;
    int slot = (int) (when >>> (level * SLOT_BITS)) & (SLOTS - 1);
    int index = level * SLOTS + slot;
    int head = heads[index];
    arena.putInt(at(node) + 8, head);
    // The first node's "previous" says which list it heads.
    arena.putInt(at(node) + 12, -2 - index);
    if (head != NONE) {
      arena.putInt(at(head) + 12, node);
    }
    heads[index] = node;
    occupied[level] |= 1L << slot;
  }

  private void unlink(int node) {
    int next = arena.getInt(at(node) + 8);
    int previous = arena.getInt(at(node) + 12);
    if (next != NONE) {
      arena.putInt(at(next) + 12, previous);
    }
    if (previous >= 0) {
      arena.putInt(at(previous) + 8, next);
      return;
    }
    int index = -2 - previous;
    heads[index] = next;
    if (next == NONE) {
      occupied[index / SLOTS] &= ~(1L << index % SLOTS);
    }
  }

  private long at(int node) {
    return pages[node / NODES_PER_PAGE] + (node % NODES_PER_PAGE) * (long) NODE_BYTES;
  }
}
