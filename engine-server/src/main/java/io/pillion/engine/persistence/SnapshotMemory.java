package io.pillion.engine.persistence;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.SlabPool;
import io.pillion.engine.world.ScratchFile;
import io.pillion.engine.world.World;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a snapshot has gathered before it could be written takes memory up to a budget, outside the
 * heap: on it, tens of megabytes that live for some seconds each would keep the collector busy,
 * which stops everybody.
 *
 * <p>From an eighth of the budget on, a thread of its own moves what waits to a file without a
 * name: not the one that writes the snapshot, as a disk may keep each of them waiting for a second,
 * for which the rest is. Who gathers holds the engine lock, and moves something only when one
 * command gathers more than there is room for: from seven eighths of the budget on they have to be
 * kept from gathering more.
 */
final class SnapshotMemory {
  private static final Logger log = LoggerFactory.getLogger(SnapshotMemory.class);

  /** What is taken at a time: parcels are many, and each wastes half of this on average. */
  static final int CHUNK_BYTES = 4 << 10;

  private static final int IO_BYTES = 16 << 10;

  private final World world;
  private final String folder;
  private final Arena arena;
  private final long budgetBytes;
  private final Set<Parcel> parcels = new LinkedHashSet<>();
  private long used;

  /** What of it is in chunks: the rest cannot be moved. */
  private long inChunks;

  /** A chunk that was given back, or 0: else the last one would take its slab along each time. */
  private long spare;

  private boolean spilling;
  private long peak;
  private long spilled;

  /** Held by the one thread that reads and writes the file; taken before the monitor of this. */
  private final ReentrantLock io = new ReentrantLock();

  private final byte[] moving = new byte[IO_BYTES];
  private volatile @Nullable ScratchFile file;
  private volatile @Nullable IOException failure;
  private volatile boolean closed;

  /**
   * @param folder where the file may be
   * @param budgetBytes how much memory may be taken; there may be less
   */
  SnapshotMemory(World world, String folder, long budgetBytes) {
    this.world = world;
    this.folder = folder;
    // Whole slabs: of a part of one there would be nothing to take before it counts as full.
    long slabs = Math.max(budgetBytes / SlabPool.SLAB_BYTES, 1);
    arena = Arena.forWork(SlabPool.shared(), slabs * SlabPool.SLAB_BYTES, /* hashSeed= */ 0);
    long granted = arena.budgetBytes() / SlabPool.SLAB_BYTES * SlabPool.SLAB_BYTES;
    this.budgetBytes = Math.min(budgetBytes, granted);
  }

  /** Counts memory that is taken elsewhere, or given back. */
  synchronized void use(long bytes) {
    if (!closed) {
      used += bytes;
      peak = Math.max(peak, used);
    }
  }

  /** How much memory is taken. */
  synchronized long used() {
    return used;
  }

  /** The most that ever was. */
  synchronized long peak() {
    return peak;
  }

  /** How much was written to the file. */
  synchronized long spilled() {
    return spilled;
  }

  synchronized boolean isFull() {
    return used > budgetBytes - budgetBytes / 8;
  }

  // --- chunks: under the monitor of this

  /** Takes a chunk: where it is, or 0 when there is no room. */
  long take() {
    if (closed) {
      return 0;
    }
    try {
      long chunk = spare;
      if (chunk == 0) {
        chunk = arena.allocate(CHUNK_BYTES);
      }
      spare = 0;
      useChunks(CHUNK_BYTES);
      if (inChunks > budgetBytes / 8) {
        beginToSpill();
      }
      return chunk;
    } catch (OutOfArenaException e) {
      return 0;
    }
  }

  void giveBack(long chunk) {
    if (!closed) {
      if (spare == 0) {
        spare = chunk;
      } else {
        arena.free(chunk);
      }
      useChunks(-CHUNK_BYTES);
    }
  }

  private void useChunks(long bytes) {
    inChunks += bytes;
    use(bytes);
  }

  /** Long before it is full: the rest is for what is gathered while a disk stands still. */
  private void beginToSpill() {
    if (spilling || failure != null) {
      return;
    }
    spilling = true;
    try {
      world.background("spill", this::spill);
    } catch (OutOfMemoryError e) {
      // No thread. That is no fault of the command that gathers.
      failure = new IOException("What a snapshot gathers cannot be moved to a file", e);
    }
  }

  void put(long address, byte[] bytes, int offset, int length) {
    if (!closed) {
      arena.copyIn(address, bytes, offset, length);
    }
  }

  void get(long address, byte[] bytes, int offset, int length) throws IOException {
    if (closed) {
      throw new IOException("given up");
    }
    arena.copyOut(address, bytes, offset, length);
  }

