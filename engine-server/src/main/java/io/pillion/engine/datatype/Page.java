package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Hashing;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A view of one page of a {@link PageTable}, moved from page to page.
 *
 * <p>A page is one block: a header word, a tag (eight bits of the hash) for each slot, a 16-bit
 * offset for each slot, then the entries. The tags are compared eight at a time, so that a look-up
 * reads the tags, one offset and, nearly always, one entry. Slots are a multiple of eight; offsets
 * count from the first entry's place, so that more slots move the entries without changing them.
 *
 * <p>An entry is its key and, in a hash, its value, each after its length. An element longer than
 * {@link #MAX_INLINE} lies in a block of its own, and its address stands here: the length alone
 * says which. An entry that was removed, or grew, leaves its old bytes dead until the page is
 * rewritten.
 *
 * <p>Header: entries (8 bits), slots (8), depth (8), 8 spare, bytes used by entries (16), dead ones
 * among them (16).
 */
final class Page {
  /** The largest block of a page. */
  static final int MAX_BYTES = 4096;

  /** The most entries of a page: more would make scanning the tags the larger cost. */
  static final int MAX_ENTRIES = 128;

  /** The longest element that lies within its page: so that any page holds at least seven. */
  static final int MAX_INLINE = 256;

  private static final int HEADER_BYTES = 8;
  private static final int SLOT_BYTES = 3;
  private static final int REFERENCE_BYTES = 8;
  private static final ByteBuffer NOWHERE = ByteBuffer.allocate(0);
  private static final long ONES = 0x0101_0101_0101_0101L;
  private static final long HIGHS = 0x8080_8080_8080_8080L;
  private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

  private final Arena arena;
  private final boolean pairs;
  private ByteBuffer buffer = NOWHERE;
  private int at;

  /** Where this page is. */
  long address;

  /** How many entries it has. */
  int count;

  /** How many bits of their hashes all its entries have in common, and with no other page. */
  int depth;

  private int slots;
  private int used;
  private int dead;

  // The entry that entry(i) opened.
  long keyAddress;
  int keyLength;
  long valueAddress;
  int valueLength;
  private int entryAt;
  private int valueAt;
  private int entryBytes;

  Page(Arena arena, boolean pairs) {
    this.arena = arena;
    this.pairs = pairs;
  }

  /** Moves this view to a page. */
  Page open(long pageAddress) {
    address = pageAddress;
    buffer = arena.bufferOf(pageAddress);
    at = Arena.offsetInBuffer(pageAddress);
    long header = buffer.getLong(at);
    count = (int) header & 0xFF;
    slots = (int) (header >>> 8) & 0xFF;
    depth = (int) (header >>> 16) & 0xFF;
    used = (int) (header >>> 32) & 0xFFFF;
    dead = (int) (header >>> 48);
    return this;
  }

  /** Moves this view to a block that becomes an empty page with these slots. */
  void begin(long block, int newSlots, int newDepth) {
    address = block;
    buffer = arena.bufferOf(block);
    at = Arena.offsetInBuffer(block);
    count = 0;
    slots = newSlots;
    depth = newDepth;
    used = 0;
    dead = 0;
    store();
  }

  /** Writes the header. */
  void store() {
    buffer.putLong(
        at, count | slots << 8 | (long) depth << 16 | (long) used << 32 | (long) dead << 48);
  }

  /** The slots that pages for this many entries are made with. */
  static int slotsFor(int entries) {
    return (entries + 7) & ~7;
  }

  /** The bytes of a block for a page with these slots and entries of these bytes. */
  static int blockBytes(int slots, int entriesBytes) {
    return HEADER_BYTES + SLOT_BYTES * slots + entriesBytes;
  }

  /** The bytes of a block for what is in this page. */
  int neededBytes() {
    return blockBytes(slotsFor(count), live());
  }

  /** The bytes of entries that are not dead. */
  int live() {
    return used - dead;
  }

  /** What an element takes within a page. */
  static int storedBytes(int length) {
    return Varint.sizeOf(length) + (length > MAX_INLINE ? REFERENCE_BYTES : length);
  }

  private int firstEntry() {
    return at + HEADER_BYTES + SLOT_BYTES * slots;
  }

  private int offsetSlot(int index) {
    return at + HEADER_BYTES + slots + 2 * index;
  }

  /** The index of a key's entry, which is then open, or -1. */
  int find(long hash, Bytes key) {
    long pattern = (hash & 0xFF) * ONES;
    for (int i = 0; i < count; i += 8) {
      long word = buffer.getLong(at + HEADER_BYTES + i);
      long difference = (LITTLE ? word : Long.reverseBytes(word)) ^ pattern;
      long hits = (difference - ONES) & ~difference & HIGHS;
      for (; hits != 0; hits &= hits - 1) {
        int index = i + (Long.numberOfTrailingZeros(hits) >>> 3);
        if (index < count && entryMatches(index, key)) {
          return index;
        }
      }
    }
    return -1;
  }

  private boolean entryMatches(int index, Bytes key) {
    openKey(index);
    if (keyLength != key.length() || !arena.matches(keyAddress, keyLength, key)) {
      return false;
    }
    openValue();
    return true;
  }

  /** Opens an entry: its key and value can be read. */
  void entry(int index) {
    openKey(index);
    openValue();
  }

  private void openKey(int index) {
    entryAt = firstEntry() + (buffer.getShort(offsetSlot(index)) & 0xFFFF);
    keyLength = Varint.get(buffer, entryAt);
    int data = entryAt + Varint.sizeOf(keyLength);
    if (keyLength > MAX_INLINE) {
      keyAddress = buffer.getLong(data);
      valueAt = data + REFERENCE_BYTES;
    } else {
      keyAddress = address + (data - at);
      valueAt = data + keyLength;
    }
  }

  private void openValue() {
    if (!pairs) {
      entryBytes = valueAt - entryAt;
      return;
    }
    valueLength = Varint.get(buffer, valueAt);
    int data = valueAt + Varint.sizeOf(valueLength);
    if (valueLength > MAX_INLINE) {
      valueAddress = buffer.getLong(data);
      entryBytes = data + REFERENCE_BYTES - entryAt;
    } else {
      valueAddress = address + (data - at);
      entryBytes = data + valueLength - entryAt;
    }
  }

  /** What the open entry takes. */
  int entryBytes() {
    return entryBytes;
  }

  /** The hash of the open entry's key. */
  long hash(long seed) {
    return Hashing.hash(arena, keyAddress, keyLength, seed);
  }

  /** Whether so many bytes of entries, and that many entries, fit without moving the page. */
  boolean hasRoom(int bytes, int entries) {
    return count + entries <= slots && blockBytes(slots, used + bytes) <= arena.capacity(address);
  }

  /** Whether so much more would fit into the largest page. */
  boolean mayGrow(int bytes, int entries) {
    return count + entries <= MAX_ENTRIES
        && blockBytes(slotsFor(count + entries), live() + bytes) <= MAX_BYTES;
  }

  /**
   * Appends an entry, for which there is room.
   *
   * @param keyBlock the block of a key that is too long for a page
   * @param valueBlock likewise
   */
  void append(long hash, Bytes key, long keyBlock, Bytes value, long valueBlock) {
    buffer.put(at + HEADER_BYTES + count, (byte) hash);
    buffer.putShort(offsetSlot(count), (short) used);
    int end = write(firstEntry() + used, key, keyBlock);
    if (pairs) {
      end = write(end, value, valueBlock);
    }
    used = end - firstEntry();
    count++;
    store();
  }

  private int write(int to, Bytes element, long block) {
    int data = Varint.put(buffer, to, element.length());
    if (element.length() > MAX_INLINE) {
      buffer.putLong(data, block);
      return data + REFERENCE_BYTES;
    }
    buffer.put(data, element.array(), element.offset(), element.length());
    return data + element.length();
  }

  /** Appends the open entry of another page, for which there is room. */
  void appendFrom(Page other, byte tag) {
    buffer.put(at + HEADER_BYTES + count, tag);
    buffer.putShort(offsetSlot(count), (short) used);
    buffer.put(firstEntry() + used, other.buffer, other.entryAt, other.entryBytes);
    used += other.entryBytes;
    count++;
  }

  byte tag(int index) {
    return buffer.get(at + HEADER_BYTES + index);
  }

  /** Appends all that is in another page, for which there is room. */
  void appendAll(Page other) {
    if (other.dead > 0 || count > 0) {
      for (int i = 0; i < other.count; i++) {
        other.entry(i);
        appendFrom(other, other.tag(i));
      }
    } else {
      buffer.put(at + HEADER_BYTES, other.buffer, other.at + HEADER_BYTES, other.count);
      buffer.put(offsetSlot(0), other.buffer, other.offsetSlot(0), 2 * other.count);
      buffer.put(firstEntry(), other.buffer, other.firstEntry(), other.used);
      used = other.used;
      count = other.count;
    }
    store();
  }

  /** Writes another value of the same length over the open entry's. */
  void overwriteValue(Bytes value) {
    arena.copyIn(valueAddress, value);
  }

  /** Writes another value that takes the same place over the open entry's. */
  void replaceValue(Bytes value, long valueBlock) {
    write(valueAt, value, valueBlock);
  }

  /** Writes the open entry again with another value, for which there is room. */
  void moveEntry(int index, Bytes value, long valueBlock) {
    int to = firstEntry() + used;
    int keyBytes = valueAt - entryAt;
    buffer.put(to, buffer, entryAt, keyBytes);
    int end = write(to + keyBytes, value, valueBlock);
    buffer.putShort(offsetSlot(index), (short) used);
    used = end - firstEntry();
    dead += entryBytes;
    store();
  }

  /** Takes the open entry out. */
  void remove(int index) {
    if (entryAt + entryBytes == firstEntry() + used) {
      used -= entryBytes;
    } else {
      dead += entryBytes;
    }
    count--;
    buffer.put(at + HEADER_BYTES + index, buffer.get(at + HEADER_BYTES + count));
    buffer.putShort(offsetSlot(index), buffer.getShort(offsetSlot(count)));
    store();
  }

  /** Points the open entry to other blocks; 0 leaves an element as it is. */
  void redirect(long keyBlock, long valueBlock) {
    if (keyBlock != 0) {
      buffer.putLong(entryAt + Varint.sizeOf(keyLength), keyBlock);
    }
    if (valueBlock != 0) {
      buffer.putLong(valueAt + Varint.sizeOf(valueLength), valueBlock);
    }
  }
}
