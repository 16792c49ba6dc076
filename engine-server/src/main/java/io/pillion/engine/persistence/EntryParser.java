package io.pillion.engine.persistence;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.memory.Bytes;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Parses an RDB into batches, and leaves the databases alone: so it can work ahead of who enters
 * the keys, on another thread. What takes the arena, or much of the heap, waits until it may.
 */
final class EntryParser {
  private static final Logger log = LoggerFactory.getLogger(EntryParser.class);
  private static final String MAGIC = "REDIS";
  private static final String MAGIC_OF_VALKEY = "VALKEY";
  private static final int FIRST_VERSION_WITH_CHECK_SUM = 5;
  private static final int LEAST_BYTES_OF_KEY = 8;
  private static final int MOST_UNSEEN_KEYS = 1 << 14;

  private final RdbInput in;
  private final Database anyDatabase;
  private final int databases;
  private final RdbReader.Options options;
  private final LoadBuffers buffers;
  private final ValueReader values;
  private final KeptString keys = new KeptString();
  private int version;
  private long deadline = Database.NEVER;
  private long idleSeconds = RdbReader.UNSET;
  private int frequency = RdbReader.UNSET;
  private boolean ended;
  private String replicationId = "";
  private long replicationOffset = -1;
  private int streamDatabase;

  /**
   * A parser of a stream.
   *
   * @param length how many bytes it has, or -1 when that is not known
   * @param options what it is parsed for, and whether the check sum is compared
   * @param beforeMuch done before the arena, or much of the heap, is taken
   * @param buffers used until {@link #close}
   */
  EntryParser(
      InputStream stream,
      long length,
      Keyspace keyspace,
      RdbReader.Options options,
      Runnable beforeMuch,
      LoadBuffers buffers) {
    in = new RdbInput(stream, length);
    in.beforeMuch(beforeMuch);
    in.expanded(buffers.expanded);
    buffers.beforeMuch(beforeMuch);
    this.buffers = buffers;
    anyDatabase = keyspace.database(0);
    databases = keyspace.databaseCount();
    this.options = options;
    values = buffers.parsed;
  }

  /** Gives back what it has used: nothing more can be parsed. */
  void close() {
    buffers.expanded = in.expanded();
    in.giveBackBlocks();
  }

  long offset() {
    return in.offset();
  }

  int version() {
    return version;
  }

  /** Whether there is nothing more to parse: all was, or something was wrong. */
  boolean isEnded() {
    return ended;
  }

  void readHeader() throws IOException {
    StringBuilder header = new StringBuilder();
    for (int i = 0; i < 9; i++) {
      header.append((char) in.readByte());
    }
    boolean valkey = header.indexOf(MAGIC_OF_VALKEY) == 0;
    String digits = header.substring(valkey ? MAGIC_OF_VALKEY.length() : MAGIC.length());
    if ((!valkey && header.indexOf(MAGIC) != 0) || !digits.chars().allMatch(Character::isDigit)) {
      throw in.broken("Wrong signature trying to load DB from file");
    }
    version = Integer.parseInt(digits);
    if (!RdbFormat.isKnown(version) || valkey != (version == RdbFormat.VERSION_OF_VALKEY)) {
      throw in.broken("Can't handle RDB format version " + version);
    }
  }

  /**
   * Fills an empty batch: until it is full, or the end, or what is wrong, which the batch then
   * says.
   *
   * @param mostBytes parse on as long as fewer were parsed
   * @param mostParts how many parts of the RDB at most
   */
  void fill(EntryBatch batch, long mostBytes, int mostParts) {
    long start = in.offset();
    try {
      while (!ended
          && !batch.isFull()
          && batch.count() < mostParts
          && in.offset() - start < mostBytes) {
        readPart(in.readByte(), batch);
      }
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      // Who empties the batch must hear of it, on whichever thread this is.
      batch.failure = e;
      ended = true;
    }
  }

