package io.pillion.engine.datatype;

/**
 * A walk over elements that lie in pages by their hashes. What was shown is kept as ranges of hash
 * values, so that it means the same after pages have split and merged.
 */
abstract class HashedWalk implements PartWalk {
  private final HashRanges shown;
  private int position;

  HashedWalk(long elements) {
    shown = new HashRanges(elements);
  }

  /** Opens the page of a hash; returns how many bits its elements' hashes have in common. */
  abstract int seek(long hash);

  /** How many elements the page has. */
  abstract int count();

  /** Opens an element of the page. */
  abstract void open(int index);

  /** The hash of the open element; its first bits. */
  abstract long hash();

  /** Shows the open element. */
  abstract void show();

  /** Whether the range of a hash was shown already. */
  final boolean wasShown(long hash) {
    return shown.contains(hash);
  }

  @Override
  public final void beforeChange(long hash) {
    if (!shown.contains(hash)) {
      take(hash);
    }
  }

  private void take(long hash) {
    int depth = seek(hash);
    if (depth > shown.bits()) {
      takePages(shown.begin(shown.prefix(hash)));
    } else {
      boolean whole = !shown.containsAny(hash, depth);
      for (int i = 0; i < count(); i++) {
        open(i);
        if (whole || !shown.contains(hash())) {
          show();
        }
      }
    }
    shown.add(hash, depth);
  }

  /** Shows all pages of a range, which are smaller than it. */
  private void takePages(long begin) {
    long end = begin + (1L << (Long.SIZE - shown.bits()));
    long at = begin;
    do {
      int depth = seek(at);
      for (int i = 0; i < count(); i++) {
        open(i);
        show();
      }
      at = PageTable.after(at, depth);
    } while (at != end);
  }

  @Override
  public boolean step() {
    position = shown.nextMissing(position);
    if (position < 0) {
      return false;
    }
    take(shown.begin(position));
    return true;
  }

  @Override
  public long bytes() {
    return shown.bytes();
  }
}
