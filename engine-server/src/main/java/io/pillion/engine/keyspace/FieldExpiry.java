package io.pillion.engine.keyspace;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The hashes of a database that have fields with a time to live, in the order in which the first
 * field of each leaves. Used under the engine lock.
 */
public final class FieldExpiry {
  private final Keyspace keyspace;
  private final Database database;
  private final Arena arena;
  private ExpiryWheel wheel;

  FieldExpiry(Keyspace keyspace, Database database) {
    this.keyspace = keyspace;
    this.database = database;
    arena = keyspace.arena();
    wheel = newWheel();
  }

  private ExpiryWheel newWheel() {
    return new ExpiryWheel(arena, keyspace.now(), record -> HashValue.alarm(arena, root(record)));
  }

  private long root(long record) {
    return arena.getLong(KeyRecord.rootCell(arena, record));
  }

  private HashValue hashValue(long record) {
    return new HashValue(arena, KeyRecord.rootCell(arena, record), keyspace.settings().types);
  }

  /** How many hashes there are. */
  public long size() {
    return wheel.size();
  }

  /** When a field may leave at the earliest, in Unix milliseconds. */
  long nextDue() {
    return wheel.nextDue();
  }

  // --- which hash has fields that leave

  /** Makes sure that {@link #changed} cannot fail for want of memory. */
  public void reserve() {
    wheel.reserve();
  }

  /**
   * Must be called when the earliest deadline among the fields of a hash may have become another:
   * it is filed accordingly. After {@link #reserve}.
   */
  public void changed(long record) {
    long root = root(record);
    if (!HashValue.mayExpire(arena, root)) {
      return;
    }
    long earliest = hashValue(record).earliestDeadline();
    long alarm = earliest == HashValue.NEVER ? Long.MAX_VALUE : earliest;
    if (alarm != HashValue.alarm(arena, root)) {
      stop(record);
      if (alarm != Long.MAX_VALUE) {
        start(record, alarm);
      }
    }
  }

  private void start(long record, long alarm) {
    HashValue.timer(arena, root(record), wheel.add(record, alarm), alarm);
    keyspace.dueAt(alarm);
  }

  /** A record leaves this database, or is freed. */
  void stop(long record) {
    int timer = timer(record);
    if (timer != HashValue.NO_TIMER) {
      wheel.remove(timer);
      HashValue.timer(arena, root(record), HashValue.NO_TIMER, Long.MAX_VALUE);
    }
  }

  /** Whether a record, of whatever type, has fields that leave. */
  boolean has(long record) {
    return timer(record) != HashValue.NO_TIMER;
  }

  private int timer(long record) {
    if (KeyRecord.type(arena, record) != ValueType.HASH
        || !HashValue.mayExpire(arena, root(record))) {
      return HashValue.NO_TIMER;
    }
    return HashValue.timer(arena, root(record));
  }

  /** A record has moved, to here; nothing happens if it has no fields that leave. */
  void moved(long record) {
    int timer = timer(record);
    if (timer != HashValue.NO_TIMER) {
      wheel.moved(timer, record);
    }
  }

  /** A hash has come from another database, as this record that the arena knows it by now. */
  void moveFrom(FieldExpiry other, long record) {
    other.wheel.remove(timer(record));
    start(record, HashValue.alarm(arena, root(record)));
  }

  // --- fields that leave

  /** Whether fields of a hash may be there whose time has come. */
  public boolean areDue(long record) {
    long root = root(record);
    return HashValue.mayExpire(arena, root) && HashValue.alarm(arena, root) <= keyspace.now();
  }

  private boolean mayExpire(long record) {
    return areDue(record) && !keyspace.isExpiryPaused();
  }

  /**
   * Removes fields of a hash whose time has come, the first to leave first; the hash as a whole
   * when none would be left; nothing while clients are paused: then they are only not found.
   *
   * @param most how many fields at most, so that nobody waits for a million
   * @return the record, or 0 when it is gone
   */
  public long expire(Bytes key, long record, int most) {
    if (!mayExpire(record)) {
      return record;
    }
    HashValue hash = hashValue(record);
    List<Bytes> due = hash.due(keyspace.now(), most);
    if (due.isEmpty()) {
      changed(record);
      return record;
    }
    if (hash.asOf(keyspace.now()).size() == 0) {
      long count = hash.asOf(0).size();
      Bytes kept = key.copy();
      database.remove(database.hash(kept), record, keyspace.settings().lazyExpire);
      keyspace.countExpiredFields(count);
      keyspace.listener().onFieldsExpired(database, kept, due, /* emptied= */ true);
      return 0;
    }
    remove(key, record, hash.asOf(0), due);
    return record;
  }

  /**
   * Removes those of these fields whose time has come, when others must be left: what a command
   * says of a field must hold also where it is carried out again, without a clock.
   *
   * @param fields of which others than the hash has are passed over
   */
  public void expire(Bytes key, long record, Iterable<Bytes> fields) {
    if (!mayExpire(record)) {
      return;
    }
    HashValue hash = hashValue(record);
    Set<Bytes> due = new LinkedHashSet<>();
    for (Bytes field : fields) {
      long deadline = hash.deadline(field);
      if (deadline != HashValue.NEVER && deadline <= keyspace.now()) {
        due.add(field.copy());
      }
    }
    if (!due.isEmpty()) {
      remove(key, record, hash, List.copyOf(due));
    }
  }

  private void remove(Bytes key, long record, HashValue hash, List<Bytes> due) {
    keyspace.beforeChange(database, record);
    Bytes kept = key.copy();
    due.forEach(hash::remove);
    changed(record);
    keyspace.countExpiredFields(due.size());
    keyspace.listener().onFieldsExpired(database, kept, due, /* emptied= */ false);
  }

  /**
   * Removes fields whose time has come.
   *
   * @param most how many at most
   * @return how many were removed, and hashes looked at in vain
   */
  int expireDue(int most) {
    int left = most;
    while (left > 0) {
      long record = wheel.due(keyspace.now());
      if (record == 0) {
        break;
      }
      long before = keyspace.expiredFieldCount();
      expire(database.key(record), record, left);
      left -= (int) Math.min(left, Math.max(1, keyspace.expiredFieldCount() - before));
    }
    return most - left;
  }

  // --- all of them

  /** Forgets all hashes. */
  void clear() {
    wheel.free();
    renew();
  }

  /** Starts empty on an arena that has forgotten everything. */
  void renew() {
    wheel = newWheel();
  }

  /** Takes over the other's hashes, and gives it those that were here. */
  void exchange(FieldExpiry other) {
    ExpiryWheel kept = wheel;
    wheel = other.wheel;
    other.wheel = kept;
  }
}
