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
 * Reads an RDB into databases, some keys at a time, so that others get their turn. What is wrong
 * with it is told when it is met, with its place; what was read before then stays.
 */
public final class RdbReader {
  private static final Logger log = LoggerFactory.getLogger(RdbReader.class);
  private static final String MAGIC = "REDIS";
  private static final String MAGIC_OF_VALKEY = "VALKEY";
  private static final int FIRST_VERSION_WITH_CHECK_SUM = 5;
  private static final int UNSET = -1;
  private static final int LEAST_BYTES_OF_KEY = 8;
  private static final int MOST_UNSEEN_KEYS = 1 << 18;

  private final RdbInput in;
  private final Keyspace keyspace;
  private final Functions functions;
  private final Functions.Trial trial;
  private final Options options;
  private final ValueReader values;
  private final byte[] keyBytes = new byte[1024];
  private final Bytes keyView = Bytes.of(keyBytes);
  private int version;
  private Database database;
  private long deadline = Database.NEVER;
  private long idleSeconds = UNSET;
  private int frequency = UNSET;
  private long keys;
  private long expired;
  private long empty;
  private boolean atEnd;

  /**
   * What becomes of keys.
   *
   * @param keepExpired whether keys whose time has come are kept: a log that follows says itself
   *     when they go
   * @param replace whether a key that is there already is replaced; else it is an error
   * @param checksum whether the check sum is compared
   * @param dry whether everything is only read and looked at, and nothing is changed
   */
  public record Options(boolean keepExpired, boolean replace, boolean checksum, boolean dry) {
    /** For what is meant. */
    public Options(boolean keepExpired, boolean replace, boolean checksum) {
      this(keepExpired, replace, checksum, /* dry= */ false);
    }

    /** The same, to see whether it would go well. */
    public Options asDry() {
      return new Options(keepExpired, /* replace= */ true, checksum, /* dry= */ true);
    }
  }

  /**
   * A reader of a stream.
   *
   * @param length how many bytes it has, or -1 when that is not known
   */
  public RdbReader(
      InputStream stream, long length, Keyspace keyspace, Functions functions, Options options) {
    in = new RdbInput(stream, length);
    this.keyspace = keyspace;
    this.functions = functions;
    trial = functions.trial();
    this.options = options;
    values = new ValueReader(keyspace.arena(), keyspace.settings().types);
    database = keyspace.database(0);
  }

  /** How many bytes were read so far. */
  public long offset() {
    return in.offset();
  }

