package io.pillion.engine.memory;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Off-heap memory for all data of one engine. Not thread-safe: used under the engine lock.
 *
 * <p>An address is a number: which slab (1 MiB) and where in it; 0 is no address. A slab is cut
 * into units of 4 KiB, and consecutive units form a run. Blocks up to {@link #MAX_SMALL} come from
 * runs of equal blocks: of each size class, the fullest run with room gives, so that the emptier
 * ones empty. A freed block goes onto its run's own list, threaded through the free blocks
 * themselves, and a run that holds nothing is cut up again (the last one of a size class: when room
 * is needed). Larger blocks are runs of their own, and those over a slab take slabs with
 * consecutive numbers, so that arithmetic on addresses holds across them although the slabs lie
 * anywhere.
 *
 * <p>Size classes are 8 bytes apart up to 256 bytes; above, they are what a run of a power of two
 * holds 8 to 15 of, so that at most an eighth of a block is lost, nothing at a run's end, and the
 * holes that runs leave suit others. Why not one bump pointer and a compactor: a cache overwrites
 * in place most of the time, and equal blocks make that free of movement.
 */
public final class Arena implements AutoCloseable {
  /** The largest block that shares a run with others; larger ones can be leased. */
  public static final int MAX_SMALL = 16 << 10;

  private static final int SHELVES = 4;
  private static final int MIN_RUN_BYTES = 16 << 10;
  private static final int SLAB_SHIFT = 20;
  private static final int SLAB_MASK = SlabPool.SLAB_BYTES - 1;
  private static final int UNIT_SHIFT = 12;
  private static final int UNITS_PER_SLAB = SlabPool.SLAB_BYTES >>> UNIT_SHIFT;
  private static final int CLASSES = 33 + 48;
  private static final int[] CLASS_BYTES = classBytes();
  private static final byte[] ZEROS = new byte[4096];

  private final SlabPool pool;
  private final long budgetBytes;
  private final long hashSeed;
  private ByteBuffer[] buffers = new ByteBuffer[64];
  private @Nullable Slab[] slabs = new Slab[64];
  private final RoomTree room = new RoomTree();

  /** Runs with blocks taken and blocks free: of each size class, by how full they are. */
  private final @Nullable Run[] shelves = new Run[CLASSES * SHELVES];

  /** A run without any block taken that a size class without other room keeps. */
  private final @Nullable Run[] spare = new Run[CLASSES];

  private int slabCount;
  private int topSlab;
  private long usedBytes;

  /** Large blocks that somebody reads or writes outside the lock. */
  private final Set<Run> leased = new HashSet<>();

  /** Leases that were given up and not counted yet: pushed by any thread. */
  private final AtomicReference<@Nullable Lease> returned = new AtomicReference<>();

  private @Nullable PartWatcher watcher;
  private boolean measuring;
  private long measuredBytes;
  private boolean closed;

  /** An arena whose hashes are seeded with 0: good where nobody can choose hostile keys. */
  public Arena(SlabPool pool, long budgetBytes) {
    this(pool, budgetBytes, 0);
  }

  /**
   * @param budgetBytes the most to borrow; 0 for all that the process can give. What is granted may
   *     be less: see {@link #budgetBytes()}.
   * @param hashSeed a secret, random number: the seed of every hash table in this arena
   */
  public Arena(SlabPool pool, long budgetBytes, long hashSeed) {
    this.pool = pool;
    this.budgetBytes = pool.reserve(budgetBytes);
    this.hashSeed = hashSeed;
  }

  private Arena(long hashSeed, SlabPool pool, long grantedBytes) {
    this.pool = pool;
    this.budgetBytes = grantedBytes;
    this.hashSeed = hashSeed;
  }

  /** An arena for work that passes: small, but there even where an engine has all memory. */
  public static Arena forWork(SlabPool pool, long wantedBytes, long hashSeed) {
    return new Arena(hashSeed, pool, pool.reserveForWork(wantedBytes));
  }

  /** The seed of hash tables in this arena. */
  public long hashSeed() {
    return hashSeed;
  }

  /** What this arena may borrow at most. */
  public long budgetBytes() {
    return budgetBytes;
  }

  /** Who is told of parts of watched collections before they change, or null. */
  public @Nullable PartWatcher watcher() {
    return watcher;
  }

  /** Says who is told of parts of watched collections before they change. */
  public void watcher(@Nullable PartWatcher newWatcher) {
    watcher = newWatcher;
  }

  /** The sum of all blocks' capacities. */
  public long usedBytes() {
    return usedBytes;
  }

  /** What is borrowed from the pool now: used, free within runs, and not yet cut. */
  public long reservedBytes() {
    return (long) slabCount << SLAB_SHIFT;
  }

  /**
   * Takes a block of at least this size, 8-byte aligned, with undefined content. O(1) for small
   * ones.
   *
   * @throws OutOfArenaException when the budget is used up; nothing has changed then
   */
  public long allocate(long sizeBytes) {
    if (sizeBytes > MAX_SMALL) {
      return allocateLarge(sizeBytes);
    }
    int sizeClass = classOf((int) Math.max(sizeBytes, 8));
    Run run = roomyRun(sizeClass);
    int offset = run.take(this);
    reshelve(run);
    usedBytes += run.blockBytes;
    return run.base + offset;
  }

  /**
   * How many bytes an action would give back: while it runs, {@link #free} frees nothing. So that
   * what a value takes is what removing it would give, by the same code.
   */
  public long wouldFree(Runnable action) {
    measuring = true;
    measuredBytes = 0;
    try {
      action.run();
    } finally {
      measuring = false;
    }
    return measuredBytes;
  }

  /** Gives a block back; its address means nothing afterwards. */
  public void free(long address) {
    Run run = runOf(address);
    if (measuring) {
      measuredBytes += run.blockBytes;
      return;
    }
    if (run.leases != 0) {
      run.ownerless = true;
      return;
    }
    usedBytes -= run.blockBytes;
    if (run.sizeClass < 0) {
      freeLarge(run);
    } else {
      freeSmall(run, address);
    }
    if (usedBytes == 0) {
      dropSpares();
    }
  }

  private void freeSmall(Run run, long address) {
    run.putBack(this, (int) (address - run.base));
    reshelve(run);
  }

  /** The fullest run with room: so that the emptier ones empty, and can be cut up. */
  private Run roomyRun(int sizeClass) {
    int lowest = sizeClass * SHELVES;
    for (int i = lowest + SHELVES - 1; i >= lowest; i--) {
      Run run = shelves[i];
      if (run != null) {
        return run;
      }
    }
    Run run = spare[sizeClass];
    if (run == null) {
      return newSmallRun(sizeClass);
    }
    spare[sizeClass] = null;
    return run;
  }

  /** Puts a run to where runs as full as it is now are. */
  private void reshelve(Run run) {
    int shelf = run.shelf();
    if (shelf == run.onShelf) {
      return;
    }
    unlink(run);
    if (shelf >= 0) {
      link(run, shelf);
      dropSpare(run.sizeClass);
    } else if (run.live == 0) {
      if (spare[run.sizeClass] == null && hasNoRoomyRun(run.sizeClass)) {
        spare[run.sizeClass] = run;
      } else {
        freeUnits(run);
      }
    }
  }

  private boolean hasNoRoomyRun(int sizeClass) {
    for (int i = sizeClass * SHELVES; i < (sizeClass + 1) * SHELVES; i++) {
      if (shelves[i] != null) {
        return false;
      }
    }
    return true;
  }

  /** How many bytes fit into a block without moving it. */
  public long capacity(long address) {
    return runOf(address).blockBytes;
  }

  /**
   * Makes a block fit another size, in place when it can, without wasting more than half of it.
   *
   * @param keepBytes how much of the content to keep when it moves
   * @return where the block is now
   */
  public long reallocate(long address, long sizeBytes, long keepBytes) {
    long capacity = capacity(address);
    if (sizeBytes <= capacity && (sizeBytes >= capacity >>> 1 || capacity <= 64)) {
      return address;
    }
    long moved = allocate(sizeBytes);
    copy(address, moved, keepBytes);
    free(address);
    return moved;
  }

  // --- leases: large blocks that are used outside the lock

  /**
   * Takes a large block for somebody who fills part of it outside the lock. It belongs to nobody
   * else until it is {@link #adopt adopted}, and goes when the lease is released before.
   *
   * @param gapBytes where the part begins
   * @param lengthBytes how long the part is; the block must be larger than {@link #MAX_SMALL}
   * @throws OutOfArenaException when the budget is used up; nothing has changed then
   */
  public Lease allocateLeased(int gapBytes, int lengthBytes) {
    long size = (long) gapBytes + lengthBytes;
    if (size <= MAX_SMALL) {
      throw new IllegalArgumentException("only large blocks are leased");
    }
    if (closed) {
      throw new OutOfArenaException(size, 0);
    }
    Run run = runOf(allocateLarge(size));
    run.ownerless = true;
    return lease(run, run.base + gapBytes, lengthBytes);
  }

  /**
   * Lets somebody read bytes of a large block outside the lock: they stay as they are and where
   * they are until the lease is released, whatever becomes of the block meanwhile. Who owns the
   * block must not change them as long as it {@link #isLeased}.
   *
   * @return null when the bytes are not part of a block that can be leased
   */
  public @Nullable Lease lease(long address, int lengthBytes) {
    Slab slab = slabs[(int) (address >>> SLAB_SHIFT)];
    Run run = slab == null ? null : slab.runs[((int) address & SLAB_MASK) >>> UNIT_SHIFT];
    if (run == null || run.sizeClass >= 0) {
      return null;
    }
    return lease(run, address, lengthBytes);
  }

  private Lease lease(Run run, long address, int lengthBytes) {
    if (run.leases++ == 0) {
      leased.add(run);
    }
    return new Lease(this, run.base, address, lengthBytes, parts(address, lengthBytes), run);
  }

  /** Whether somebody uses bytes of a block outside the lock. */
  public boolean isLeased(long address) {
    return runOf(address).leases != 0;
  }

  /** The block of a lease has an owner from now on, who frees it. */
  public void adopt(Lease lease) {
    ((Run) lease.run()).ownerless = false;
  }

  /** Counts the leases that were released since, and frees what nobody owns. */
  public void takeBack() {
    if (returned.get() != null) {
      takeBackAll();
    }
  }

  private void takeBackAll() {
    Lease lease = returned.getAndSet(null);
    while (lease != null) {
      Run run = (Run) lease.run();
      if (!closed && --run.leases == 0) {
        leased.remove(run);
        if (run.ownerless) {
          free(run.base);
        }
      }
      lease = lease.next();
    }
  }

  /** Any thread. */
  void giveBack(Lease lease) {
    Lease head;
    do {
      head = returned.get();
      lease.next(head);
    } while (!returned.compareAndSet(head, lease));
  }

  private ByteBuffer[] parts(long address, int lengthBytes) {
    int first = (int) (address >>> SLAB_SHIFT);
    int last = (int) ((address + lengthBytes - 1) >>> SLAB_SHIFT);
    ByteBuffer[] parts = new ByteBuffer[last - first + 1];
    long at = address;
    int left = lengthBytes;
    for (int i = 0; i < parts.length; i++) {
      int offset = (int) at & SLAB_MASK;
      int size = Math.min(left, SlabPool.SLAB_BYTES - offset);
      parts[i] = buffers[first + i].slice(offset, size);
      at += size;
      left -= size;
    }
    return parts;
  }

  // --- scalars; an aligned one never crosses a slab

  public byte getByte(long address) {
    return buffers[(int) (address >>> SLAB_SHIFT)].get((int) address & SLAB_MASK);
  }

  public void putByte(long address, byte value) {
    buffers[(int) (address >>> SLAB_SHIFT)].put((int) address & SLAB_MASK, value);
  }

  public short getShort(long address) {
    return buffers[(int) (address >>> SLAB_SHIFT)].getShort((int) address & SLAB_MASK);
  }

  public void putShort(long address, short value) {
    buffers[(int) (address >>> SLAB_SHIFT)].putShort((int) address & SLAB_MASK, value);
  }

  public int getInt(long address) {
    return buffers[(int) (address >>> SLAB_SHIFT)].getInt((int) address & SLAB_MASK);
  }

  public void putInt(long address, int value) {
    buffers[(int) (address >>> SLAB_SHIFT)].putInt((int) address & SLAB_MASK, value);
  }

  public long getLong(long address) {
    return buffers[(int) (address >>> SLAB_SHIFT)].getLong((int) address & SLAB_MASK);
  }

  public void putLong(long address, long value) {
    buffers[(int) (address >>> SLAB_SHIFT)].putLong((int) address & SLAB_MASK, value);
  }

  public double getDouble(long address) {
    return buffers[(int) (address >>> SLAB_SHIFT)].getDouble((int) address & SLAB_MASK);
  }

  public void putDouble(long address, double value) {
    buffers[(int) (address >>> SLAB_SHIFT)].putDouble((int) address & SLAB_MASK, value);
  }

  /** Eight bytes at any address, also across two slabs of one large block. */
  public long getLongUnaligned(long address) {
    int offset = (int) address & SLAB_MASK;
    if (offset <= SlabPool.SLAB_BYTES - 8) {
      return buffers[(int) (address >>> SLAB_SHIFT)].getLong(offset);
    }
    byte[] bytes = new byte[8];
    copyOut(address, bytes, 0, 8);
    return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getLong();
  }

  // --- runs of bytes, which may cross slabs

  /** Copies from the heap into the arena. */
  public void copyIn(long address, byte[] source, int offset, int length) {
    while (length > 0) {
      int at = (int) address & SLAB_MASK;
      int part = Math.min(length, SlabPool.SLAB_BYTES - at);
      buffers[(int) (address >>> SLAB_SHIFT)].put(at, source, offset, part);
      address += part;
      offset += part;
      length -= part;
    }
  }

  /** Copies bytes into the arena. */
  public void copyIn(long address, Bytes source) {
    copyIn(address, source.array(), source.offset(), source.length());
  }

  /** Copies from the arena to the heap. */
  public void copyOut(long address, byte[] target, int offset, int length) {
    while (length > 0) {
      int at = (int) address & SLAB_MASK;
      int part = Math.min(length, SlabPool.SLAB_BYTES - at);
      buffers[(int) (address >>> SLAB_SHIFT)].get(at, target, offset, part);
      address += part;
      offset += part;
      length -= part;
    }
  }

  /** A copy on the heap. */
  public byte[] toByteArray(long address, int length) {
    byte[] bytes = new byte[length];
    copyOut(address, bytes, 0, length);
    return bytes;
  }

  /** Copies within the arena; the two may overlap. */
  public void copy(long from, long to, long length) {
    if (from == to || length == 0) {
      return;
    }
    if (crossesSlab(from, length) || crossesSlab(to, length)) {
      copyAcrossSlabs(from, to, length);
      return;
    }
    ByteBuffer source = buffers[(int) (from >>> SLAB_SHIFT)];
    ByteBuffer target = buffers[(int) (to >>> SLAB_SHIFT)];
    target.put((int) to & SLAB_MASK, source, (int) from & SLAB_MASK, (int) length);
  }

  private void copyAcrossSlabs(long from, long to, long length) {
    byte[] part = new byte[(int) Math.min(length, 64 << 10)];
    boolean backwards = to > from && to < from + length;
    long done = 0;
    while (done < length) {
      int size = (int) Math.min(part.length, length - done);
      long at = backwards ? length - done - size : done;
      copyOut(from + at, part, 0, size);
      copyIn(to + at, part, 0, size);
      done += size;
    }
  }

  /** Sets bytes to zero. */
  public void clear(long address, long length) {
    for (long done = 0; done < length; done += ZEROS.length) {
      copyIn(address + done, ZEROS, 0, (int) Math.min(ZEROS.length, length - done));
    }
  }

  /** Whether the bytes at an address are these. */
  public boolean matches(long address, int length, Bytes bytes) {
    if (length != bytes.length()) {
      return false;
    }
    if (crossesSlab(address, length)) {
      return Arrays.equals(toByteArray(address, length), bytes.toByteArray());
    }
    ByteBuffer buffer = buffers[(int) (address >>> SLAB_SHIFT)];
    int at = (int) address & SLAB_MASK;
    int i = 0;
    for (; i <= length - 8; i += 8) {
      if (buffer.getLong(at + i) != bytes.longAt(i)) {
        return false;
      }
    }
    for (; i < length; i++) {
      if (buffer.get(at + i) != bytes.get(i)) {
        return false;
      }
    }
    return true;
  }

  /** Compares as {@link Bytes#compareTo}: the bytes at the address against these. */
  public int compare(long address, int length, Bytes bytes) {
    int common = Math.min(length, bytes.length());
    int i = 0;
    for (; i <= common - 8; i += 8) {
      long word = getLongUnaligned(address + i);
      long other = bytes.longAt(i);
      if (word != other) {
        return compareWords(word, other);
      }
    }
    for (; i < common; i++) {
      int difference = (getByte(address + i) & 0xFF) - (bytes.get(i) & 0xFF);
      if (difference != 0) {
        return difference;
      }
    }
    return length - bytes.length();
  }

  /** Compares two runs of bytes in the arena, unsigned, then by length. */
  public int compare(long left, int leftLength, long right, int rightLength) {
    int common = Math.min(leftLength, rightLength);
    int i = 0;
    for (; i <= common - 8; i += 8) {
      long word = getLongUnaligned(left + i);
      long other = getLongUnaligned(right + i);
      if (word != other) {
        return compareWords(word, other);
      }
    }
    for (; i < common; i++) {
      int difference = (getByte(left + i) & 0xFF) - (getByte(right + i) & 0xFF);
      if (difference != 0) {
        return difference;
      }
    }
    return leftLength - rightLength;
  }

  /** Compares eight bytes each, read in native order, as they lie in memory. */
  private static int compareWords(long left, long right) {
    if (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
      return Long.compareUnsigned(Long.reverseBytes(left), Long.reverseBytes(right));
    }
    return Long.compareUnsigned(left, right);
  }

  /** The buffer that holds an address; it begins at {@link #offsetInBuffer}. */
  public ByteBuffer bufferOf(long address) {
    return buffers[(int) (address >>> SLAB_SHIFT)];
  }

  /** Where in {@link #bufferOf} an address is. */
  public static int offsetInBuffer(long address) {
    return (int) address & SLAB_MASK;
  }

  /** Whether a run of bytes lies in more than one buffer. */
  static boolean crossesSlab(long address, long length) {
    return (address & SLAB_MASK) + length > SlabPool.SLAB_BYTES;
  }

  /**
   * Forgets everything at once: every address is void, and all slabs go back to the pool, except
   * those with blocks that are leased; these go with their leases.
   */
  public void reset() {
    BitSet stays = new BitSet();
    for (Run run : leased) {
      int first = (int) (run.base >>> SLAB_SHIFT);
      stays.set(first, first + (run.units + UNITS_PER_SLAB - 1) / UNITS_PER_SLAB);
    }
    for (int i = topSlab - 1; i >= 0; i--) {
      if (stays.get(i)) {
        slabs[i] = new Slab();
      } else if (slabs[i] != null) {
        returnSlab(i);
      }
    }
    Arrays.fill(shelves, null);
    Arrays.fill(spare, null);
    usedBytes = 0;
    for (Run run : leased) {
      run.ownerless = true;
      settle(run);
      usedBytes += run.blockBytes;
    }
  }

  /**
   * Returns all slabs and the budget; every address is void. What is leased still is left to the
   * collector: nobody else may be lent it while it is read.
   */
  @Override
  public void close() {
    if (!closed) {
      takeBackAll();
      closed = true;
      reset();
      for (int i = 0; i < topSlab; i++) {
        if (slabs[i] != null) {
          pool.lose();
        }
      }
      leased.clear();
      usedBytes = 0;
      pool.release(budgetBytes);
    }
  }

  // --- runs and slabs

  private Run runOf(long address) {
    Slab slab = slabs[(int) (address >>> SLAB_SHIFT)];
    Run run = slab == null ? null : slab.runs[((int) address & SLAB_MASK) >>> UNIT_SHIFT];
    if (run == null) {
      throw new IllegalArgumentException("no block at " + address);
    }
    return run;
  }

  private Run newSmallRun(int sizeClass) {
    int blockBytes = CLASS_BYTES[sizeClass];
    int units = runUnits(sizeClass);
    int at = findUnits(units);
    Run run = new Run(sizeClass, blockBytes, unitAddress(at), units);
    run.blocks = (units << UNIT_SHIFT) / blockBytes;
    occupy(at, run);
    return run;
  }

  private long allocateLarge(long sizeBytes) {
    long units = (sizeBytes + (1 << UNIT_SHIFT) - 1) >>> UNIT_SHIFT;
    if (units > Integer.MAX_VALUE >>> 4) {
      throw new OutOfArenaException(sizeBytes, budgetBytes);
    }
    Run run;
    if (units <= UNITS_PER_SLAB - 1) {
      int at = findUnits((int) units);
      run = new Run(-1, units << UNIT_SHIFT, unitAddress(at), (int) units);
      settle(run);
    } else {
      run = allocateSlabs(sizeBytes, (int) units);
    }
    usedBytes += run.blockBytes;
    return run.base;
  }

  private Run allocateSlabs(long sizeBytes, int units) {
    int count = (units + UNITS_PER_SLAB - 1) / UNITS_PER_SLAB;
    if (!mayBorrow(count)) {
      dropSpares();
    }
    if (!mayBorrow(count)) {
      throw new OutOfArenaException(sizeBytes, budgetBytes);
    }
    int first = firstFreeSlabs(count);
    for (int i = first; i < first + count; i++) {
      addSlab(i);
    }
    Run run = new Run(-1, (long) units << UNIT_SHIFT, (long) first << SLAB_SHIFT, units);
    settle(run);
    return run;
  }

  /** Marks the units of a large block as used. */
  private void settle(Run run) {
    if (run.units <= UNITS_PER_SLAB - 1) {
      occupy((int) (run.base >>> UNIT_SHIFT), run);
      return;
    }
    int first = (int) (run.base >>> SLAB_SHIFT);
    int left = run.units;
    for (int i = first; left > 0; i++, left -= UNITS_PER_SLAB) {
      markUsed(i, 0, Math.min(left, UNITS_PER_SLAB));
    }
    slab(first).runs[0] = run;
  }

  private int firstFreeSlabs(int count) {
    int run = 0;
    for (int i = 1; i < topSlab; i++) {
      run = slabs[i] == null ? run + 1 : 0;
      if (run == count) {
        return i - count + 1;
      }
    }
    return Math.max(1, topSlab - run);
  }

  /** Finds consecutive free units: the number of the first, counted over all slabs. */
  private int findUnits(int units) {
    int index = room.first(units);
    if (index < 0 && !mayBorrow(1)) {
      dropSpares();
      index = room.first(units);
    }
    if (index < 0) {
      if (!mayBorrow(1)) {
        throw new OutOfArenaException((long) units << UNIT_SHIFT, budgetBytes);
      }
      index = firstFreeSlabs(1);
      addSlab(index);
    }
    return index * UNITS_PER_SLAB + slab(index).firstFree(units);
  }

  private boolean mayBorrow(int slabs) {
    return reservedBytes() + ((long) slabs << SLAB_SHIFT) <= budgetBytes;
  }

  private void dropSpares() {
    for (int i = 0; i < CLASSES; i++) {
      dropSpare(i);
    }
  }

  private void dropSpare(int sizeClass) {
    Run run = spare[sizeClass];
    if (run != null) {
      spare[sizeClass] = null;
      freeUnits(run);
    }
  }

  private static long unitAddress(int unit) {
    return (long) unit << UNIT_SHIFT;
  }

  private void occupy(int unit, Run run) {
    int index = unit / UNITS_PER_SLAB;
    int first = unit % UNITS_PER_SLAB;
    Arrays.fill(slab(index).runs, first, first + run.units, run);
    markUsed(index, first, run.units);
  }

  private void markUsed(int index, int first, int units) {
    Slab slab = slab(index);
    slab.used.set(first, first + units);
    slab.freeUnits -= units;
    room.set(index, slab.longestFree());
  }

  private void freeLarge(Run run) {
    if (run.units <= UNITS_PER_SLAB - 1) {
      freeUnits(run);
      return;
    }
    int first = (int) (run.base >>> SLAB_SHIFT);
    int left = run.units;
    slab(first).runs[0] = null;
    for (int i = first; left > 0; i++, left -= UNITS_PER_SLAB) {
      release(i, 0, Math.min(left, UNITS_PER_SLAB));
    }
  }

  private void freeUnits(Run run) {
    int index = (int) (run.base >>> SLAB_SHIFT);
    int first = ((int) run.base & SLAB_MASK) >>> UNIT_SHIFT;
    Arrays.fill(slab(index).runs, first, first + run.units, null);
    release(index, first, run.units);
  }

  private void release(int index, int first, int units) {
    Slab slab = slab(index);
    slab.used.clear(first, first + units);
    slab.freeUnits += units;
    if (slab.freeUnits == UNITS_PER_SLAB) {
      returnSlab(index);
    } else {
      room.set(index, slab.longestFree());
    }
  }

  private Slab slab(int index) {
    Slab slab = slabs[index];
    if (slab == null) {
      throw new IllegalStateException("no slab " + index);
    }
    return slab;
  }

  private void addSlab(int index) {
    if (index >= slabs.length) {
      int length = Math.max(index + 1, slabs.length * 2);
      slabs = Arrays.copyOf(slabs, length);
      buffers = Arrays.copyOf(buffers, length);
    }
    buffers[index] = pool.borrow();
    slabs[index] = new Slab();
    slabCount++;
    topSlab = Math.max(topSlab, index + 1);
  }

  @SuppressWarnings("NullAway") // an address in a returned slab is a bug and may throw
  private void returnSlab(int index) {
    pool.giveBack(buffers[index]);
    slabs[index] = null;
    buffers[index] = null;
    slabCount--;
    room.set(index, 0);
    while (topSlab > 0 && slabs[topSlab - 1] == null) {
      topSlab--;
    }
  }

  private void link(Run run, int shelf) {
    int at = run.sizeClass * SHELVES + shelf;
    Run head = shelves[at];
    run.next = head;
    if (head != null) {
      head.previous = run;
    }
    shelves[at] = run;
    run.onShelf = shelf;
  }

  private void unlink(Run run) {
    if (run.onShelf < 0) {
      return;
    }
    Run before = run.previous;
    Run after = run.next;
    if (before == null) {
      shelves[run.sizeClass * SHELVES + run.onShelf] = after;
    } else {
      before.next = after;
    }
    if (after != null) {
      after.previous = before;
    }
    run.previous = null;
    run.next = null;
    run.onShelf = -1;
  }

  /**
   * Up to 256 bytes a class for every 8. Above, each octave has a run of its own size, cut into 8
   * to 15 equal blocks, so that nothing is lost at its end.
   */
  static int classOf(int sizeBytes) {
    if (sizeBytes <= 256) {
      return (sizeBytes + 7) >>> 3;
    }
    int rounded = (sizeBytes + 7) & ~7;
    int log = 32 - Integer.numberOfLeadingZeros(rounded - 1);
    int blocks = (8 << log) / rounded;
    return 33 + (log - 9) * 8 + 15 - blocks;
  }

  private static int[] classBytes() {
    int[] sizes = new int[CLASSES];
    for (int i = 0; i <= 32; i++) {
      sizes[i] = 8 * i;
    }
    for (int i = 33; i < CLASSES; i++) {
      int octave = 512 << ((i - 33) >>> 3);
      sizes[i] = 8 * octave / (15 - ((i - 33) & 7)) & ~7;
    }
    return sizes;
  }

  /** Runs are powers of two, so that the holes they leave suit others, and at least 16 KiB. */
  private static int runUnits(int sizeClass) {
    int octave = sizeClass < 33 ? 0 : 512 << ((sizeClass - 33) >>> 3);
    return Math.max(MIN_RUN_BYTES, 8 * octave) >>> UNIT_SHIFT;
  }

  /** What is known of one slab. */
  private static final class Slab {
    final BitSet used = new BitSet(UNITS_PER_SLAB);
    final @Nullable Run[] runs = new Run[UNITS_PER_SLAB];
    int freeUnits = UNITS_PER_SLAB;

    /** Where the first free run of at least this many units begins; there is one. */
    int firstFree(int units) {
      int at = used.nextClearBit(0);
      for (int end = used.nextSetBit(at); end >= 0 && end - at < units; ) {
        at = used.nextClearBit(end);
        end = used.nextSetBit(at);
      }
      return at;
    }

    int longestFree() {
      int longest = 0;
      for (int at = used.nextClearBit(0); at < UNITS_PER_SLAB - longest; ) {
        int end = used.nextSetBit(at);
        if (end < 0) {
          return Math.max(longest, UNITS_PER_SLAB - at);
        }
        longest = Math.max(longest, end - at);
        at = used.nextClearBit(end);
      }
      return longest;
    }
  }

  /** Consecutive units: either one large block, or equal small ones. */
  private static final class Run {
    final int sizeClass;
    final long blockBytes;
    final long base;
    final int units;
    int blocks;
    int live;

    /** How many use bytes of it outside the lock. */
    int leases;

    /** Whether it goes with the last of them. */
    boolean ownerless;

    private int fresh;
    private int freeHead = -1;
    int onShelf = -1;
    @Nullable Run previous;
    @Nullable Run next;

    Run(int sizeClass, long blockBytes, long base, int units) {
      this.sizeClass = sizeClass;
      this.blockBytes = blockBytes;
      this.base = base;
      this.units = units;
    }

    /** Where it belongs: the fullest are on the last shelf, full and empty ones on none. */
    int shelf() {
      return live == blocks || live == 0 ? -1 : live * SHELVES / blocks;
    }

    int take(Arena arena) {
      live++;
      if (freeHead >= 0) {
        int offset = freeHead;
        freeHead = arena.getInt(base + offset);
        return offset;
      }
      return (int) (fresh++ * blockBytes);
    }

    void putBack(Arena arena, int offset) {
      live--;
      arena.putInt(base + offset, freeHead);
      freeHead = offset;
    }
  }
}
