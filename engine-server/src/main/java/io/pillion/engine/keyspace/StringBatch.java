package io.pillion.engine.keyspace;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Strings that are set together, or not at all: all memory that they take is there before any of
 * them is set. First each is {@linkplain #prepare prepared}, then each is {@linkplain #set set}, in
 * the same order; nothing else may happen to the database in between.
 *
 * <p>A string that fits into the record of its key needs no memory. A new record is made for each
 * of the others; that of a new key is entered at once, since the index may have to grow, and is
 * told of when it is set.
 */
public final class StringBatch {
  private static final long NONE = 0;

  private final Database database;
  private final Bytes[] keys;
  private final Bytes[] values;
  private final long[] deadlines;
  private final long[] hashes;
  private final long[] found;
  private final long[] made;
  private @Nullable Set<Long> replaced;
  private int count;

  /**
   * A batch of so many strings.
   *
   * @param size how many there are going to be; the same key may come again
   */
  public StringBatch(Database database, int size) {
    this.database = database;
    keys = new Bytes[size];
    values = new Bytes[size];
    deadlines = new long[size];
    hashes = new long[size];
    found = new long[size];
    made = new long[size];
  }

  /**
   * Adds a string and sees to its memory.
   *
   * @param deadline Unix milliseconds, or {@link Database#NEVER}
   * @throws OutOfArenaException there is no memory; all of the batch is given back, and void
   */
  public void prepare(Bytes key, Bytes value, long deadline) {
    long hash = database.hash(key);
    long old = database.stored(key, hash);
    keys[count] = key;
    values[count] = value;
    deadlines[count] = deadline;
    hashes[count] = hash;
    found[count] = old;
    // A record that another string of this batch replaces is not there to be written into.
    boolean isGoing = replaced != null && replaced.contains(old);
    if (old != NONE && !isGoing && database.hasRoom(old, value, deadline)) {
      made[count++] = NONE;
      return;
    }
    try {
      made[count] = database.prepareString(key, value, deadline);
    } catch (OutOfArenaException full) {
      withdraw();
      throw full;
    }
    count++;
    if (old == NONE) {
      insertLast();
    } else {
      if (replaced == null) {
        replaced = new HashSet<>();
      }
      replaced.add(old);
    }
  }

  private void insertLast() {
    int last = count - 1;
    try {
      database.insertPrepared(hashes[last], made[last]);
    } catch (OutOfArenaException full) {
      count = last;
      database.withdrawPrepared(hashes[last], made[last], /* inserted= */ false);
      withdraw();
      throw full;
    }
  }

  private void withdraw() {
    while (--count >= 0) {
      if (made[count] != NONE) {
        database.withdrawPrepared(hashes[count], made[count], found[count] == NONE);
      }
    }
  }

  /** Sets a string that was prepared; the first is number 0. */
  public void set(int number) {
    if (made[number] == NONE) {
      database.setInPlace(found[number], values[number], deadlines[number]);
    } else if (found[number] == NONE) {
      database.announce(made[number]);
    } else {
      // Not what was found: the same key may have come before.
      long old = database.stored(keys[number], hashes[number]);
      database.replacePrepared(hashes[number], old, made[number]);
    }
  }
}
