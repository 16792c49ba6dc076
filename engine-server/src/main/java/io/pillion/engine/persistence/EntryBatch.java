package io.pillion.engine.persistence;

import io.pillion.engine.datatype.Draft;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Some parts of an RDB one after the other, parsed and checked, on the heap: keys with their values
 * as strings or as the bytes of {@link Draft drafts}, and what else is to be done in between. One
 * thread fills it, then another one empties it, then it is filled again.
 *
 * <p>It takes parts until it has {@value #MAX_PARTS} or {@value #FULL_BYTES} bytes, so that its
 * bytes are fewer than that and the largest single part: a string of up to {@link
 * RdbInput#MUCH_BYTES} bytes with its key, or a draft.
 */
final class EntryBatch {
  static final int MAX_PARTS = 256;
  static final int FULL_BYTES = 128 << 10;

  /** An array that has grown beyond this is not kept. */
  private static final int MAX_KEPT_BYTES = 4 * FULL_BYTES;

  // Kinds of parts. Those of keys come first.
  static final byte STRING = 0;
  static final byte DRAFT = 1;

  /** A string too long to be copied here: {@link #large}. */
  static final byte LARGE_STRING = 2;

  /** A collection that is in the arena already: its root is the number. */
  static final byte ROOT = 3;

  /** A collection without elements, which is passed over. */
  static final byte EMPTY = 4;

  private static final byte LAST_OF_KEYS = EMPTY;

  /** The next keys are for the database with this number. */
  static final byte SELECT = 5;

  /** So many keys come for that database. */
  static final byte RESERVE = 6;

  /** The source of a library of functions. */
  static final byte FUNCTION = 7;

  /** There is nothing else. */
  static final byte END = 8;

  private byte[] bytes;
  private int end;
  private int count;

  // Of each part.
  private byte[] kinds;
  private ValueType[] types;
  private int[] keyAt;
  private int[] valueAt;
  private int[] valueEnd;
  private long[] hashes;
  private long[] numbers;
  private long[] deadlines;
  private long[] idleSeconds;
  private int[] frequencies;
  private long[] offsets;

  private @Nullable Bytes large;

  /** What ended it: behind the parts. */
  @Nullable Throwable failure;

  private final Bytes key = Bytes.of(new byte[0]);
  private final Bytes value = Bytes.of(new byte[0]);

  /**
   * An empty one.
   *
   * @param parts for how many parts and bytes there is room at first
   */
  EntryBatch(int parts, int newBytes) {
    bytes = new byte[newBytes];
    kinds = new byte[parts];
    types = new ValueType[parts];
    keyAt = new int[parts];
    valueAt = new int[parts];
    valueEnd = new int[parts];
    hashes = new long[parts];
    numbers = new long[parts];
    deadlines = new long[parts];
    idleSeconds = new long[parts];
    frequencies = new int[parts];
    offsets = new long[parts];
  }

  /** Makes it empty. */
  void clear() {
    if (capacity() > MAX_KEPT_BYTES) {
      bytes = new byte[FULL_BYTES];
    }
    end = 0;
    count = 0;
    large = null;
    failure = null;
  }

  int count() {
    return count;
  }

  /** For how many bytes it has taken memory. */
  int capacity() {
    return bytes.length;
  }

  /** Whether no more parts should be added. */
  boolean isFull() {
    return count == MAX_PARTS || end >= FULL_BYTES || large != null;
  }

  // --- filling

  private void add(byte kind, long number, long offset) {
    if (count == kinds.length) {
      grow();
    }
    kinds[count] = kind;
    numbers[count] = number;
    offsets[count] = offset;
    keyAt[count] = end;
    valueAt[count] = end;
    valueEnd[count] = end;
    count++;
  }

  private void grow() {
    int parts = Math.min(MAX_PARTS, 2 * count);
    kinds = Arrays.copyOf(kinds, parts);
    types = Arrays.copyOf(types, parts);
    keyAt = Arrays.copyOf(keyAt, parts);
    valueAt = Arrays.copyOf(valueAt, parts);
    valueEnd = Arrays.copyOf(valueEnd, parts);
    hashes = Arrays.copyOf(hashes, parts);
    numbers = Arrays.copyOf(numbers, parts);
    deadlines = Arrays.copyOf(deadlines, parts);
    idleSeconds = Arrays.copyOf(idleSeconds, parts);
    frequencies = Arrays.copyOf(frequencies, parts);
    offsets = Arrays.copyOf(offsets, parts);
  }

  private void reserve(int length) {
    if (bytes.length - end < length) {
      // Not twice as much: it is full soon, and what is left over is never used.
      int more = bytes.length / 4;
      bytes = Arrays.copyOf(bytes, (int) Math.max((long) end + length, (long) bytes.length + more));
    }
  }

  private void put(Bytes source) {
    int length = source.length();
    reserve(length);
    System.arraycopy(source.array(), source.offset(), bytes, end, length);
    end += length;
  }

  /** Adds what is no key; the offset is where it ends in the RDB. */
  void addStep(byte kind, long number, long offset) {
    add(kind, number, offset);
  }

  /** Adds the source of a library. */
  void addFunction(Bytes source, long offset) {
    add(FUNCTION, 0, offset);
    large = source;
  }

  /**
   * Begins a key, without elements as long as its value does not follow: that, or {@link #dropKey},
   * must be next.
   *
   * @return its number
   */
  int beginKey(Bytes newKey, long hash) {
    add(EMPTY, 0, 0);
    put(newKey);
    int number = count - 1;
    hashes[number] = hash;
    valueAt[number] = end;
    valueEnd[number] = end;
    return number;
  }

  /** Takes back a key whose value did not follow. */
  void dropKey() {
    count--;
    end = keyAt[count];
  }

  /** Says that the value of the key is this string, which stays as it is if it is long. */
  void string(int number, Bytes string) {
    types[number] = ValueType.STRING;
    if (string.length() > RdbInput.MUCH_BYTES) {
      kinds[number] = LARGE_STRING;
      large = string;
      return;
    }
    kinds[number] = STRING;
    put(string);
    valueEnd[number] = end;
  }

  /** Says that the value of the key is what this draft has on the heap. */
  void draft(int number, ValueType type, Draft draft) {
    types[number] = type;
    kinds[number] = DRAFT;
    int length = draft.heapBytes();
    reserve(length);
    draft.copyTo(bytes, end);
    end += length;
    valueEnd[number] = end;
  }

  /** Says that the value of the key is a collection in the arena. */
  void root(int number, ValueType type, long root) {
    types[number] = type;
    kinds[number] = ROOT;
    numbers[number] = root;
  }

  /** Says what came with the key, and where its value ended in the RDB. */
  void endKey(int number, long deadline, long idle, int frequency, long offset) {
    deadlines[number] = deadline;
    idleSeconds[number] = idle;
    frequencies[number] = frequency;
    offsets[number] = offset;
  }

  // --- emptying

  byte kind(int number) {
    return kinds[number];
  }

  boolean isKey(int number) {
    return kinds[number] <= LAST_OF_KEYS;
  }

  /** The number of what is no key. */
  long number(int number) {
    return numbers[number];
  }

  /** The root of a collection that is in the arena. */
  long root(int number) {
    return numbers[number];
  }

  /** The collection that was in the arena is not there any more. */
  void dropRoot(int number) {
    kinds[number] = EMPTY;
  }

  ValueType type(int number) {
    return types[number];
  }

  long hash(int number) {
    return hashes[number];
  }

  /** A key: the same view every time. */
  Bytes key(int number) {
    return key.wrap(bytes, keyAt[number], valueAt[number] - keyAt[number]);
  }

  /** A string, or the source of a library: the same view every time, but for what is long. */
  Bytes value(int number) {
    Bytes whole = large;
    if (whole != null && (kinds[number] == LARGE_STRING || kinds[number] == FUNCTION)) {
      return whole;
    }
    return value.wrap(bytes, valueAt[number], valueEnd[number] - valueAt[number]);
  }

  /** Makes the collection of which there is a draft. */
  long make(int number, Draft maker) {
    return maker.make(bytes, valueAt[number], valueEnd[number] - valueAt[number]);
  }

  /** Unix milliseconds, or {@link Database#NEVER}. */
  long deadline(int number) {
    return deadlines[number];
  }

  long idleSeconds(int number) {
    return idleSeconds[number];
  }

  int frequency(int number) {
    return frequencies[number];
  }

  /** Where the part ends in the RDB. */
  long offset(int number) {
    return offsets[number];
  }
}
