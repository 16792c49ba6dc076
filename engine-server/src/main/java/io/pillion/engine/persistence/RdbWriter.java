package io.pillion.engine.persistence;

import io.pillion.engine.config.FatalConfigException;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.EvictionPolicy;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.KeyspaceSettings;
import io.pillion.engine.memory.Bytes;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Writes the parts of an RDB: header, keys with what is known of them, end. */
final class RdbWriter {
  private static final int NONE = -1;

  private final RdbOutput out;
  private final Keyspace keyspace;
  private final ValueWriter values;
  private int selected = NONE;

  RdbWriter(RdbOutput out, Keyspace keyspace, FieldTtls fieldTtls) {
    this.out = out;
    this.keyspace = keyspace;
    values = new ValueWriter(keyspace.arena(), keyspace.settings().types, out, fieldTtls);
  }

  /**
   * Writes what a file begins with.
   *
   * @param aofBase whether an append-only file goes on from here
   * @param point what the data are a moment of, if anybody can go on from it
   */
  void writeHeader(int version, boolean aofBase, @Nullable ReplicationPoint point) {
    // Not by String.format: all that it loads the first time would be loaded under the lock.
    String name = version == RdbFormat.VERSION_OF_VALKEY ? "VALKEY0" : "REDIS00";
    byte[] magic = (name + version).getBytes(StandardCharsets.US_ASCII);
    out.putBytes(magic, 0, magic.length);
    writeAux("redis-ver", Bytes.of(FatalConfigException.REDIS_VERSION));
    writeAux("redis-bits", Bytes.of(Long.SIZE));
    writeAux("ctime", Bytes.of(keyspace.now() / 1000));
    writeAux("used-mem", Bytes.of(keyspace.arena().usedBytes()));
    if (point != null) {
      writeAux("repl-stream-db", Bytes.of(point.database()));
      writeAux("repl-id", Bytes.of(point.id()));
      writeAux("repl-offset", Bytes.of(point.offset()));
    }
    writeAux("aof-base", Bytes.of(aofBase ? 1 : 0));
  }

  private void writeAux(String name, Bytes value) {
    out.putByte(RdbFormat.OP_AUX);
    out.putString(Bytes.of(name));
    out.putString(value);
  }

  /** Writes the source of a library of functions. */
  void writeFunctions(Bytes source) {
    out.putByte(RdbFormat.OP_FUNCTION);
    out.putString(source);
  }

  /** Says how many keys a database will have, before the first of them. */
  void writeSize(int database, long keys, long expiring) {
    select(database);
    out.putByte(RdbFormat.OP_RESIZE_DB);
    out.putLength(keys);
    out.putLength(expiring);
  }

  /** Says in which database the keys are that follow. */
  void select(int database) {
    if (selected != database) {
      selected = database;
      out.putByte(RdbFormat.OP_SELECT_DB);
      out.putLength(database);
    }
  }

  /** Forgets which database was selected: somebody else has written meanwhile. */
  void deselect() {
    selected = NONE;
  }

  /**
   * Writes a key, and its value if it is small.
   *
   * @param number the number under which the database is written
   * @return what is left of a large value, or null
   */
  ValueWriter.@Nullable Walk beginKey(int number, Database database, long record) {
    select(number);
    writeHead(database, record, out);
    return values.begin(database, record);
  }

  /** Writes what is known of a key, and the key. */
  void writeHead(Database database, long record, RdbOutput to) {
    long deadline = database.deadline(record);
    if (deadline != Database.NEVER) {
      to.putByte(RdbFormat.OP_EXPIRE_MILLIS);
      to.putLong(deadline);
    }
    KeyspaceSettings settings = keyspace.settings();
    if (settings.policy.order() == EvictionPolicy.Order.LFU) {
      to.putByte(RdbFormat.OP_FREQUENCY);
      to.putByte(keyspace.eviction().frequency(record));
    } else if (settings.policy.order() == EvictionPolicy.Order.LRU) {
      to.putByte(RdbFormat.OP_IDLE);
      to.putLength(keyspace.eviction().idleMillis(record) / 1000);
    }
    values.writeType(database, record, to);
    to.putString(keyspace.arena(), database.keyAddress(record), database.keyLength(record));
  }

  /** Writes a key with its value, whatever its size. */
  void writeKey(int number, Database database, long record) {
    ValueWriter.Walk rest = beginKey(number, database, record);
    while (rest != null && rest.step()) {
      // Each step writes an element.
    }
  }

  /** Writes the end; the check sum follows it. */
  void writeEnd() {
    out.putByte(RdbFormat.OP_END);
  }
}
