package io.pillion.engine.keyspace;

import io.pillion.engine.memory.Arena;

/**
 * Who goes when memory is short: how much each key is used, and, of a sample, which deserves least
 * to stay. Used under the engine lock.
 */
public final class Eviction {
  private final Keyspace keyspace;
  private final Arena arena;
  private final KeyspaceSettings settings;
  private final Discarded discarded;

  /** As {@link Keyspace#now}, but goes on while that stands still. */
  private long now;

  private long evicted;
  private int turn;

  Eviction(Keyspace keyspace) {
    this.keyspace = keyspace;
    arena = keyspace.arena();
    settings = keyspace.settings();
    discarded = keyspace.discarded();
  }

  /** Says what time it is, in Unix milliseconds. */
  void now(long millis) {
    now = millis;
  }

  // --- how much a key is used

  /** A key was used. */
  void use(long record) {
    if (settings.policy.countsUses()) {
      KeyRecord.clock(
          arena,
          record,
          EvictionClock.used(KeyRecord.clock(arena, record), now, settings, keyspace.random()));
    } else {
      KeyRecord.clock(arena, record, EvictionClock.lastUse(now));
    }
  }

  /** The clock of a new record. */
  int initialClock() {
    return settings.policy.countsUses()
        ? EvictionClock.counter(EvictionClock.INITIAL_COUNT, now)
        : EvictionClock.lastUse(now);
  }

  /** How long ago a key was used, in milliseconds. */
  public long idleMillis(long record) {
    return EvictionClock.idleMillis(KeyRecord.clock(arena, record), keyspace.now());
  }

  /** When a key was last used, in Unix milliseconds; the same until it is used again. */
  public long lastUseMillis(long record) {
    return EvictionClock.lastUseMillis(KeyRecord.clock(arena, record), keyspace.now());
  }

  /** How often a key is used: the logarithmic counter of an LFU policy. */
  public int frequency(long record) {
    return EvictionClock.frequency(
        KeyRecord.clock(arena, record), keyspace.now(), settings.lfuDecayMinutes);
  }

  /** Says how long ago a key was used; nothing happens under an LFU policy. */
  public void idleMillis(long record, long millis) {
    if (!settings.policy.countsUses()) {
      KeyRecord.clock(arena, record, EvictionClock.idleFor(millis, keyspace.now()));
    }
  }

  /**
   * Says how often a key is used; nothing happens but under an LFU policy.
   *
   * @param count the logarithmic counter, from 0 to 255
   */
  public void frequency(long record, int count) {
    if (settings.policy.countsUses()) {
      KeyRecord.clock(arena, record, EvictionClock.counter(count, keyspace.now()));
    }
  }

  // --- who goes

  /** How many keys were evicted. */
  public long evictedCount() {
    return evicted;
  }

  void resetCount() {
    evicted = 0;
  }

  /** Whether more memory is used than allowed. */
  public boolean isOverLimit(long otherBytes) {
    long limit = settings.limitBytes();
    return limit > 0 && arena.usedBytes() + otherBytes > limit;
  }

  /**
   * Evicts until no more memory is used than allowed.
   *
   * @param otherBytes what is used beside the arena and counts too
   * @return false when it is still more, and nothing may go
   */
  public boolean makeRoom(long otherBytes) {
    while (isOverLimit(otherBytes)) {
      if (!evictOne()) {
        return false;
      }
    }
    return true;
  }

  /** Evicts one key; false when none may go. */
  public boolean evictOne() {
    if (!discarded.isEmpty()) {
      // What is going already goes first.
      discarded.freeSome(Discarded.FREED_IN_NEED);
      return true;
    }
    EvictionPolicy policy = settings.policy;
    if (policy.order() == EvictionPolicy.Order.NONE) {
      return false;
    }
    Database bestDatabase = null;
    long best = 0;
    long bestScore = Long.MIN_VALUE;
    int databases = keyspace.databaseCount();
    int samples = samples(policy);
    for (int i = 0; i < databases; i++) {
      Database database = keyspace.database((turn + i) % databases);
      if ((policy.volatileOnly() ? database.expiry().size() : database.size()) == 0) {
        continue;
      }
      if (policy.order() == EvictionPolicy.Order.RANDOM && bestDatabase != null) {
        break;
      }
      for (int s = 0; s < samples; s++) {
        long record = sample(database, policy);
        long score = score(record, policy);
        if (bestDatabase == null || score > bestScore) {
          bestDatabase = database;
          best = record;
          bestScore = score;
        }
      }
    }
    turn++;
    if (bestDatabase == null) {
      return false;
    }
    evicted++;
    bestDatabase.evict(best);
    return true;
  }

  private int samples(EvictionPolicy policy) {
    return switch (policy.order()) {
      case RANDOM, TTL, NONE -> 1;
      case LRU, LFU -> settings.samples;
    };
  }

  private long sample(Database database, EvictionPolicy policy) {
    if (policy.order() == EvictionPolicy.Order.TTL) {
      return database.expiry().soonest();
    }
    return policy.volatileOnly()
        ? database.expiry().any(keyspace.random())
        : database.any(keyspace.random());
  }

  /** How much a key deserves to go. */
  private long score(long record, EvictionPolicy policy) {
    return switch (policy.order()) {
      case LRU -> EvictionClock.idleMillis(KeyRecord.clock(arena, record), keyspace.now());
      case LFU ->
          255
              - EvictionClock.frequency(
                  KeyRecord.clock(arena, record), keyspace.now(), settings.lfuDecayMinutes);
      case TTL -> -KeyRecord.deadline(arena, record);
      case RANDOM, NONE -> 0;
    };
  }
}
