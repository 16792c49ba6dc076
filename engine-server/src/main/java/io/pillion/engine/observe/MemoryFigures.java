package io.pillion.engine.observe;

import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.world.Disk;
import java.io.IOException;
import java.util.Locale;

/**
 * Where the memory is, at one moment: data in the arena, replies that clients have not read, the
 * Java heap, and what the system says of the process.
 *
 * @param dataBytes what keys, values and their indexes take
 * @param clientBytes replies that were not read, queued commands, watched keys
 * @param indexBytes the part of the data that leads to keys
 * @param expiryBytes the part of the data that knows when keys expire
 * @param emptyBytes what the indexes take when there is no key
 * @param peakBytes the most that data and clients took together
 * @param reservedBytes what the arena holds of the system's memory, full or not
 * @param budgetBytes how much the arena may hold
 * @param heapUsedBytes what objects take, living or not collected yet
 * @param heapCommittedBytes what the Java heap holds of the system's memory
 * @param heapMaxBytes how much it may hold
 * @param residentBytes what of the process is in memory
 * @param keys how many keys there are
 */
public record MemoryFigures(
    long dataBytes,
    long clientBytes,
    long indexBytes,
    long expiryBytes,
    long emptyBytes,
    long peakBytes,
    long reservedBytes,
    long budgetBytes,
    long heapUsedBytes,
    long heapCommittedBytes,
    long heapMaxBytes,
    long residentBytes,
    long keys) {
  private static final int EMPTY_INDEX_BYTES = 4096;

  /** The figures of now. Under the engine lock. */
  public static MemoryFigures of(Engine engine) {
    Keyspace keyspace = engine.keyspace();
    Arena arena = keyspace.arena();
    Runtime jvm = Runtime.getRuntime();
    long index = 0;
    long expiry = 0;
    long keys = 0;
    for (int i = 0; i < keyspace.databaseCount(); i++) {
      Database database = keyspace.database(i);
      index += database.indexBytes();
      expiry += database.expiry().bytes();
      keys += database.size();
    }
    long clients = engine.statistics().clientBytes();
    return new MemoryFigures(
        arena.usedBytes(),
        clients,
        index,
        expiry,
        (long) EMPTY_INDEX_BYTES * keyspace.databaseCount(),
        Math.max(arena.usedBytes() + clients, engine.statistics().peakBytes()),
        arena.reservedBytes(),
        arena.budgetBytes(),
        jvm.totalMemory() - jvm.freeMemory(),
        jvm.totalMemory(),
        jvm.maxMemory(),
        resident(engine.world().disk(), arena.reservedBytes() + jvm.totalMemory()),
        keys);
  }

  /** Data and clients: what {@code maxmemory} is about. */
  public long usedBytes() {
    return dataBytes + clientBytes;
  }

  /** What is used for other things than keys and values. */
  public long overheadBytes() {
    return clientBytes + indexBytes + expiryBytes;
  }

  /** Keys and values. */
  public long datasetBytes() {
    return usedBytes() - overheadBytes();
  }

  /** The dataset's share of what is used beyond an empty engine, in percent. */
  public double datasetPercent() {
    return 100.0 * datasetBytes() / Math.max(1, usedBytes() - emptyBytes);
  }

  /** The share of the peak that is used now, in percent. */
  public double peakPercent() {
    return 100.0 * usedBytes() / Math.max(1, peakBytes);
  }

  /** How many times what the data take the arena holds. */
  public double arenaRatio() {
    return reservedBytes / (double) Math.max(1, dataBytes);
  }

  /** How many times what is used the process takes, the Java heap and the JVM itself included. */
  public double residentRatio() {
    return residentBytes / (double) Math.max(1, usedBytes());
  }

  /** What Linux says; elsewhere what the JVM knows of. */
  private static long resident(Disk disk, long otherwise) {
    try {
      for (String line : disk.read("/proc/self/status").split("\n", -1)) {
        if (line.startsWith("VmRSS:")) {
          String kilobytes = line.substring(6).toLowerCase(Locale.ROOT).replace("kb", "").strip();
          return Long.parseLong(kilobytes) * 1024;
        }
      }
    } catch (IOException | NumberFormatException e) {
      // not a Linux
    }
    return otherwise;
  }
}
