package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.Span;
import org.jspecify.annotations.Nullable;

/**
 * A group of consumers that share the reading of a stream: how far it has come, its consumers in
 * the order of their names, and what is pending: which entries were given to whom and not
 * acknowledged yet. What is pending is kept twice: in the group with all that is known of it, and
 * in each consumer the ids alone.
 *
 * <p>This is a view of the group's block, which stays where it is as long as the group lives.
 */
public final class StreamGroup {
  // The block: last id, entries read, what is pending, consumers, who watches, name.
  private static final int LAST_ID = 0;
  private static final int ENTRIES_READ = 16;
  private static final int PENDING = 24;
  private static final int CONSUMERS = PENDING + IdTree.HOLDER_BYTES;
  private static final int WATCHED = CONSUMERS + 8;
  static final int NAME = WATCHED + 4;

  // The words of a pending entry.
  private static final int PENDING_WORDS = 3;
  static final int TIME = 0;
  static final int DELIVERIES = 1;
  private static final int CONSUMER = 2;

  private final Arena arena;
  private final long address;
  private final NameTable consumers;

  StreamGroup(Arena arena, long address) {
    this.arena = arena;
    this.address = address;
    consumers = new NameTable(arena, address + CONSUMERS, StreamConsumer.NAME);
  }

  static long create(Arena arena, Bytes name, StreamId lastId, long entriesRead) {
    long group = arena.allocate(NAME + 4L + name.length());
    arena.putLong(group + LAST_ID, lastId.ms());
    arena.putLong(group + LAST_ID + 8, lastId.seq());
    arena.putLong(group + ENTRIES_READ, entriesRead);
    IdTree.clear(arena, group + PENDING);
    arena.putLong(group + CONSUMERS, 0);
    arena.putInt(group + WATCHED, 0);
    arena.putInt(group + NAME, name.length());
    arena.copyIn(group + NAME + 4, name);
    return group;
  }

  static long copy(Arena arena, long group) {
    long bytes = NAME + 4L + arena.getInt(group + NAME);
    long copy = arena.allocate(bytes);
    arena.copy(group, copy, bytes);
    IdTree.clear(arena, copy + PENDING);
    arena.putLong(copy + CONSUMERS, 0);
    arena.putInt(copy + WATCHED, 0);
    try {
      new StreamGroup(arena, group).copyInto(new StreamGroup(arena, copy));
    } catch (OutOfArenaException e) {
      free(arena, copy);
      throw e;
    }
    return copy;
  }

  private void copyInto(StreamGroup copy) {
    tree().copyTo(copy.address + PENDING);
    IdTree pending = copy.tree();
    for (int i = 0; i < consumers.size(); i++) {
      long consumer = StreamConsumer.copy(arena, consumers.get(i));
      try {
        copy.consumers.append(consumer);
      } catch (OutOfArenaException e) {
        StreamConsumer.free(arena, consumer);
        throw e;
      }
      IdTree ids = new StreamConsumer(arena, consumer).pendingTree();
      for (boolean more = ids.first(); more; more = ids.next()) {
        pending.find(ids.ms(), ids.seq());
        pending.word(CONSUMER, consumer);
      }
    }
  }

  static void free(Arena arena, long group) {
    NameTable consumers = new NameTable(arena, group + CONSUMERS, StreamConsumer.NAME);
    for (int i = 0; i < consumers.size(); i++) {
      StreamConsumer.free(arena, consumers.get(i));
    }
    consumers.free();
    IdTree.free(arena, group + PENDING);
    arena.free(group);
  }

  /** Frees some blocks of a group that nobody will look at again; whether all are gone. */
  static boolean freeSome(Arena arena, long group, Portion portion) {
    NameTable consumers = new NameTable(arena, group + CONSUMERS, StreamConsumer.NAME);
    for (int last = consumers.size() - 1; last >= 0; last--) {
      if (portion.isUsedUp() || !StreamConsumer.freeSome(arena, consumers.get(last), portion)) {
        return false;
      }
      consumers.remove(last);
    }
    if (!IdTree.freeSome(arena, group + PENDING, PENDING_WORDS, /* withBlocks= */ false, portion)) {
      return false;
    }
    arena.free(group);
    portion.use(1);
    return true;
  }