  /** The version of the format, once the beginning was read. */
  public int version() {
    return version;
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
   * Reads on, about so many bytes. Under the engine lock.
   *
   * @return false at the end, when the check sum was right
   * @throws io.pillion.engine.memory.OutOfArenaException when a value does not fit into memory
   */
  public boolean readSome(int mostBytes, int mostKeys) throws IOException {
    long end = in.offset() + mostBytes;
    long lastKey = keys + expired + empty + mostKeys;
    try {
      while (!atEnd && in.offset() < end && keys + expired + empty < lastKey) {
        readPart(in.readByte());
      }
    } catch (RdbException e) {
      log.warn("Internal error in RDB reading: {}", e.getMessage());
      throw e;
    }
    return !atEnd;
  }

  private void readPart(int code) throws IOException {
    switch (code) {
      case RdbFormat.OP_END -> readEnd();
      case RdbFormat.OP_SELECT_DB -> {
        long number = in.readLength();
        if (number < 0 || number >= keyspace.databaseCount()) {
          throw in.broken("A database " + Long.toUnsignedString(number) + " that does not exist");
        }
        database = keyspace.database((int) number);
      }
      case RdbFormat.OP_RESIZE_DB -> {
        long count = in.readLength();
        in.readLength();
        if (!options.dry && count > 0) {
          // What is claimed must be able to follow, so that it costs no more than what was sent.
          long most = in.isLengthKnown() ? in.remaining() / LEAST_BYTES_OF_KEY : MOST_UNSEEN_KEYS;
          database.reserve(Math.min(count, most));
        }
      }
      case RdbFormat.OP_SLOT_INFO -> {
        in.readLength();
        in.readLength();
        in.readLength();
      }
      case RdbFormat.OP_AUX -> readAux();
      case RdbFormat.OP_MODULE_AUX -> skipModuleAux();
      case RdbFormat.OP_FUNCTION -> {
        try {
          Bytes source = in.readString();
          if (options.dry) {
            trial.add(source);
          } else {
            functions.load(source, options.replace);
          }
        } catch (IllegalArgumentException e) {
          throw in.broken("Failed loading functions: " + e.getMessage());
        }
      }
      case RdbFormat.OP_FUNCTION_PRE_RELEASE ->
          throw in.broken("Functions in the form of a version that was never released");
      case RdbFormat.OP_EXPIRE_MILLIS -> deadline = in.readLong();
      case RdbFormat.OP_EXPIRE_SECONDS -> deadline = in.readInt() * 1000L;
      case RdbFormat.OP_FREQUENCY -> frequency = in.readByte();
      case RdbFormat.OP_IDLE -> idleSeconds = in.readLength();
      default -> readKey(code);
    }
  }

  private void readAux() throws IOException {
    Bytes name = in.readString();
    Bytes value = in.readString();
    switch (name.toString()) {
      case "redis-ver", "valkey-ver" -> log.info("Loading RDB produced by version {}", value);
      case "used-mem" -> log.debug("RDB memory usage when created: {} bytes", value);
      default -> {
        // Others concern only who wrote them.
      }
    }
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

  private void readKey(int type) throws IOException {
    Bytes key = readKeyBytes();
    LoadedValue value = readValue(type, key);
    if (value == null) {
      empty++;
    } else if (options.dry) {
      value.free(keyspace.arena());
      keys++;
    } else if (deadline != Database.NEVER && deadline <= keyspace.now() && !options.keepExpired) {
      value.free(keyspace.arena());
      expired++;
    } else {
      enter(key, value);
      keys++;
    }
    deadline = Database.NEVER;
    idleSeconds = UNSET;
    frequency = UNSET;
  }

  /** The key, in the same place every time unless it is long. */
  private Bytes readKeyBytes() throws IOException {
    Bytes read = in.readView();
    int length = read.length();
    if (length > keyBytes.length) {
      return read.copy();
    }
    System.arraycopy(read.array(), read.offset(), keyBytes, 0, length);
    return keyView.wrap(keyBytes, 0, length);
  }

  private @Nullable LoadedValue readValue(int type, Bytes key) throws IOException {
    try {
      return values.read(RdbFormat.typeIn(version, type), in);
    } catch (RdbException e) {
      if (!e.isEmptyCollection()) {
        throw e;
      }
      log.info("skipping empty key: {}", key);
      return null;
    }
  }

  private void enter(Bytes key, LoadedValue value) throws IOException {
    if (options.replace) {
      value.enter(database, keyspace.arena(), key, deadline);
    } else if (!value.add(database, keyspace.arena(), key, deadline)) {
      throw in.broken("A key twice in database " + database.number());
    }
    if (idleSeconds != UNSET || frequency != UNSET) {
      long record = database.stored(key);
      if (idleSeconds != UNSET) {
        database.idleMillis(record, Math.min(idleSeconds, Integer.MAX_VALUE) * 1000);
      }
      if (frequency != UNSET) {
        database.frequency(record, frequency);
      }
    }
  }

  private void readEnd() throws IOException {
    atEnd = true;
    if (version < FIRST_VERSION_WITH_CHECK_SUM) {
      return;
    }
    long actual = in.crc();
    long expected = in.readLong();
    if (options.checksum && expected != 0 && expected != actual) {
      throw in.broken(
          "Wrong RDB checksum expected: (%x) but got (%x): RDB CRC error"
              .formatted(expected, actual));
    }
  }
}