  // --- parcels

  synchronized void register(Parcel parcel) {
    parcels.add(parcel);
  }

  synchronized void forget(Parcel parcel) {
    parcels.remove(parcel);
  }

  /** Moves parcels to the file until less than a sixteenth of the budget is in chunks. */
  private void spill() {
    try {
      Breaks breaks = Breaks.often(world);
      boolean some = true;
      while (some) {
        some = false;
        for (Parcel parcel : waiting()) {
          // Bit by bit: who gathers may wait for the file, and others for the processor.
          while (isToSpill() && spillSome(parcel)) {
            some = true;
            // When it is almost full they would have to wait for room, which is worse.
            breaks.giveWay(!isFull());
            breaks.takeIfDue();
          }
        }
      }
    } catch (IOException e) {
      lose(e);
    } catch (RuntimeException | OutOfMemoryError e) {
      lose(new IOException(e.toString(), e));
    } finally {
      synchronized (this) {
        spilling = false;
      }
    }
  }

  private synchronized List<Parcel> waiting() {
    return new ArrayList<>(parcels);
  }

  private synchronized boolean isToSpill() {
    return inChunks > budgetBytes / 16 && !closed;
  }

  /** Moves what is first in memory of a parcel; false when there was nothing. */
  private boolean spillSome(Parcel parcel) throws IOException {
    io.lock();
    try {
      long from;
      int length;
      synchronized (this) {
        // Both of one moment: what is before may be dropped at any time.
        from = parcel.kept();
        length = parcel.readKept(moving);
      }
      if (length > 0) {
        parcel.moved(from, append(moving, 0, length), length);
      }
      return length > 0;
    } finally {
      io.unlock();
      closeIfIdle();
    }
  }

  /**
   * Puts bytes at the end of a parcel for which there is no room in memory. When that fails they
   * are lost, and {@link #check} says so.
   */
  void overflow(Parcel parcel, byte[] bytes, int offset, int length) {
    if (failure != null) {
      return;
    }
    try {
      io.lock();
      try {
        while (spillSome(parcel)) {
          // What was gathered before is before it in the file, too.
        }
        parcel.moved(parcel.size(), append(bytes, offset, length), length);
      } finally {
        io.unlock();
        closeIfIdle();
      }
    } catch (IOException e) {
      lose(e);
    }
  }

  private void lose(IOException cause) {
    if (!closed) {
      failure = cause;
    }
  }

  /** Says that something was lost. */
  void check() throws IOException {
    IOException lost = failure;
    if (lost != null) {
      throw lost;
    }
  }

  // --- the file

  /** Writes to the end of the file; returns where that was. */
  private long append(byte[] bytes, int offset, int length) throws IOException {
    if (closed) {
      throw new IOException("given up");
    }
    ScratchFile open = file;
    if (open == null) {
      open = world.disk().scratch(folder);
      file = open;
    }
    long at = open.append(bytes, offset, length);
    synchronized (this) {
      spilled += length;
    }
    return at;
  }

  void read(long position, byte[] bytes, int offset, int length) throws IOException {
    io.lock();
    try {
      ScratchFile open = file;
      if (closed || open == null) {
        throw new IOException("given up");
      }
      open.read(position, bytes, offset, length);
    } finally {
      io.unlock();
      closeIfIdle();
    }
  }

  /**
   * Memory and file are needed no more. Does not wait for who uses the file, nor for the system to
   * let go what it may have cached of it, which takes 80 ms for each gigabyte.
   */
  void close() {
    synchronized (this) {
      closed = true;
      used = 0;
      inChunks = 0;
      arena.close();
    }
    if (file == null) {
      return;
    }
    try {
      world.background("scratch", this::closeIfIdle);
    } catch (OutOfMemoryError noThread) {
      closeIfIdle();
    }
  }

  /**
   * Closes the file, once nobody uses it or makes it just now; nobody does from then on. After
   * {@link #close}, and without the engine lock: this may take as long as the disk likes.
   */
  void closeFile() {
    io.lock();
    try {
      closeIfIdle();
    } finally {
      io.unlock();
    }
  }

  /** Who has used the file lets it go when it is needed no more. */
  private void closeIfIdle() {
    if (closed && io.tryLock()) {
      try {
        ScratchFile open = file;
        if (open != null) {
          file = null;
          open.close();
        }
      } catch (IOException e) {
        // It has no name, so there is nothing that somebody would have to remove.
        log.warn("Cannot close a scratch file: {}", e.getMessage());
      } finally {
        io.unlock();
      }
    }
  }
}
