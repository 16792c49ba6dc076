package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.PartWatcher;

/**
 * The number under which somebody watches a large collection, which stands in its root: 0 when
 * nobody does, so that who changes it looks at one word that is at hand.
 */
public final class Watch {
  /** The largest number. */
  public static final int MAX = 0xFFFF;

  /** Where in a root the number is. */
  static final int OFFSET = 2;

  private Watch() {}

  /** The number in a root, or in what stands for it. */
  public static int get(Arena arena, long root) {
    return arena.getShort(root + OFFSET) & MAX;
  }

  /** Writes a number into a root. */
  public static void set(Arena arena, long root, int number) {
    arena.putShort(root + OFFSET, (short) number);
  }

  /** Tells who watches a collection, if anybody does, that a part of it is about to change. */
  static void beforeChange(Arena arena, long root, long part) {
    int number = get(arena, root);
    if (number != 0) {
      tell(arena, number, part);
    }
  }

  private static void tell(Arena arena, int number, long part) {
    PartWatcher watcher = arena.watcher();
    if (watcher != null) {
      watcher.beforeChange(number, part);
    }
  }

  /** Tells who watches a group, if anybody does, that a pending entry is about to change. */
  static void beforePendingChange(Arena arena, long group, long tree, long ms, long seq) {
    int number = get(arena, group);
    PartWatcher watcher = number == 0 ? null : arena.watcher();
    if (watcher != null) {
      watcher.beforePendingChange(number, tree, ms, seq);
    }
  }

  /** Tells who watches a group, if anybody does, that pending entries are all about to go. */
  static void beforePendingGoes(Arena arena, long group, long tree) {
    int number = get(arena, group);
    PartWatcher watcher = number == 0 ? null : arena.watcher();
    if (watcher != null) {
      watcher.beforePendingGoes(number, tree);
    }
  }

  /** Tells who watches a collection, if anybody does, that its root is elsewhere, or nowhere: 0. */
  static void rootMoved(Arena arena, int number, long root) {
    PartWatcher watcher = arena.watcher();
    if (number != 0 && watcher != null) {
      watcher.rootMoved(number, root);
    }
  }
}
