package io.pillion.engine.keyspace;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Lease;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.world.World;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** All databases of an engine, and the memory they share. Used under the engine lock. */
public final class Keyspace {
  private final World world;
  private final Arena arena;
  private final KeyspaceSettings settings;
  private final long hashSeed;
  private final Database[] databases;
  private final Discarded discarded;
  private final Eviction eviction;
  private @Nullable KeyListener listener;
  private long now;

  private long clockLooks;
  private long randomState;
  private long nextDue = Long.MAX_VALUE;
  private long expired;
  private long expiredFields;
  private boolean expiryPaused;
  private boolean keepsExpired;
  private @Nullable RecordCut cut;
  private long spilledBytes;
  private boolean findsMayChange;
  private int epoch;
  private long openRecord;

  /**
   * @param databases how many databases there are, numbered from 0
   */
  public Keyspace(World world, Arena arena, KeyspaceSettings settings, int databases) {
    this.world = world;
    this.arena = arena;
    this.settings = settings;
    discarded = new Discarded(arena);
    eviction = new Eviction(this);
    hashSeed = world.randomLong();
    randomState = world.randomLong() | 1;
    now = world.wallMillis();
    this.databases = new Database[databases];
    for (int i = 0; i < databases; i++) {
      this.databases[i] = new Database(this, i);
    }
  }

  /** Where the data are. */
  public Arena arena() {
    return arena;
  }

  /** Who goes when memory is short. */
  public Eviction eviction() {
    return eviction;
  }

  /** What of the configuration concerns keys. */
  public KeyspaceSettings settings() {
    return settings;
  }

  /** How many databases there are. */
  public int databaseCount() {
    return databases.length;
  }

  /** The database of a number, from 0 on. */
  public Database database(int number) {
    return databases[number];
  }

  /** Unix milliseconds as all commands of one hold of the lock see them. */
  public long now() {
    return now;
  }

  /** Looks at the clock. */
  public void refreshNow() {
    clockLooks++;
    now = world.wallMillis();
    eviction.now(now);
  }

  /** How often somebody looked at the clock: whoever takes the engine lock does once. */
  public long clockLooks() {
    return clockLooks;
  }

  /**
   * Lets time stand still at 0 until it is looked at again: no deadline has come, even one that is
   * set now.
   */
  public void stopClock() {
    now = 0;
  }

  /** 64 random bits for samples; not for secrets. */
  public long random() {
    randomState ^= randomState << 13;
    randomState ^= randomState >>> 7;
    randomState ^= randomState << 17;
    return randomState * 0x2545_F491_4F6C_DD1DL;
  }

  // --- the cut of a snapshot

  private static final int MAX_EPOCH = 0xFFFF;

  /** Strings from this size on may be read outside the lock. */
  public static final int SHARED_BYTES = Arena.MAX_SMALL;

  /** Longer strings are not taken down at once. */
  public static final int LARGE_STRING_BYTES = 64 << 10;

  /**
   * Begins to tell somebody of every record before it changes; one at a time.
   *
   * @throws IllegalStateException when somebody is told already
   */
  public void beginCut(RecordCut newCut) {
    if (cut != null) {
      throw new IllegalStateException("two cuts at once");
    }
    if (epoch == MAX_EPOCH) {
      for (Database database : databases) {
        database.forgetEpochs();
      }
      epoch = 0;
    }
    epoch++;
    for (Database database : databases) {
      database.cutNumber(database.number());
    }
    cut = newCut;
    arena.watcher(newCut);
  }

  /** Tells nobody any more. */
  public void endCut() {
    RecordCut ended = cut;
    if (ended != null) {
      spilledBytes += ended.spilledBytes();
    }
    cut = null;
    arena.watcher(null);
    openRecord = 0;
    findsMayChange = false;
  }

  /**
   * Says which record is being taken down over some time, or 0: who takes it down is told of it,
   * too, before it changes.
   */
  public void openForCut(long record) {
    openRecord = record;
  }

  /** All data are about to go: whoever is told of changes takes down no more. */
  public void giveUpCut() {
    RecordCut current = cut;
    if (current != null) {
      current.beforeFlush();
    }
  }