  private void readPart(int code, EntryBatch batch) throws IOException {
    switch (code) {
      case RdbFormat.OP_END -> readEnd(batch);
      case RdbFormat.OP_SELECT_DB -> {
        long number = in.readLength();
        if (number < 0 || number >= databases) {
          throw in.broken("A database " + Long.toUnsignedString(number) + " that does not exist");
        }
        batch.addStep(EntryBatch.SELECT, number, in.offset());
      }
      case RdbFormat.OP_RESIZE_DB -> {
        long count = in.readLength();
        in.readLength();
        // What is claimed must be able to follow, so that it costs no more than what was sent.
        long most = in.isLengthKnown() ? in.remaining() / LEAST_BYTES_OF_KEY : MOST_UNSEEN_KEYS;
        batch.addStep(EntryBatch.RESERVE, Math.min(count, most), in.offset());
      }
      case RdbFormat.OP_SLOT_INFO -> {
        in.readLength();
        in.readLength();
        in.readLength();
      }
      case RdbFormat.OP_AUX -> readAux();
      case RdbFormat.OP_MODULE_AUX -> skipModuleAux();
      case RdbFormat.OP_FUNCTION -> batch.addFunction(in.readString(), in.offset());
      case RdbFormat.OP_FUNCTION_PRE_RELEASE ->
          throw in.broken("Functions in the form of a version that was never released");
      case RdbFormat.OP_EXPIRE_MILLIS -> deadline = in.readLong();
      case RdbFormat.OP_EXPIRE_SECONDS -> deadline = in.readInt() * 1000L;
      case RdbFormat.OP_FREQUENCY -> frequency = in.readByte();
      case RdbFormat.OP_IDLE -> idleSeconds = in.readLength();
      default -> readKey(code, batch);
    }
  }

  private void readAux() throws IOException {
    Bytes name = in.readString();
    Bytes value = in.readString();
    switch (name.toString()) {
      case "redis-ver", "valkey-ver" ->
          log.info("{} RDB produced by version {}", options.purpose().word, value);
      case "used-mem" -> log.debug("RDB memory usage when created: {} bytes", value);
      case "repl-id" -> replicationId = value.toString();
      case "repl-offset" -> replicationOffset = numberOr(value, -1);
      case "repl-stream-db" ->
          streamDatabase = (int) Math.max(0, Math.min(databases - 1, numberOr(value, 0)));
      default -> {
        // Others concern only who wrote them.
      }
    }
  }

  private static long numberOr(Bytes text, long otherwise) {
    try {
      return Long.parseLong(text.toString());
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  /** What the data are a moment of, once all was parsed; null when they do not say. */
  @Nullable ReplicationPoint point() {
    boolean known = replicationId.matches("[0-9a-fA-F]{40}") && replicationOffset >= 0;
    return known ? new ReplicationPoint(replicationId, replicationOffset, streamDatabase) : null;
  }

  /** Which database commands are for that follow the data, once all was parsed. */
  int streamDatabase() {
    return streamDatabase;
  }

  /** A module's id and moment, then its values, each with a code for its kind; 0 ends. */
  private void skipModuleAux() throws IOException {
    in.readLength();
    in.readLength();
    in.readLength();
    log.warn("The RDB file contains data of a module, which is left out");
    while (true) {
      long code = in.readLength();
      if (code == 0) {
        return;
      }
      switch ((int) code) {
        case 1, 2 -> in.readLength();
        case 3 -> in.skip(Float.BYTES);
        case 4 -> in.skip(Double.BYTES);
        case 5 -> in.skipString();
        default -> throw in.broken("Module data of an unknown kind " + code);
      }
    }
  }

  private void readKey(int type, EntryBatch batch) throws IOException {
    Bytes key = keys.read(in);
    int number = batch.beginKey(key, anyDatabase.hash(key));
    boolean complete = false;
    try {
      values.read(RdbFormat.typeIn(version, type), in, batch, number);
      complete = true;
    } catch (RdbException e) {
      if (!e.isEmptyCollection()) {
        throw e;
      }
      log.info("skipping empty key: {}", key);
      complete = true;
    } finally {
      if (!complete) {
        batch.dropKey();
      }
    }
    batch.endKey(number, deadline, idleSeconds, frequency, in.offset());
    deadline = Database.NEVER;
    idleSeconds = RdbReader.UNSET;
    frequency = RdbReader.UNSET;
  }

  private void readEnd(EntryBatch batch) throws IOException {
    ended = true;
    if (version >= FIRST_VERSION_WITH_CHECK_SUM) {
      long actual = in.crc();
      long expected = in.readLong();
      if (options.checksum() && expected != 0 && expected != actual) {
        throw in.broken(
            "Wrong RDB checksum expected: (%x) but got (%x): RDB CRC error"
                .formatted(expected, actual));
      }
    }
    batch.addStep(EntryBatch.END, 0, in.offset());
  }
}
