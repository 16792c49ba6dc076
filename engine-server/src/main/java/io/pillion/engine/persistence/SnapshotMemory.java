package io.pillion.engine.persistence;

import io.pillion.engine.world.Disk;
import io.pillion.engine.world.ScratchFile;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What a snapshot has gathered before it could be written takes memory up to a budget. From half of
 * it on, whoever writes the snapshot moves what has to wait anyway to a file without a name. Who
 * gathers never does that, as they hold the engine lock: when the budget is full all the same, they
 * have to be kept from gathering more.
 */
final class SnapshotMemory {
  private final Disk disk;
  private final String folder;
  private final long budgetBytes;
  private final Set<Parcel> parcels = new LinkedHashSet<>();
  private long used;
  private long peak;
  private long spilled;

  /** Held by the one thread that reads and writes the file. */
  private final ReentrantLock io = new ReentrantLock();

  private @Nullable ScratchFile file;
  private volatile boolean closed;

  /**
   * @param folder where the file may be
   */
  SnapshotMemory(Disk disk, String folder, long budgetBytes) {
    this.disk = disk;
    this.folder = folder;
    this.budgetBytes = budgetBytes;
  }

  /** Takes memory, or gives it back. */
  synchronized void use(long bytes) {
    used += bytes;
    peak = Math.max(peak, used);
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
    return used > budgetBytes;
  }

  synchronized boolean isHalfFull() {
    return used > budgetBytes / 2;
  }

  // --- parcels

  synchronized void register(Parcel parcel) {
    parcels.add(parcel);
  }

  synchronized void forget(Parcel parcel) {
    parcels.remove(parcel);
  }

  /** Moves parcels to the file until less than a quarter of the budget is taken. No engine lock. */
  void spill() throws IOException {
    if (!isHalfFull()) {
      return;
    }
    List<Parcel> waiting;
    synchronized (this) {
      waiting = new ArrayList<>(parcels);
    }
    for (Parcel parcel : waiting) {
      if (used() <= budgetBytes / 4) {
        return;
      }
      parcel.spill();
    }
  }

  /** Writes the first bytes of an array to the end of the file; returns where that was. */
  long append(byte[] bytes, int length) throws IOException {
    io.lock();
    try {
      if (closed) {
        throw new IOException("given up");
      }
      ScratchFile open = file;
      if (open == null) {
        open = disk.scratch(folder);
        file = open;
      }
      open.write(spilled, bytes, 0, length);
    } finally {
      io.unlock();
      closeIfIdle();
    }
    synchronized (this) {
      long at = spilled;
      spilled += length;
      return at;
    }
  }

  void read(long position, byte[] bytes, int length) throws IOException {
    io.lock();
    try {
      ScratchFile open = file;
      if (closed || open == null) {
        throw new EOFException("given up");
      }
      open.read(position, bytes, 0, length);
    } finally {
      io.unlock();
      closeIfIdle();
    }
  }

  /** The file is needed no more; does not wait for who uses it, but has them close it. */
  void close() throws IOException {
    closed = true;
    closeIfIdle();
  }

  private void closeIfIdle() throws IOException {
    if (closed && io.tryLock()) {
      try {
        ScratchFile open = file;
        if (open != null) {
          file = null;
          open.close();
        }
      } finally {
        io.unlock();
      }
    }
  }
}