  /** Whether changes have to wait for whoever is told of them. */
  public boolean isCutFull() {
    RecordCut current = cut;
    return current != null && current.isFull();
  }

  /** How many bytes who is told of changes has gathered and not written yet. */
  public long cutHeldBytes() {
    RecordCut current = cut;
    return current == null ? 0 : current.heldBytes();
  }

  /** The most that this was during the cut that is going on; 0 when none is. */
  public long cutPeakBytes() {
    RecordCut current = cut;
    return current == null ? 0 : current.peakBytes();
  }

  /** How many bytes were moved to a file meanwhile, during all cuts so far. */
  public long cutSpilledBytes() {
    RecordCut current = cut;
    return spilledBytes + (current == null ? 0 : current.spilledBytes());
  }

  /** Whether who watches a large collection that nobody can reach any more needs it still. */
  boolean isRetained(ValueType type, long root) {
    RecordCut current = cut;
    if (current == null) {
      return false;
    }
    int watch = Values.watch(arena, type, root);
    return watch != 0 && current.retain(watch, type, root);
  }

  /** Gives the memory of a collection back that nobody can reach any more. */
  public void discard(ValueType type, long root) {
    if (Values.isLarge(arena, type, root)) {
      discarded.add(type, root);
    } else {
      Values.free(arena, type, root);
    }
  }

  /** Gives the memory of a string's record back that nobody can reach any more. */
  public void discard(long record) {
    arena.free(record);
  }

  /** A record is in no database any more: its memory is given back, by now or by the cut. */
  void free(long record) {
    RecordCut current = cut;
    if (current == null || !current.retain(record)) {
      arena.free(record);
    }
  }

  /**
   * Whether a string is better replaced than changed, as its bytes may have to stay: for the cut,
   * or for who reads them outside the lock.
   */
  boolean isBetterReplaced(long record) {
    return (cut != null && KeyRecord.valueLength(arena, record) > LARGE_STRING_BYTES)
        || isLeased(record);
  }

  /** Whether the bytes of a string are being read outside the lock, so that they must stay. */
  boolean isLeased(long record) {
    return KeyRecord.valueLength(arena, record) >= SHARED_BYTES && arena.isLeased(record);
  }

  /**
   * Takes a block for a large string that has yet to come, outside the lock: see {@link
   * Database#setString(io.pillion.engine.memory.Bytes, Lease, long)}.
   *
   * @param keyLength how long its key will be, if known
   * @param length at least {@link #SHARED_BYTES}
   * @return null when there is no room
   */
  public @Nullable Lease leaseForString(int keyLength, int length) {
    arena.takeBack();
    int gap = keyLength <= LARGE_STRING_BYTES ? keyLength : 0;
    try {
      return arena.allocateLeased(KeyRecord.wideKeyOffset() + gap, length);
    } catch (OutOfArenaException full) {
      return null;
    }
  }

  /** Bytes that a string has are about to change, other than by adding some at its end. */
  void beforeStringChange(long record) {
    RecordCut current = cut;
    if (current != null) {
      current.beforeStringChange(record);
    }
  }

  /** The world that the data live in. */
  public World world() {
    return world;
  }

  /** Whether somebody is told of records before they change. */
  public boolean isCut() {
    return cut != null;
  }

  /**
   * Says whether who finds a record from now on may change it.
   *
   * @return what was said before
   */
  public boolean findsMayChange(boolean yes) {
    boolean before = findsMayChange;
    findsMayChange = yes && cut != null;
    return before;
  }

  /** Whether the cut has not seen a record that was there when it began; it has afterwards. */
  public boolean takeForCut(long record) {
    if (KeyRecord.epoch(arena, record) == epoch) {
      return false;
    }
    KeyRecord.epoch(arena, record, epoch);
    return true;
  }

  /** A record was found, by somebody who may be about to change it. */
  void found(Database database, long record) {
    if (findsMayChange) {
      beforeChange(database, record);
    }
  }

  /** A record is about to change, or to go. */
  void beforeChange(Database database, long record) {
    RecordCut current = cut;
    if (current != null && (record == openRecord || takeForCut(record))) {
      current.beforeChange(database, record);
    }
  }

  int epoch() {
    return epoch;
  }

  // --- whole databases

