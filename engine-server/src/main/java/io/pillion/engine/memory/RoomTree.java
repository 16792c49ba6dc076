package io.pillion.engine.memory;

/**
 * Which slab has room for a run: a tournament tree over each slab's longest free run, so that the
 * first slab with enough of it is found in O(log slabs) however fragmented the slabs are. Taking
 * always the first keeps the data low and lets the upper slabs go back.
 */
final class RoomTree {
  private int leaves = 64;
  private short[] longest = new short[2 * leaves];

  /** Says how long a slab's longest free run is, in units; 0 for none or no slab. */
  void set(int slab, int units) {
    if (slab >= leaves) {
      grow(slab);
    }
    int i = leaves + slab;
    longest[i] = (short) units;
    for (i >>>= 1; i > 0; i >>>= 1) {
      longest[i] = (short) Math.max(longest[2 * i], longest[2 * i + 1]);
    }
  }

  /** The first slab with a free run of at least this many units, or -1. */
  int first(int units) {
    if (longest[1] < units) {
      return -1;
    }
    int i = 1;
    while (i < leaves) {
      i = longest[2 * i] >= units ? 2 * i : 2 * i + 1;
    }
    return i - leaves;
  }

  private void grow(int slab) {
    short[] old = longest;
    int oldLeaves = leaves;
    leaves = Integer.highestOneBit(slab) << 1;
    longest = new short[2 * leaves];
    System.arraycopy(old, oldLeaves, longest, leaves, oldLeaves);
    for (int i = leaves - 1; i > 0; i--) {
      longest[i] = (short) Math.max(longest[2 * i], longest[2 * i + 1]);
    }
  }
}
