package io.pillion.engine.keyspace;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Hashing;
import io.pillion.engine.memory.OutOfArenaException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The way from a key to its record: extendible hashing over segments of one page.
 *
 * <p>The upper bits of a key's hash choose the segment, through a directory on the heap; a segment
 * is 512 slots of 8 bytes in the arena, 64 buckets of one cache line, and the lowest 6 bits choose
 * the bucket to begin at. A slot holds the lowest 24 bits of the hash and the record's address, so
 * that a lookup touches one line of the segment, then the record: two dependent loads. A segment
 * that is seven eighths full is split in two by the next bit of its keys' hashes, and two that have
 * emptied are merged: growth costs a few microseconds at a time, never a doubling of it all.
 *
 * <p>Within a segment, collisions go to the next slot (linear probing) and a removal moves later
 * entries back, so that there are no graves; the 6 bits in the slot tell where an entry wants to
 * be, without a look at its record. Because those bits and the prefix order survive splits and
 * merges, a cursor of prefix and bucket gives SCAN its guarantee: what stays is seen. The cursor
 * also knows how many bits of the prefix its segment had, since a merge may have brought the other
 * half's keys into buckets that were passed: the merged segment is then visited again.
 *
 * <p>Rejected: one big open table (its doubling stops the world for tens of milliseconds at 10 M
 * keys), two tables with incremental rehash as in Redis (each lookup asks both while it lasts), and
 * a trie (three to four dependent loads).
 */
final class KeyIndex {
  private static final int SLOTS = 512;
  private static final int SEGMENT_BYTES = SLOTS * 8;
  private static final int BUCKET_SLOTS = 8;
  private static final int BUCKETS = SLOTS / BUCKET_SLOTS;
  private static final int SPLIT_AT = SLOTS / 8 * 7;
  private static final int MERGE_AT = SLOTS / 4;
  private static final int MAX_DEPTH = 26;
  private static final int RESERVED_FILL = SLOTS / 5 * 4;
  private static final int MAX_RESERVED_DEPTH = 15;
  private static final int CURSOR_DEPTH_SHIFT = MAX_DEPTH + 6;

  /** Random slots that are tried before a segment is taken for nearly empty. */
  private static final int PROBES = 16;

  /** Leaves the highest bits, as many as number the slots. */
  private static final int SLOT_SHIFT = Long.SIZE - Integer.numberOfTrailingZeros(SLOTS);

  private static final int ADDRESS_BITS = 40;
  private static final long ADDRESS_MASK = (1L << ADDRESS_BITS) - 1;

  private final Arena arena;
  private final long seed;
  private Segment[] directory;
  private int depth;
  private long size;

  /** Room for the records of a bucket, while nobody visits any. */
  private long @Nullable [] visited;

  KeyIndex(Arena arena, long seed) {
    this.arena = arena;
    this.seed = seed;
    directory = new Segment[] {newSegment(0)};
  }

  long size() {
    return size;
  }

  /** How many bytes of the arena the segments take. */
  long bytes() {
    long bytes = 0;
    Segment last = null;
    for (Segment segment : directory) {
      if (segment != last) {
        bytes += SEGMENT_BYTES;
        last = segment;
      }
    }
    return bytes;
  }

  long hash(Bytes key) {
    return key.hash(seed);
  }

  /** Reads the place where the search for a key with this hash begins; what is there. */
  long approach(long hash) {
    return arena.getLong(segment(hash).address + home(hash) * 8L);
  }

