package io.pillion.engine.keyspace;

import io.pillion.engine.memory.Arena;

/**
 * The keys of a database that have a time to live, in the order in which they leave. Used under the
 * engine lock.
 */
public final class KeyExpiry {
  private final Keyspace keyspace;
  private final Arena arena;
  private ExpiryWheel wheel;

  KeyExpiry(Keyspace keyspace) {
    this.keyspace = keyspace;
    arena = keyspace.arena();
    wheel = newWheel();
  }

  private ExpiryWheel newWheel() {
    return new ExpiryWheel(arena, keyspace.now(), record -> KeyRecord.deadline(arena, record));
  }

  /** How many keys have a time to live. */
  public long size() {
    return wheel.size();
  }

  /** How many bytes it takes to know which keys leave when, beside what the records hold. */
  public long bytes() {
    return wheel.bytes();
  }

  /** The average time to live of some of these keys, in milliseconds; 0 when there are none. */
  public long sampledTimeToLive(int samples) {
    if (size() == 0) {
      return 0;
    }
    double sum = 0;
    for (int i = 0; i < samples; i++) {
      long deadline = KeyRecord.deadline(arena, any(keyspace.random()));
      sum += Math.max(0, deadline - keyspace.now());
    }
    return (long) (sum / samples);
  }

  /** The record of some key, or 0 when there is none. */
  long any(long random) {
    return wheel.any(random);
  }

  /** The record of one of the keys that leave first, or 0 when there is none. */
  long soonest() {
    return wheel.soonest();
  }

  /** When a key may leave at the earliest, in Unix milliseconds. */
  long nextDue() {
    return wheel.nextDue();
  }

  /** A record whose time has come, or 0. */
  long due() {
    return wheel.due(keyspace.now());
  }

  /** Makes sure that {@link #start} cannot fail for want of memory. */
  void reserve() {
    wheel.reserve();
  }

  /** Says when a record leaves of which that was not known. */
  void start(long record, long deadline) {
    KeyRecord.deadline(arena, record, deadline);
    KeyRecord.timer(arena, record, wheel.add(record, deadline));
    keyspace.dueAt(deadline);
  }

  /** Says anew when a record leaves. */
  void restart(long record, long deadline) {
    stop(record);
    start(record, deadline);
  }

  /** A record does not leave by itself any more. */
  void stop(long record) {
    wheel.remove(KeyRecord.timer(arena, record));
  }

  /** A record has moved, to here, with its timer. */
  void moved(long record) {
    wheel.moved(KeyRecord.timer(arena, record), record);
  }

  /** Forgets all keys. */
  void clear() {
    wheel.free();
    renew();
  }

  /** Starts empty on an arena that has forgotten everything. */
  void renew() {
    wheel = newWheel();
  }

  /** Takes over the other's keys, and gives it those that were here. */
  void exchange(KeyExpiry other) {
    ExpiryWheel kept = wheel;
    wheel = other.wheel;
    other.wheel = kept;
  }
}