  /**
   * Empties one database.
   *
   * @param lazily whether its memory may be given back bit by bit, as it is in any case while
   *     somebody is told of records
   */
  public void flush(Database database, boolean lazily) {
    listener().beforeFlush(database);
    RecordCut current = cut;
    if (current != null && database.size() > 0) {
      current.onDetached(database, database.detach());
    } else {
      database.clear(lazily);
    }
    listener().onFlush();
  }

  /** Empties all databases at once, whatever their size. */
  public void flushAll() {
    giveUpCut();
    for (Database database : databases) {
      listener().beforeFlush(database);
    }
    arena.reset();
    discarded.forget();
    for (Database database : databases) {
      database.renew();
    }
    nextDue = Long.MAX_VALUE;
    listener().onFlush();
  }

  // --- what is freed bit by bit

  Discarded discarded() {
    return discarded;
  }

  /** Whether large values wait to be freed. */
  public boolean hasDiscarded() {
    return !discarded.isEmpty();
  }

  /**
   * Frees some of the values that wait for it.
   *
   * @param blocks about how many blocks
   */
  public void reclaim(int blocks) {
    discarded.freeSome(blocks);
  }

  /** Frees more of what waits the less memory is left: a command is about to need some. */
  public void reclaimInNeed() {
    long left = arena.budgetBytes() - arena.usedBytes();
    if (left < arena.budgetBytes() / 16) {
      discarded.freeSome(Integer.MAX_VALUE);
    } else if (left < arena.budgetBytes() / 4) {
      discarded.freeSome(Discarded.FREED_IN_NEED);
    }
  }

  /** How many values wait to be freed. */
  public long discardedCount() {
    return discarded.pending();
  }

  /** How many values were freed bit by bit. */
  public long lazilyFreedCount() {
    return discarded.freed();
  }

  /** Exchanges two databases: each number now means what the other did. */
  public void swap(int first, int second) {
    databases[first].exchange(databases[second]);
    listener().onSwap(databases[first], databases[second]);
  }

  // --- expiry

  /** When keys may have to leave at the earliest, in Unix milliseconds. */
  public long nextDue() {
    return nextDue;
  }

  /**
   * Removes keys whose time has come.
   *
   * @param most how many at most
   * @return whether there may be more
   */
  public boolean expireDue(int most) {
    if (!settings.activeExpiry || isExpiryPaused()) {
      return false;
    }
    int left = most;
    nextDue = Long.MAX_VALUE;
    for (Database database : databases) {
      left -= database.expireDue(left);
      left -= database.fieldExpiry().expireDue(left);
      nextDue = Math.min(nextDue, database.expiry().nextDue());
      nextDue = Math.min(nextDue, database.fieldExpiry().nextDue());
    }
    return left <= 0;
  }

  /**
   * Says whether keys whose time has come stay, without being found: while clients are paused
   * nothing may change.
   */
  public void pauseExpiry(boolean paused) {
    expiryPaused = paused;
  }

  boolean isExpiryPaused() {
    return expiryPaused || keepsExpired;
  }

  /**
   * Says whether keys whose time has come stay, without being found, because another server says
   * when they go.
   */
  public void keepExpired(boolean yes) {
    keepsExpired = yes;
  }

  /** Whether keys whose time has come stay until another server says that they go. */
  public boolean keepsExpired() {
    return keepsExpired;
  }

  /** How many fields of hashes left because their time had come. */
  public long expiredFieldCount() {
    return expiredFields;
  }

  /** How many keys left because their time had come. */
  public long expiredCount() {
    return expired;
  }

  /** Counts keys that expired or were evicted anew. */
  public void resetCounts() {
    discarded.resetFreed();
    expiredFields = 0;
    expired = 0;
    eviction.resetCount();
  }

  // --- for databases

  KeyListener listener() {
    return Objects.requireNonNull(listener, "no listener yet");
  }

  /** Says who is told of every change, before the first command. */
  public void listener(KeyListener newListener) {
    listener = newListener;
  }

  long hashSeed() {
    return hashSeed;
  }

  void countExpired() {
    expired++;
  }

  void countExpiredFields(long count) {
    expiredFields += count;
  }

  void dueAt(long deadline) {
    if (deadline < nextDue) {
      nextDue = deadline;
    }
  }
}