  /** The record of a key, or 0. */
  long find(Bytes key, long hash) {
    long segment = segment(hash).address;
    long tag = hash << ADDRESS_BITS;
    int slot = home(hash);
    while (true) {
      long word = arena.getLong(segment + slot * 8L);
      if (word == 0) {
        return 0;
      }
      if (((word ^ tag) & ~ADDRESS_MASK) == 0) {
        long record = address(word);
        if (KeyRecord.keyMatches(arena, record, key)) {
          return record;
        }
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
  }

  /**
   * Makes room for so many keys at once, if there is none yet: adding them then splits few segments
   * or none. Nothing happens when memory is lacking, and beyond 13 million keys it is growth as
   * usual again, so that nobody waits long.
   */
  void reserve(long keys) {
    int wanted = 0;
    while (wanted < MAX_RESERVED_DEPTH && keys >>> wanted > RESERVED_FILL) {
      wanted++;
    }
    if (size > 0 || depth > 0 || wanted == 0) {
      return;
    }
    Segment[] reserved = new Segment[1 << wanted];
    int made = 0;
    try {
      for (; made < reserved.length; made++) {
        reserved[made] = newSegment(wanted);
      }
    } catch (OutOfArenaException e) {
      for (int i = 0; i < made; i++) {
        arena.free(reserved[i].address);
      }
      return;
    }
    arena.free(directory[0].address);
    directory = reserved;
    depth = wanted;
  }

  /** Adds a record whose key is not there yet. */
  void insert(long hash, long record) {
    Segment segment = segment(hash);
    while (segment.count >= SPLIT_AT && segment.depth < MAX_DEPTH) {
      split(segment, hash);
      segment = segment(hash);
    }
    if (segment.count == SLOTS - 1) {
      throw new IllegalStateException("a segment of the index is full at depth " + segment.depth);
    }
    place(segment, word(hash, record));
    segment.count++;
    size++;
  }

  /** Points the slot of a record at where the record is now. */
  void moved(long hash, long from, long to) {
    Segment segment = segment(hash);
    int slot = slotOf(segment, hash, from);
    arena.putLong(segment.address + slot * 8L, word(hash, to));
  }

  /** Takes a record out; it stays allocated. */
  void remove(long hash, long record) {
    Segment segment = segment(hash);
    long base = segment.address;
    int hole = slotOf(segment, hash, record);
    int slot = hole;
    while (true) {
      slot = (slot + 1) & (SLOTS - 1);
      long word = arena.getLong(base + slot * 8L);
      if (word == 0) {
        break;
      }
      int wanted = homeOf(word);
      // The entry may move into the hole unless it wants to be after it.
      if (((slot - wanted) & (SLOTS - 1)) >= ((slot - hole) & (SLOTS - 1))) {
        arena.putLong(base + hole * 8L, word);
        hole = slot;
      }
    }
    arena.putLong(base + hole * 8L, 0);
    segment.count--;
    size--;
    if (segment.count < MERGE_AT / 2 && segment.depth > 0) {
      merge(segment, hash);
    }
  }

  /**
   * Visits the records of at least one bucket from a cursor on, until about {@code count} were
   * visited.
   *
   * @return where to go on, or 0 when all were seen
   */
  long scan(long cursor, int count, RecordVisitor visitor) {
    long prefix = (cursor >>> 6) << (Long.SIZE - MAX_DEPTH);
    int bucket = (int) cursor & (BUCKETS - 1);
    int prefixBits = (int) Math.min(cursor >>> CURSOR_DEPTH_SHIFT, MAX_DEPTH);
    long seen = 0;
    while (true) {
      for (; bucket < BUCKETS; bucket++) {
        // Looked up for each bucket, because what the visitor removes may merge segments.
        Segment segment = segment(prefix);
        prefixBits = Math.max(prefixBits, segment.depth);
        if (seen >= count) {
          return ((long) prefixBits << CURSOR_DEPTH_SHIFT)
              | ((prefix >>> (Long.SIZE - MAX_DEPTH)) << 6)
              | bucket;
        }
        seen += visitBucket(segment, bucket, visitor);
      }
      if (prefixBits == 0) {
        return 0;
      }
      long step = 1L << (Long.SIZE - prefixBits);
      prefix = (prefix & -step) + step;
      if (prefix == 0) {
        return 0;
      }
      bucket = 0;
      prefixBits = 0;
    }
  }

  /**
   * Some record, or 0 when there are none. Within a segment each is as likely as the other, and
   * segments hold about as many keys as their share of the hashes.
   *
   * @param random 64 random bits
   */
  long any(long random) {
    if (size == 0) {
      return 0;
    }
    long mixed = random;
    Segment segment = segment(mixed);
    while (segment.count == 0) {
      mixed = mix(mixed);
      segment = segment(mixed);
    }
    // To take the next occupied slot would favour the first of a run.
    for (int i = 0; i < PROBES; i++) {
      mixed = mix(mixed);
      long word = arena.getLong(segment.address + (mixed >>> SLOT_SHIFT) * 8L);
      if (word != 0) {
        return address(word);
      }
    }
    mixed = mix(mixed);
    return address(occupied(segment, (int) ((mixed >>> 1) % segment.count)));
  }

  private long occupied(Segment segment, int before) {
    int left = before;
    for (int slot = 0; slot < SLOTS; slot++) {
      long word = arena.getLong(segment.address + slot * 8L);
      if (word != 0 && left-- == 0) {
        return word;
      }
    }
    throw new IllegalStateException("a segment of the index has fewer entries than it counts");
  }

  private static long mix(long random) {
    return random * 0x5851_F42D_4C95_7F2DL + 0x1405_7B7E_F767_814FL;
  }

  /** Frees the segments; the records must be gone or dealt with. */
  void free() {
    Segment last = null;
    for (Segment segment : directory) {
      if (segment != last) {
        arena.free(segment.address);
        last = segment;
      }
    }
    directory = new Segment[0];
  }

  private int visitBucket(Segment segment, int bucket, RecordVisitor visitor) {
    // A visitor may scan too, and then finds none that is used again.
    long[] records = visited == null ? new long[BUCKET_SLOTS * 4] : visited;
    visited = null;
    int found = 0;
    int home = bucket * BUCKET_SLOTS;
    for (int i = 0; i < SLOTS; i++) {
      long word = arena.getLong(segment.address + ((home + i) & (SLOTS - 1)) * 8L);
      if (word == 0) {
        break;
      }
      if (homeOf(word) == home) {
        if (found == records.length) {
          records = Arrays.copyOf(records, found * 2);
        }
        records[found++] = address(word);
      }
    }
    // Visited from a copy, because a visitor may remove what it sees.
    for (int i = 0; i < found; i++) {
      visitor.visit(records[i]);
    }
    visited = records;
    return found;
  }

  private Segment segment(long hash) {
    // A shift by 64 is a shift by 0 in Java, hence two.
    return directory[(int) ((hash >>> 1) >>> (Long.SIZE - 1 - depth))];
  }

  private static int home(long hash) {
    return ((int) hash & (BUCKETS - 1)) * BUCKET_SLOTS;
  }

  private static int homeOf(long word) {
    return ((int) (word >>> ADDRESS_BITS) & (BUCKETS - 1)) * BUCKET_SLOTS;
  }

  private static long address(long word) {
    return (word & ADDRESS_MASK) << 3;
  }

  private static long word(long hash, long record) {
    return (hash << ADDRESS_BITS) | (record >>> 3);
  }

  private int slotOf(Segment segment, long hash, long record) {
    long wanted = word(hash, record);
    int slot = home(hash);
    while (true) {
      long word = arena.getLong(segment.address + slot * 8L);
      if (word == wanted) {
        return slot;
      }
      if (word == 0) {
        throw new IllegalStateException("a record is not in the index");
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
  }

  private void place(Segment segment, long word) {
    int slot = homeOf(word);
    while (arena.getLong(segment.address + slot * 8L) != 0) {
      slot = (slot + 1) & (SLOTS - 1);
    }
    arena.putLong(segment.address + slot * 8L, word);
  }

  private Segment newSegment(int segmentDepth) {
    Segment segment = new Segment(arena.allocate(SEGMENT_BYTES), segmentDepth);
    arena.clear(segment.address, SEGMENT_BYTES);
    return segment;
  }

  private void split(Segment old, long hash) {
    Segment zeros = newSegment(old.depth + 1);
    Segment ones;
    try {
      ones = newSegment(old.depth + 1);
    } catch (RuntimeException e) {
      arena.free(zeros.address);
      throw e;
    }
    if (old.depth == depth) {
      Segment[] doubled = new Segment[directory.length * 2];
      for (int i = 0; i < directory.length; i++) {
        doubled[2 * i] = directory[i];
        doubled[2 * i + 1] = directory[i];
      }
      directory = doubled;
      depth++;
    }
    for (int slot = 0; slot < SLOTS; slot++) {
      long word = arena.getLong(old.address + slot * 8L);
      if (word != 0) {
        long recordHash = hashOf(address(word));
        Segment target = (recordHash << old.depth) < 0 ? ones : zeros;
        place(target, word);
        target.count++;
      }
    }
    int span = 1 << (depth - old.depth);
    int first = (int) ((hash >>> 1) >>> (Long.SIZE - 1 - depth)) & -span;
    Arrays.fill(directory, first, first + span / 2, zeros);
    Arrays.fill(directory, first + span / 2, first + span, ones);
    arena.free(old.address);
  }

  private void merge(Segment segment, long hash) {
    int span = 1 << (depth - segment.depth + 1);
    int first = (int) ((hash >>> 1) >>> (Long.SIZE - 1 - depth)) & -span;
    Segment left = directory[first];
    Segment right = directory[first + span / 2];
    if (left.depth != right.depth || left.count + right.count > MERGE_AT) {
      return;
    }
    for (int slot = 0; slot < SLOTS; slot++) {
      long word = arena.getLong(right.address + slot * 8L);
      if (word != 0) {
        place(left, word);
      }
    }
    left.count += right.count;
    left.depth--;
    Arrays.fill(directory, first, first + span, left);
    arena.free(right.address);
  }

  private long hashOf(long record) {
    return Hashing.hash(
        arena, KeyRecord.keyAddress(arena, record), KeyRecord.keyLength(arena, record), seed);
  }

  /** Told of each record. */
  @FunctionalInterface
  interface RecordVisitor {
    void visit(long record);
  }

  private static final class Segment {
    final long address;
    int depth;
    int count;

    Segment(long address, int depth) {
      this.address = address;
      this.depth = depth;
    }
  }
}