  IdTree tree() {
    return new IdTree(arena, pendingHolder(), PENDING_WORDS);
  }

  /** What tells what is pending in it from other trees. */
  long pendingHolder() {
    return address + PENDING;
  }

  // --- being watched

  private long watchable() {
    return address + WATCHED - Watch.OFFSET;
  }

  /** Has changes of what is pending told under a number; with 0, no more. */
  void watch(int number) {
    Watch.set(arena, watchable(), number);
  }

  private void beforeChange(long tree, StreamId id) {
    Watch.beforePendingChange(arena, watchable(), tree, id.ms(), id.seq());
  }

  /** It is about to go. */
  void beforeGoing() {
    Watch.beforePendingGoes(arena, watchable(), pendingHolder());
    for (int i = 0; i < consumers.size(); i++) {
      Watch.beforePendingGoes(arena, watchable(), consumer(i).pendingHolder());
    }
  }

  // --- the group

  /** Its name. */
  public Span name() {
    return new Span(arena).set(address + NAME + 4, arena.getInt(address + NAME));
  }

  /** The id behind which entries are new to the group. */
  public StreamId lastId() {
    return new StreamId(arena.getLong(address + LAST_ID), arena.getLong(address + LAST_ID + 8));
  }

  /** Sets the id behind which entries are new to the group. */
  public void lastId(StreamId id) {
    arena.putLong(address + LAST_ID, id.ms());
    arena.putLong(address + LAST_ID + 8, id.seq());
  }

  /** A count that goes no further than it can: whoever was told of so many has not counted. */
  static long oneMore(long count) {
    return count == Long.MAX_VALUE ? count : count + 1;
  }

  /**
   * How many of all entries ever added are up to {@link #lastId()}, or {@link StreamValue#UNKNOWN}.
   */
  public long entriesRead() {
    return arena.getLong(address + ENTRIES_READ);
  }

  /** Sets how many entries were read. */
  public void entriesRead(long count) {
    arena.putLong(address + ENTRIES_READ, count);
  }

  // --- consumers

  /** How many consumers there are. O(1). */
  public int consumerCount() {
    return consumers.size();
  }

  /** The consumer with this number, in the order of their names. O(1). */
  public StreamConsumer consumer(int index) {
    return new StreamConsumer(arena, consumers.get(index));
  }

  /** The consumer with this name, or null. O(log consumers). */
  public @Nullable StreamConsumer consumer(Bytes name) {
    int index = consumers.find(name);
    return index < 0 ? null : consumer(index);
  }

  /**
   * Makes a consumer, which was never active. O(consumers).
   *
   * @param name of no consumer of this group yet
   * @param seenTime in Unix milliseconds
   * @throws OutOfArenaException when there is no room; nothing has changed then
   */
  public StreamConsumer createConsumer(Bytes name, long seenTime) {
    long consumer = StreamConsumer.create(arena, name, seenTime);
    try {
      consumers.insert(name, consumer);
    } catch (OutOfArenaException e) {
      StreamConsumer.free(arena, consumer);
      throw e;
    }
    return new StreamConsumer(arena, consumer);
  }

  /** Removes a consumer, with all that is pending for it. O(consumers + pending log n). */
  public void deleteConsumer(StreamConsumer consumer) {
    if (consumer.pendingCount() == pendingCount()) {
      removeAllPending();
    } else {
      IdTree pending = tree();
      IdTree ids = consumer.pendingTree();
      for (boolean more = ids.first(); more; more = ids.next()) {
        Watch.beforePendingChange(arena, watchable(), pendingHolder(), ids.ms(), ids.seq());
        pending.remove(ids.ms(), ids.seq());
      }
    }
    Watch.beforePendingGoes(arena, watchable(), consumer.pendingHolder());
    consumers.remove(consumers.find(consumer.name().toBytes()));
    StreamConsumer.free(arena, consumer.address());
  }

  /** Forgets what is pending in the group, but not in its consumers. */
  private void removeAllPending() {
    Watch.beforePendingGoes(arena, watchable(), pendingHolder());
    IdTree.free(arena, pendingHolder());
    IdTree.clear(arena, pendingHolder());
  }

  // --- what is pending

