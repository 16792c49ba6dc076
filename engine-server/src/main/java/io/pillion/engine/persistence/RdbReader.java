package io.pillion.engine.persistence;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.keyspace.Values;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.world.World;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads an RDB into databases, some keys at a time, so that others get their turn. What is wrong
 * with it is told when it is met, with its place; what was read before then stays.
 *
 * <p>It may be parsed ahead on another thread: then {@link #close} this reader before the stream.
 */
public final class RdbReader implements Closeable {
  /** No idle time, no frequency. */
  static final int UNSET = -1;

  private static final Logger log = LoggerFactory.getLogger(RdbReader.class);
  private static final int FIRST_PARTS = 8;
  private static final int FIRST_BYTES = 1024;

  private final Keyspace keyspace;
  private final Arena arena;
  private final Functions functions;
  private final Functions.Trial trial;
  private final Options options;
  private final EntryParser parser;
  private final LoadBuffers buffers;
  private final @Nullable World world;
  private final long length;
  private @Nullable ParseAhead ahead;
  private @Nullable EntryBatch batch;
  private int next;
  private Database database;
  private long offset;
  private long keys;
  private long expired;
  private ExpiredKeys expiredKeys = (number, key) -> {};
  private long empty;
  private boolean atEnd;

  /** What was looked at to have it near: kept, so that the looks are not left out. */
  @SuppressWarnings("UnusedVariable")
  private long approached;

  /** Is told of keys that were not loaded because their time had come. */
  public interface ExpiredKeys {
    /** Was one, which is a view; under the lock. */
    void onExpired(int database, Bytes key);
  }

  /**
   * What becomes of keys.
   *
   * @param keepExpired whether keys whose time has come are kept: a log that follows says itself
   *     when they go
   * @param replace whether a key that is there already is replaced; else it is an error
   * @param checksum whether the check sum is compared
   * @param purpose what it is read for
   */
  public record Options(boolean keepExpired, boolean replace, boolean checksum, Purpose purpose) {
    /** To have the data. */
    public Options(boolean keepExpired, boolean replace, boolean checksum) {
      this(keepExpired, replace, checksum, Purpose.LOADING);
    }

    /** The same, to see whether it would go well. */
    public Options asDry() {
      return new Options(keepExpired, /* replace= */ true, checksum, Purpose.VERIFYING);
    }

    private boolean dry() {
      return purpose == Purpose.VERIFYING;
    }
  }

  /** What an RDB is read for, as the log says it. */
  enum Purpose {
    LOADING("Loading"),
    /** Everything is only read and looked at, and nothing is changed. */
    VERIFYING("Verifying"),
    CONVERTING("Converting");

    final String word;

    Purpose(String word) {
      this.word = word;
    }
  }

  /**
   * A reader of a stream.
   *
   * @param length how many bytes it has, or -1 when that is not known
   */
  public RdbReader(
      InputStream stream, long length, Keyspace keyspace, Functions functions, Options options) {
    this(stream, length, keyspace, functions, options, /* world= */ null);
  }

  /**
   * A reader of a stream.
   *
   * @param length how many bytes it has, or -1 when that is not known
   * @param world where it is parsed ahead; null for not at all
   */
  RdbReader(
      InputStream stream,
      long length,
      Keyspace keyspace,
      Functions functions,
      Options options,
      @Nullable World world) {
    this(stream, length, keyspace, functions, options, world, new LoadBuffers(keyspace));
  }

  /**
   * A reader of a stream.
   *
   * @param length how many bytes it has, or -1 when that is not known
   * @param world where it is parsed ahead; null for not at all
   * @param buffers used until {@link #close}
   */
  RdbReader(
      InputStream stream,
      long length,
      Keyspace keyspace,
      Functions functions,
      Options options,
      @Nullable World world,
      LoadBuffers buffers) {
    parser = new EntryParser(stream, length, keyspace, options, this::letParserIn, buffers);
    this.keyspace = keyspace;
    this.functions = functions;
    this.options = options;
    this.world = world;
    this.length = length;
    this.buffers = buffers;
    trial = functions.trial();
    arena = keyspace.arena();
    database = keyspace.database(0);
  }

  /** Says who is told of keys that are left out because their time has come. */
  void tell(ExpiredKeys newExpiredKeys) {
    expiredKeys = newExpiredKeys;
  }

  private void letParserIn() {
    ParseAhead parsing = ahead;
    if (parsing != null) {
      parsing.enter();
    }
  }

  /** How many bytes were read so far, up to the end of what was entered last. */
  public long offset() {
    return offset;
  }

  /** The version of the format, once the beginning was read. */
  public int version() {
    return parser.version();
  }

  /** What the data are a moment of, once all was read; null when they do not say. */
  public @Nullable ReplicationPoint point() {
    return parser.point();
  }

  /** Which database commands are for that follow the data, once all was read. */
  public int streamDatabase() {
    return parser.streamDatabase();
  }

  /** How many keys were read and are there now. */
  public long keys() {
    return keys;
  }

  /** How many keys were read whose time had come. */
  public long expired() {
    return expired;
  }

  /** How many collections without elements were passed over. */
  public long empty() {
    return empty;
  }

  /**
   * Reads the beginning. Without the engine lock.
   *
   * @throws RdbException when it is no RDB, or one of a version that is not understood
   */
  public void readHeader() throws IOException {
    parser.readHeader();
    offset = parser.offset();
    if (world != null) {
      ParseAhead parsing = new ParseAhead(parser, length, buffers.batches);
      ahead = parsing;
      parsing.begin(world);
    }
  }

  /**
   * Reads on, about so many bytes. Under the engine lock.
   *
   * @return false at the end, when the check sum was right
   * @throws io.pillion.engine.memory.OutOfArenaException when a value does not fit into memory
   */
  public boolean readSome(int mostBytes, int mostKeys) throws IOException {
    long end = offset + mostBytes;
    long lastKey = seen() + mostKeys;
    boolean complete = false;
    try {
      while (!atEnd && offset < end && seen() < lastKey) {
        EntryBatch current = batch;
        if (current == null || next == current.count()) {
          current = nextBatch(current, end - offset, (int) Math.min(mostKeys, lastKey - seen()));
        }
        if (next < current.count()) {
          enter(current, next);
          offset = current.offset(next);
          next++;
        }
      }
      complete = true;
    } catch (RdbException e) {
      log.warn("Internal error in RDB reading: {}", e.getMessage());
      throw e;
    } finally {
      if (!complete) {
        freeBatch();
      }
    }
    return !atEnd;
  }

  private long seen() {
    return keys + expired + empty;
  }

  private EntryBatch nextBatch(@Nullable EntryBatch done, long mostBytes, int mostParts)
      throws IOException {
    if (done != null && done.failure != null) {
      throw failure(done.failure);
    }
    EntryBatch taken;
    if (ahead != null) {
      taken = ahead.take(done);
    } else {
      taken = done == null ? new EntryBatch(FIRST_PARTS, FIRST_BYTES) : done;
      taken.clear();
      parser.fill(taken, mostBytes, mostParts);
    }
    batch = taken;
    next = 0;
    approach(taken);
    if (taken.count() == 0) {
      // What was passed over was read too.
      offset = ahead == null ? parser.offset() : offset;
      if (taken.failure != null) {
        throw failure(taken.failure);
      }
    }
    return taken;
  }

  /** Has the places of all keys fetched at once, rather than each when it is entered. */
  private void approach(EntryBatch taken) {
    Database target = database;
    long sum = 0;
    for (int i = 0; i < taken.count(); i++) {
      if (taken.isKey(i)) {
        sum += target.approach(taken.hash(i));
      } else if (taken.kind(i) == EntryBatch.SELECT) {
        target = keyspace.database((int) taken.number(i));
      }
    }
    approached = sum;
  }

  private static IOException failure(Throwable failure) {
    if (failure instanceof IOException e) {
      return e;
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    return new IOException(failure.toString(), failure);
  }

  /** What is in the arena and was not entered yet goes. */
  private void freeBatch() {
    EntryBatch current = batch;
    for (int i = next; current != null && i < current.count(); i++) {
      if (current.kind(i) == EntryBatch.ROOT) {
        Values.free(arena, current.type(i), current.root(i));
      }
    }
    batch = null;
  }

  private void enter(EntryBatch from, int number) throws IOException {
    if (from.isKey(number)) {
      enterKey(from, number);
      return;
    }
    switch (from.kind(number)) {
      case EntryBatch.SELECT -> database = keyspace.database((int) from.number(number));
      case EntryBatch.RESERVE -> {
        if (!options.dry() && from.number(number) > 0) {
          database.reserve(from.number(number));
        }
      }
      case EntryBatch.FUNCTION -> enterFunction(from, number);
      default -> atEnd = true;
    }
  }

  private void enterFunction(EntryBatch from, int number) throws IOException {
    try {
      Bytes source = from.value(number);
      if (options.dry()) {
        trial.add(source);
      } else {
        functions.load(source, options.replace);
      }
    } catch (IllegalArgumentException e) {
      throw new RdbException("Failed loading functions: " + e.getMessage(), from.offset(number));
    }
  }

  private void enterKey(EntryBatch from, int number) throws IOException {
    byte kind = from.kind(number);
    long deadline = from.deadline(number);
    if (kind == EntryBatch.EMPTY) {
      empty++;
    } else if (options.dry()) {
      free(from, number);
      keys++;
    } else if (deadline != Database.NEVER && deadline <= keyspace.now() && !options.keepExpired) {
      expiredKeys.onExpired(database.number(), from.key(number));
      free(from, number);
      expired++;
    } else {
      boolean added =
          from.type(number) == ValueType.STRING
              ? enterString(from, number, deadline)
              : enterCollection(from, number, deadline);
      if (!added) {
        throw new RdbException("A key twice in database " + database.number(), from.offset(number));
      }
      enterUse(from, number);
      keys++;
    }
  }

  private void free(EntryBatch from, int number) {
    if (from.kind(number) == EntryBatch.ROOT) {
      Values.free(arena, from.type(number), from.root(number));
    } else if (options.dry() && from.kind(number) == EntryBatch.DRAFT) {
      // Whether it fits into memory is to be known too.
      ValueType type = from.type(number);
      Values.free(arena, type, from.make(number, buffers.entered.draft(type)));
    }
  }

  private boolean enterString(EntryBatch from, int number, long deadline) {
    Bytes key = from.key(number);
    Bytes value = from.value(number);
    if (options.replace) {
      database.setString(key, value, deadline);
      return true;
    }
    return database.addString(key, from.hash(number), value, deadline);
  }

  private boolean enterCollection(EntryBatch from, int number, long deadline) {
    ValueType type = from.type(number);
    long root =
        from.kind(number) == EntryBatch.ROOT
            ? from.root(number)
            : from.make(number, buffers.entered.draft(type));
    boolean added = false;
    try {
      Bytes key = from.key(number);
      if (options.replace) {
        database.setCollection(key, type, root, deadline);
        added = true;
      } else {
        added = database.addCollection(key, from.hash(number), type, root, deadline);
      }
    } finally {
      if (!added) {
        Values.free(arena, type, root);
        from.dropRoot(number);
      }
    }
    return added;
  }

  private void enterUse(EntryBatch from, int number) {
    long idleSeconds = from.idleSeconds(number);
    int frequency = from.frequency(number);
    if (idleSeconds == UNSET && frequency == UNSET) {
      return;
    }
    long record = database.stored(from.key(number));
    if (idleSeconds != UNSET) {
      keyspace.eviction().idleMillis(record, Math.min(idleSeconds, Integer.MAX_VALUE) * 1000);
    }
    if (frequency != UNSET) {
      keyspace.eviction().frequency(record, frequency);
    }
  }

  /** Ends parsing ahead; nothing more can be read. */
  @Override
  public void close() {
    ParseAhead parsing = ahead;
    if (parsing != null) {
      parsing.close(batch);
    }
    batch = null;
    parser.close();
  }
}
