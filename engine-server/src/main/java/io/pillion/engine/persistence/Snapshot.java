package io.pillion.engine.persistence;

import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.datatype.Watch;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.DetachedKeys;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.RecordCut;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
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
 * <p>A large value is frozen when its turn comes, or when somebody is about to change it: from then
 * on it is written part by part, over many scans, and whoever is about to change a part that was
 * not written yet has that part gathered: {@link FrozenValue}, {@link FrozenString}. What of other
 * keys is taken down while one is written is gathered apart, and follows it.
 *
 * <p>A database that is emptied meanwhile leaves its records to the snapshot, which takes them down
 * and only then lets their memory go. When all databases are emptied at once it is given up.
 *
 * <p>What was gathered and not written takes memory up to a budget: {@link SnapshotMemory}. From an
 * eighth of it on it is moved to a file; when it is used up all the same, because the disk is too
 * slow, {@link #isFull} has changes wait.
 */
public final class Snapshot implements RecordCut {
  /** What is taken down in one hold of the lock, for as long as nobody may notice. */
  public static final int BYTES_AT_A_TIME = 8 << 10;

  /** And for how long, where the bytes are hard to come by. */
  private static final long NANOS_AT_A_TIME = 20_000;

  private static final int RECORDS_AT_A_TIME = 2;
  private static final int MAX_STEPS = 256;
  private static final long OTHERS_STAY_NANOS = 20_000_000;

  /** Half of what would be moved to a file: it is about to be written. */
  private static final int AT_ONCE_BYTES = 256 << 10;

  private static final long MOST_AT_ONCE_BYTES = 4L << 20;

  private final Keyspace keyspace;
  private final Breaks breaks;
  private final SnapshotMemory memory;
  private final Spool spool;
  private final RdbOutput out;
  private final RdbWriter writer;
  private final RdbOutput overtaking;
  private final RdbWriter overtakingWriter;
  private final FrozenValue.Outputs outputs;
  private final Map<Integer, FrozenValue> frozen = new HashMap<>();
  private final ArrayDeque<Integer> waiting = new ArrayDeque<>();
  private final ArrayDeque<FrozenString> waitingStrings = new ArrayDeque<>();

  /** By their records: those of which somebody may change what was not taken down yet. */
  private final Map<Long, FrozenString> strings = new HashMap<>();

  private final long[] sizes;
  private final long[] expiringSizes;
  private final ArrayDeque<Detached> detached = new ArrayDeque<>();
  private final boolean atOnce;
  private int scanned;

  /** What is done with each record, made once, and where they are that it is done with. */
  private final Database.KeyVisitor takesDown;

  private Database scannedDatabase;
  private boolean begun;
  private long cursor;
  private long pendingRecord;
  private ValueWriter.@Nullable Walk pending;
  private int lastWatch;

  /** The number of the frozen value whose turn it is, or 0. */
  private int current;

  private @Nullable FrozenString currentString;
  private Parcel overtaken;
  private long records;
  private long lastLooks;

  /** When the hold of the lock is to end that is going on. */
  private long until;

  private boolean othersCame;
  private long othersCameNanos;
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
    // Without keys there is nothing that somebody could change before it is written.
    this(
        keyspace,
        functions,
        target,
        options,
        /* atOnce= */ options.contents() != SnapshotOptions.Contents.ALL);
  }

  private Snapshot(
      Keyspace keyspace,
      Functions functions,
      OutputStream target,
      SnapshotOptions options,
      boolean atOnce) {
    if (!atOnce && keyspace.isCut()) {
      // Before anything is taken that would have to be given back.
      throw new IllegalStateException("two cuts at once");
    }
    this.keyspace = keyspace;
    this.atOnce = atOnce;
    scannedDatabase = keyspace.database(0);
    takesDown = record -> scanRecord(scanned, scannedDatabase, record);
    long memoryBytes =
        atOnce ? Math.min(options.memoryBytes(), MOST_AT_ONCE_BYTES) : options.memoryBytes();
    breaks = atOnce ? Breaks.none(keyspace.world()) : Breaks.often(keyspace.world());
    memory = new SnapshotMemory(keyspace.world(), options.folder(), memoryBytes);
    spool = new Spool(target, options.checksum(), options.compress(), memory, breaks);
    out = RdbOutput.draft(spool, options.compress());
    writer = new RdbWriter(out, keyspace, options.fieldTtls());
    overtaken = new Parcel(memory);
    overtaking =
        RdbOutput.draft((bytes, length) -> overtaken.accept(bytes, length), options.compress());
    overtakingWriter = new RdbWriter(overtaking, keyspace, options.fieldTtls());
    outputs =
        new FrozenValue.Outputs(
            memory,
            spool,
            out,
            RdbOutput.draft(/* sink= */ null, options.compress()),
            new RdbOutput(/* sink= */ null, /* compress= */ false),
            options.fieldTtls());
    othersCameNanos = keyspace.world().nanos() - OTHERS_STAY_NANOS;
    SnapshotOptions.Contents contents = options.contents();
    int databases = contents == SnapshotOptions.Contents.ALL ? keyspace.databaseCount() : 0;
    sizes = new long[databases];
    expiringSizes = new long[databases];
    for (int i = 0; i < databases; i++) {
      sizes[i] = keyspace.database(i).size();
      expiringSizes[i] = keyspace.database(i).expiry().size();
    }
    long expiringHashes = 0;
    for (int i = 0; i < databases; i++) {
      expiringHashes += keyspace.database(i).fieldExpiry().size();
    }
    if (!atOnce) {
      keyspace.beginCut(this);
    }
    writer.writeHeader(
        expiringHashes > 0 ? options.fieldTtls().version() : RdbFormat.VERSION,
        options.aofBase(),
        options.point());
    if (contents != SnapshotOptions.Contents.NOTHING) {
      for (Bytes source : functions.sources()) {
        writer.writeFunctions(source);
      }
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
    long before = 0;
    try {
      while (snapshot.scan(delay.isNone() ? AT_ONCE_BYTES : 1)) {
        snapshot.drain();
        delay.pass(snapshot.records() - before, () -> false);
        before = snapshot.records();
      }
      snapshot.finish();
    } finally {
      snapshot.memory.close();
    }
  }

  /** How many keys were taken down. */
  public long records() {
    return records;
  }

  /** Whether databases were emptied before all was taken down: it will never be complete. */
  public boolean isFlushed() {
    return flushed;
  }

  /**
   * Takes down some more. Under the engine lock.
   *
   * @param mostBytes about how many bytes
   * @return false when there is nothing left, or when it {@link #isFlushed}
   */
  public boolean scan(int mostBytes) {
    long looks = keyspace.clockLooks();
    // This is one of them.
    othersCame = looks - lastLooks > 1;
    lastLooks = looks;
    long end = out.total() + mostBytes;
    until = keyspace.world().nanos() + NANOS_AT_A_TIME;
    // There may be much to pass over that was taken down already.
    boolean more = true;
    for (int left = MAX_STEPS; left > 0 && more && !complete && !flushed; left--) {
      if (current != 0) {
        stepFrozen();
      } else if (currentString != null) {
        stepString(currentString);
      } else if (pending != null) {
        walkOn(pending, end);
      } else if (!waiting.isEmpty()) {
        beginFrozen(waiting.removeFirst());
      } else if (!waitingStrings.isEmpty()) {
        beginString(waitingStrings.removeFirst());
      } else {
        scanRecords();
      }
      more = goesOn(end);
    }
    return !complete && !flushed;
  }

  private boolean goesOn(long end) {
    return out.total() < end && (atOnce || keyspace.world().nanos() < until);
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
    scannedDatabase = atOnce ? keyspace.database(scanned) : databaseAtCut(scanned);
    cursor = scannedDatabase.scan(cursor, RECORDS_AT_A_TIME, takesDown);
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
    if (!atOnce && freeze(number, database, record)) {
      return;
    }
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

  private void walkOn(ValueWriter.Walk walk, long end) {
    do {
      if (!walk.step()) {
        endWalk();
        return;
      }
    } while (goesOn(end));
  }

  private void finishWalk(ValueWriter.Walk walk) {
    boolean more;
    do {
      more = walk.step();
    } while (more);
    endWalk();
  }

  private void endWalk() {
    pending = null;
    pendingRecord = 0;
    if (!atOnce) {
      keyspace.openForCut(0);
    }
    writeOvertaken();
  }

  /** What was taken down while a large value was written follows it. */
  private void writeOvertaken() {
    overtaking.flush();
    if (overtaken.size() > 0) {
      out.flush();
      spool.splice(overtaken, 0, overtaken.size(), /* last= */ true);
      overtaken = new Parcel(memory);
      overtakingWriter.deselect();
      writer.deselect();
    }
  }

  // --- large strings

  private void freezeString(int number, Database database, long record) {
    writer.writeHead(database, record, outputs.gathering());
    FrozenString string = new FrozenString(keyspace.arena(), database, number, record, outputs);
    strings.put(record, string);
    waitingStrings.addLast(string);
  }

  private void beginString(FrozenString string) {
    currentString = string;
    writer.select(string.number());
    string.begin();
  }

  private void stepString(FrozenString string) {
    if (!string.step()) {
      currentString = null;
      release(string);
      writeOvertaken();
    }
  }

  private void release(FrozenString string) {
    if (string.isRetained()) {
      keyspace.discard(string.record());
    } else {
      strings.remove(string.record(), string);
    }
  }

  @Override
  public void beforeStringChange(long record) {
    FrozenString string = strings.isEmpty() ? null : strings.remove(record);
    if (string != null) {
      string.beforeChange();
    }
  }

  @Override
  public boolean retain(long record) {
    FrozenString string = strings.isEmpty() ? null : strings.remove(record);
    if (string != null) {
      string.retain();
    }
    return string != null;
  }

  // --- large collections

  /** Freezes the value of a record that was not taken down, if it is a large one. */
  private boolean freeze(int number, Database database, long record) {
    if (FrozenString.isWorthIt(database, record)) {
      freezeString(number, database, record);
      return true;
    }
    Arena arena = keyspace.arena();
    TypeLimits limits = keyspace.settings().types;
    if (frozen.size() == Watch.MAX || !FrozenValue.isWorthIt(arena, limits, database, record)) {
      return false;
    }
    writer.writeHead(database, record, outputs.gathering());
    FrozenValue value = new FrozenValue(arena, limits, database, number, record, outputs);
    do {
      lastWatch = lastWatch == Watch.MAX ? 1 : lastWatch + 1;
    } while (frozen.containsKey(lastWatch));
    frozen.put(lastWatch, value);
    value.watch(lastWatch);
    // Soon, as what changes of it until then takes memory.
    waiting.addLast(lastWatch);
    return true;
  }

  private void beginFrozen(int watch) {
    current = watch;
    FrozenValue value = frozenValue(watch);
    writer.select(value.number());
    value.begin();
  }

  private FrozenValue frozenValue(int watch) {
    return Objects.requireNonNull(frozen.get(watch), "nothing is frozen under this number");
  }

  private void stepFrozen() {
    FrozenValue value = frozenValue(current);
    if (!value.step()) {
      frozen.remove(current);
      current = 0;
      release(value);
      writeOvertaken();
    }
  }

  private void release(FrozenValue value) {
    value.watch(0);
    value.end();
    memory.use(-value.ownBytes());
    ValueType type = value.retainedType();
    if (type != null) {
      keyspace.discard(type, value.retainedRoot());
    }
  }

  @Override
  public void beforeChange(int watch, long part) {
    FrozenValue value = frozen.get(watch);
    if (value != null) {
      value.beforeChange(part);
    }
  }

  @Override
  public void beforePendingChange(int watch, long tree, long ms, long seq) {
    FrozenValue value = frozen.get(watch);
    if (value != null) {
      value.beforePendingChange(tree, ms, seq);
    }
  }

  @Override
  public void beforePendingGoes(int watch, long tree) {
    FrozenValue value = frozen.get(watch);
    if (value != null) {
      value.beforePendingGoes(tree);
    }
  }

  @Override
  public void rootMoved(int watch, long root) {
    FrozenValue value = frozen.get(watch);
    if (value != null) {
      value.rootMoved(root);
    }
  }

  @Override
  public boolean retain(int watch, ValueType type, long root) {
    FrozenValue value = frozen.get(watch);
    if (value != null) {
      value.retain(type, root);
    }
    return value != null;
  }

  // --- what others do meanwhile

  @Override
  public boolean isFull() {
    return memory.isFull();
  }

  @Override
  public long heldBytes() {
    return memory.used();
  }

  @Override
  public long peakBytes() {
    return memory.peak();
  }

  @Override
  public long spilledBytes() {
    return memory.spilled();
  }

  @Override
  public void beforeChange(Database database, long record) {
    ValueWriter.Walk walk = pending;
    if (walk != null && record == pendingRecord) {
      finishWalk(walk);
      return;
    }
    records++;
    if (!freeze(database.cutNumber(), database, record)) {
      RdbWriter next =
          pending == null && current == 0 && currentString == null ? writer : overtakingWriter;
      next.writeKey(database.cutNumber(), database, record);
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
    frozen.clear();
    waiting.clear();
    strings.clear();
    waitingStrings.clear();
    current = 0;
    currentString = null;
    flushed = true;
    pending = null;
    pendingRecord = 0;
    if (!atOnce) {
      keyspace.endCut();
    }
  }

  /** Gives up; what was written is of no use. Under the engine lock. */
  public void abandon() {
    if (!complete && !flushed) {
      frozen.values().forEach(this::release);
      waitingStrings.forEach(this::release);
      if (currentString != null) {
        release(currentString);
      }
      detached.forEach(left -> left.keys.release());
      beforeFlush();
    }
    memory.close();
  }

  /**
   * Writes what was gathered. While others take the lock now and then, it leaves them as much time
   * as this and the scan before it took, also when they did nothing meanwhile, as they may be
   * waiting for the processor: they have half of one at least. Without the engine lock.
   */
  public void drain() throws IOException {
    if (othersCame) {
      othersCameNanos = keyspace.world().nanos();
    }
    boolean othersAreAbout = keyspace.world().nanos() - othersCameNanos < OTHERS_STAY_NANOS;
    breaks.giveWay(othersAreAbout);
    spool.drain();
    breaks.takeIfDue();
  }

  /**
   * Writes what is left, when all was taken down, and the check sum; then nobody makes a file for
   * what it gathers any more. Without the engine lock.
   */
  public void finish() throws IOException {
    spool.finish();
    memory.close();
    memory.closeFile();
  }
}