  /** How many entries are pending. O(1). */
  public long pendingCount() {
    return tree().size();
  }

  /** A walk over what is pending in the group; it begins nowhere. */
  public Pending pending() {
    return new Pending(null);
  }

  /** A walk over what is pending for a consumer of this group; it begins nowhere. */
  public Pending pending(StreamConsumer consumer) {
    return new Pending(consumer);
  }

  /**
   * Says that an entry was given to a consumer: newly, or in place of another's. O(log n).
   *
   * @param deliveryTime in Unix milliseconds
   * @param deliveries how often it was given to anybody
   * @throws OutOfArenaException when there is no room; nothing has changed then
   */
  public void assign(StreamId id, StreamConsumer consumer, long deliveryTime, long deliveries) {
    IdTree pending = tree();
    boolean known = pending.find(id.ms(), id.seq());
    long owner = known ? pending.word(CONSUMER) : 0;
    beforeChange(pendingHolder(), id);
    if (owner != consumer.address()) {
      beforeChange(consumer.pendingHolder(), id);
      if (known) {
        beforeChange(new StreamConsumer(arena, owner).pendingHolder(), id);
      }
      IdTree ids = consumer.pendingTree();
      ids.insert(id.ms(), id.seq());
      if (known) {
        new StreamConsumer(arena, owner).pendingTree().remove(id.ms(), id.seq());
      } else {
        try {
          pending.insert(id.ms(), id.seq());
        } catch (OutOfArenaException e) {
          ids.remove(id.ms(), id.seq());
          throw e;
        }
      }
    }
    pending.word(TIME, deliveryTime);
    pending.word(DELIVERIES, deliveries);
    pending.word(CONSUMER, consumer.address());
  }

  /** Forgets that an entry is pending; false when it is not. O(log n). */
  public boolean acknowledge(StreamId id) {
    IdTree pending = tree();
    if (!pending.find(id.ms(), id.seq())) {
      return false;
    }
    StreamConsumer owner = new StreamConsumer(arena, pending.word(CONSUMER));
    beforeChange(pendingHolder(), id);
    beforeChange(owner.pendingHolder(), id);
    pending.remove(id.ms(), id.seq());
    owner.pendingTree().remove(id.ms(), id.seq());
    return true;
  }

  /**
   * A walk over pending entries in the order of their ids. What is said of the entry may be changed
   * on the way; when entries are added or removed, the walk must seek its place again.
   */
  public final class Pending {
    private final IdTree all = tree();
    private final @Nullable IdTree ids;

    private Pending(@Nullable StreamConsumer consumer) {
      ids = consumer == null ? null : consumer.pendingTree();
    }

    /** Moves to the first entry that is not before an id; false when there is none. */
    public boolean seek(StreamId from) {
      if (ids == null) {
        return all.ceiling(from.ms(), from.seq());
      }
      return ids.ceiling(from.ms(), from.seq()) && follow(ids);
    }

    /** Moves to the last entry; false when there is none. */
    public boolean last() {
      return ids == null ? all.last() : ids.last() && follow(ids);
    }

    /** Moves to the entry with this id; false when it is not pending. */
    public boolean find(StreamId id) {
      return seek(id) && id().equals(id);
    }

    /** Moves to the next entry; false behind the last. */
    public boolean next() {
      return ids == null ? all.next() : ids.next() && follow(ids);
    }

    private boolean follow(IdTree consumers) {
      return all.find(consumers.ms(), consumers.seq());
    }

    /** The id of the entry. */
    public StreamId id() {
      return all.id();
    }

    /** When it was last given to somebody, in Unix milliseconds. */
    public long deliveryTime() {
      return all.word(TIME);
    }

    /** How often it was given to somebody. */
    public long deliveries() {
      return all.word(DELIVERIES);
    }

    /** Says that it was given to the same consumer once more. */
    public void deliveredAgain(long deliveryTime) {
      beforeChange(pendingHolder(), id());
      all.word(TIME, deliveryTime);
      all.word(DELIVERIES, deliveries() + 1);
    }

    /** To whom it was given last. */
    public StreamConsumer consumer() {
      return new StreamConsumer(arena, all.word(CONSUMER));
    }
  }
}
