package io.pillion.engine.persistence;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.DetachedKeys;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.RecordCut;
import io.pillion.engine.memory.Bytes;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * All data as they were at one moment, written as an RDB while they go on to change, without a
 * fork.
 *
 * <p>The moment is when it is made, under the engine lock: the cut. From then on whoever drives it
 * alternates between {@link #scan}, under the lock, which takes down some records at a time, and
 * {@link #drain}, without it, which writes what was gathered. Each record carries the number of the
 * last cut that has taken it down. Whoever is about to change one that was not yet, or is only
 * about to look at it with a command that may, has it taken down first: {@link RecordCut}. So every
 * record is written as it was at the cut, once, and new ones are not written at all.
 *
 * <p>A large value is written element by element, over many scans. When somebody is about to change
 * it meanwhile, the rest of it is written there and then; what of other keys is taken down in the
 * meantime is gathered apart, and follows it. Not bounded, therefore, is one hold of the lock: that
 * in which a large value that was not written yet changes for the first time.
 *
 * <p>A database that is emptied meanwhile leaves its records to the snapshot, which takes them down
 * and only then lets their memory go. When all databases are emptied at once it is given up.
 *
 * <p>What was gathered and not written takes memory up to a budget; beyond it, who gathers has to
 * wait for the target.
 */
public final class Snapshot implements RecordCut {
  private static final int RECORDS_AT_A_TIME = 16;
  private static final int AT_ONCE_BYTES = 1 << 20;

  private final Keyspace keyspace;
  private final Spool spool;
  private final RdbOutput out;
  private final RdbWriter writer;
  private final RdbOutput overtaking;
  private final RdbWriter overtakingWriter;
  private final long overtakingBytes;
  private final long[] sizes;
  private final long[] expiringSizes;
  private final ArrayDeque<Detached> detached = new ArrayDeque<>();
  private final boolean atOnce;
  private int scanned;
  private boolean begun;
  private long cursor;
  private long pendingRecord;
  private ValueWriter.@Nullable Walk pending;
  private long records;
  private boolean complete;
  private boolean flushed;

  /** What an emptied database has left, and how far it was taken down. */
  private static final class Detached {
    final Database database;
    final int number;
    final DetachedKeys keys;
    long cursor;
    boolean done;

    Detached(Database database, DetachedKeys keys) {
      this.database = database;
      // SWAPDB may give the database another number.
      number = database.cutNumber();
      this.keys = keys;
    }
  }

  /**
   * Makes the cut. Under the engine lock.
   *
   * @param target where to; used without the lock
   * @throws IllegalStateException when another snapshot is going on
   */
  public Snapshot(
      Keyspace keyspace, Functions functions, OutputStream target, SnapshotOptions options) {
    this(keyspace, functions, target, options, /* atOnce= */ false);
  }

  private Snapshot(
      Keyspace keyspace,
      Functions functions,
      OutputStream target,
      SnapshotOptions options,
      boolean atOnce) {
    this.keyspace = keyspace;
    this.atOnce = atOnce;
    spool = new Spool(target, options.checksum(), options.memoryBytes());
    out = new RdbOutput(spool, options.compress());
    writer = new RdbWriter(out, keyspace);
    // Gathered whole, as it may have to wait for the end of a large value.
    overtaking = new RdbOutput(null, options.compress());
    overtakingWriter = new RdbWriter(overtaking, keyspace);
    overtakingBytes = options.memoryBytes() / 4;
    int databases = keyspace.databaseCount();
    sizes = new long[databases];
    expiringSizes = new long[databases];
    for (int i = 0; i < databases; i++) {
      sizes[i] = keyspace.database(i).size();
      expiringSizes[i] = keyspace.database(i).expiringSize();
    }
    long expiringHashes = 0;
    for (int i = 0; i < databases; i++) {
      expiringHashes += keyspace.database(i).expiringHashes();
    }
    if (!atOnce) {
      keyspace.beginCut(this);
    }
    writer.writeHeader(
        expiringHashes > 0 ? RdbFormat.VERSION_WITH_FIELD_TTLS : RdbFormat.VERSION,
        options.aofBase());
    for (Bytes source : functions.sources()) {
      writer.writeFunctions(source);
    }
  }

  /**
   * Writes everything in one go, whoever else may be taking it down. Under the engine lock, which
   * is held until all is written.
   */
  static void write(
      Keyspace keyspace,
      Functions functions,
      OutputStream target,
      SnapshotOptions options,
      Delay delay)
      throws IOException {
    Snapshot snapshot = new Snapshot(keyspace, functions, target, options, /* atOnce= */ true);
    while (snapshot.scan(delay.isNone() ? AT_ONCE_BYTES : 1)) {
      snapshot.drain();
      delay.pass(() -> false);
    }
    snapshot.finish();
  }

  /** How many keys were taken down. */
  public long records() {
    return records;
  }

  /** Whether databases were emptied before all was taken down: it will never be complete. */
  public boolean isFlushed() {
    return flushed;
  }

  /** How often somebody who changed a key had to wait for the target. */
  public long stalls() {
    return spool.stalls();
  }

  /**
   * Takes down some more. Under the engine lock.
   *
   * @param mostBytes about how many bytes
   * @return false when there is nothing left, or when it {@link #isFlushed}
   */
  public boolean scan(int mostBytes) {
    long end = out.total() + mostBytes;
    while (!complete && !flushed && out.total() < end) {
      if (pending != null) {
        walkOn(end);
      } else {
        scanRecords();
      }
    }
    return !complete && !flushed;
  }

  private void scanRecords() {
    Detached left = detached.peekFirst();
    if (left != null) {
      scanDetached(left);
      return;
    }
    if (scanned == sizes.length) {
      complete = true;
      if (!atOnce) {
        keyspace.endCut();
      }
      writer.writeEnd();
      out.flush();
      return;
    }
    if (!begun) {
      begun = true;
      if (sizes[scanned] > 0) {
        writer.writeSize(scanned, sizes[scanned], expiringSizes[scanned]);
      }
    }
    Database database = atOnce ? keyspace.database(scanned) : databaseAtCut(scanned);
    int number = scanned;
    cursor =
        database.scan(cursor, RECORDS_AT_A_TIME, record -> scanRecord(number, database, record));
    if (cursor == 0) {
      scanned++;
      begun = false;
    }
  }

  private void scanDetached(Detached left) {
    if (left.done) {
      // Only now, as its last record may have been a large one.
      detached.removeFirst();
      left.keys.release();
      return;
    }
    left.cursor =
        left.keys.scan(
            left.cursor,
            RECORDS_AT_A_TIME,
            record -> scanRecord(left.number, left.database, record));
    left.done = left.cursor == 0;
  }

  /** Where the records are now that were in a database at the cut: SWAPDB moves them. */
  private Database databaseAtCut(int number) {
    for (int i = 0; i < keyspace.databaseCount(); i++) {
      if (keyspace.database(i).cutNumber() == number) {
        return keyspace.database(i);
      }
    }
    throw new IllegalStateException("no database was " + number);
  }

  private void scanRecord(int number, Database database, long record) {
    if (!atOnce && !keyspace.takeForCut(record)) {
      return;
    }
    records++;
    if (pending != null) {
      // Another record of the same step is a large one, which is not finished.
      overtakingWriter.writeKey(number, database, record);
      return;
    }
    pending = writer.beginKey(number, database, record);
    if (pending != null && !atOnce) {
      pendingRecord = record;
      keyspace.openForCut(record);
    }
  }

  private void walkOn(long end) {
    ValueWriter.Walk walk = pending;
    while (walk != null && out.total() < end) {
      if (!walk.step()) {
        endWalk();
        return;
      }
    }
  }

  private void finishWalk() {
    walkOn(Long.MAX_VALUE);
  }

  private void endWalk() {
    pending = null;
    pendingRecord = 0;
    if (!atOnce) {
      keyspace.openForCut(0);
    }
    if (overtaking.size() > 0) {
      Bytes bytes = overtaking.bytes();
      out.putBytes(bytes.array(), bytes.offset(), bytes.length());
      overtaking.clear();
      overtakingWriter.deselect();
      writer.deselect();
    }
  }

  @Override
  public void beforeChange(Database database, long record) {
    if (record == pendingRecord) {
      finishWalk();
      return;
    }
    records++;
    if (pending == null) {
      writer.writeKey(database.cutNumber(), database, record);
      return;
    }
    overtakingWriter.writeKey(database.cutNumber(), database, record);
    if (overtaking.size() > overtakingBytes) {
      finishWalk();
    }
  }

  @Override
  public void onDetached(Database database, DetachedKeys keys) {
    detached.addLast(new Detached(database, keys));
  }

  @Override
  public void beforeFlush() {
    // The arena forgets what they hold with all the rest.
    detached.clear();
    flushed = true;
    pending = null;
    pendingRecord = 0;
    keyspace.endCut();
  }

  /** Gives up; what was written is of no use. Under the engine lock. */
  public void abandon() {
    if (!complete && !flushed) {
      detached.forEach(left -> left.keys.release());
      beforeFlush();
    }
  }

  /** Writes what was gathered. Without the engine lock. */
  public void drain() throws IOException {
    spool.drain();
  }

  /** Writes what is left, when all was taken down, and the check sum. Without the engine lock. */
  public void finish() throws IOException {
    spool.finish();
  }
}
