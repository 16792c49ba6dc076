package io.pillion.engine.datatype;

/**
 * Which ranges of hash values have been taken down: a bit for each prefix of a fixed length. The
 * elements of a page share a prefix; so whatever pages split and merge into, an element's hash
 * alone tells whether it was taken down.
 */
final class HashRanges {
  /** So that the bits of the largest table take 2 MiB. */
  private static final int MAX_BITS = 24;

  private final int bits;
  private final long[] words;

  /** For about so many elements: some prefixes per page. */
  HashRanges(long elements) {
    int pageBits = Long.SIZE - Long.numberOfLeadingZeros(elements / 32);
    bits = Math.min(MAX_BITS, Math.max(6, pageBits + 1));
    words = new long[1 << (bits - 6)];
  }

  /** How many bits the prefixes have. */
  int bits() {
    return bits;
  }

  /** How much memory this takes. */
  long bytes() {
    return 8L * words.length;
  }

  int prefix(long hash) {
    return (int) (hash >>> (Long.SIZE - bits));
  }

  /** The first hash value with a prefix. */
  long begin(int prefix) {
    return (long) prefix << (Long.SIZE - bits);
  }

  /** Whether the range of a hash was taken down. */
  boolean contains(long hash) {
    int prefix = prefix(hash);
    return (words[prefix >>> 6] >>> prefix & 1) != 0;
  }

  /** Whether something was taken down of the range of a page, of which a hash and its depth say. */
  boolean containsAny(long hash, int depth) {
    int span = span(depth);
    int first = prefix(hash) & -span;
    for (int i = first; i < first + span; i++) {
      if ((words[i >>> 6] >>> i & 1) != 0) {
        return true;
      }
    }
    return false;
  }

  /** The range of a page has been taken down; that of its prefix when the page has less. */
  void add(long hash, int depth) {
    int span = span(depth);
    int first = prefix(hash) & -span;
    for (int i = first; i < first + span; i++) {
      words[i >>> 6] |= 1L << i;
    }
  }

  private int span(int depth) {
    return 1 << (bits - Math.min(depth, bits));
  }

  /** The first prefix from this one on whose range was not taken down, or -1. */
  int nextMissing(int prefix) {
    int word = prefix >>> 6;
    if (word >= words.length) {
      return -1;
    }
    long missing = ~words[word] & -1L << prefix;
    while (missing == 0) {
      if (++word == words.length) {
        return -1;
      }
      missing = ~words[word];
    }
    return (word << 6) + Long.numberOfTrailingZeros(missing);
  }
}
