package io.pillion.engine.persistence;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.KeyListener;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.KeyspaceSettings;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.SlabPool;
import io.pillion.engine.world.World;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Makes a base of commands out of one in RDB format, for {@code aof-use-rdb-preamble no}: strings
 * are set, everything else is restored from the form that DUMP gives it, and fields of hashes are
 * then told when to leave. One key at a time passes through a keyspace of its own.
 */
final class CommandBase {
  private static final Bytes FIELDS = Bytes.of("FIELDS");

  /** So many fields share a command at most. */
  private static final int MOST_FIELDS = 512;

  /** What of a hash's fields is gathered at most until it is written. */
  private static final int MOST_GATHERED_BYTES = 256 << 10;

  private static final int FIELD_OVERHEAD_BYTES = 64;
  private static final int BUFFER_BYTES = 64 << 10;
  private static final long LEAST_ARENA_BYTES = 16L << 20;
  private static final long MOST_ARENA_BYTES = 1L << 30;

  private final Keyspace keyspace;
  private final OutputStream out;
  private int selected = -1;
  private boolean failed;
  private IOException failure = new IOException();

  private CommandBase(Keyspace keyspace, OutputStream out) {
    this.keyspace = keyspace;
    this.out = out;
  }

  /**
   * Reads an RDB to its end and writes commands that lead to the same.
   *
   * @param isAbandoned whether it need not be finished: then it ends with an error
   */
  static void convert(
      World world,
      int databases,
      InputStream rdb,
      long size,
      OutputStream target,
      BooleanSupplier isAbandoned)
      throws IOException {
    long budget = Math.max(LEAST_ARENA_BYTES, Math.min(MOST_ARENA_BYTES, 4 * size));
    try (Arena arena = Arena.forWork(SlabPool.shared(), budget, world.randomLong());
        OutputStream out = new BufferedOutputStream(target, BUFFER_BYTES)) {
      Keyspace keyspace = new Keyspace(world, arena, new KeyspaceSettings(), databases);
      keyspace.listener(new Nobody());
      new CommandBase(keyspace, out).convert(rdb, size, isAbandoned);
    }
  }

  private void convert(InputStream rdb, long size, BooleanSupplier isAbandoned) throws IOException {
    RdbReader reader =
        new RdbReader(
            rdb,
            size,
            keyspace,
            new Libraries(),
            new RdbReader.Options(
                /* keepExpired= */ true,
                /* replace= */ true,
                /* checksum= */ true,
                RdbReader.Purpose.CONVERTING));
    reader.readHeader();
    boolean more = true;
    while (more) {
      if (isAbandoned.getAsBoolean()) {
        throw new IOException("given up");
      }
      more = reader.readSome(1, 1);
      for (int i = 0; i < keyspace.databaseCount(); i++) {
        Database database = keyspace.database(i);
        if (database.size() > 0) {
          database.forEach(record -> attempt(() -> write(database, record)));
          keyspace.flush(database, /* lazily= */ false);
        }
      }
      if (failed) {
        throw failure;
      }
    }
  }

  @FunctionalInterface
  private interface Writing {
    void run() throws IOException;
  }

  private void attempt(Writing writing) {
    try {
      writing.run();
    } catch (IOException e) {
      failed = true;
      failure = e;
    }
  }

  private void write(Database database, long record) throws IOException {
    if (database.number() != selected) {
      selected = database.number();
      command("SELECT", Bytes.of(selected));
    }
    Bytes key = database.key(record);
    Arena arena = keyspace.arena();
    if (database.type(record) == ValueType.STRING) {
      byte[] value =
          arena.toByteArray(database.stringAddress(record), database.stringLength(record));
      command("SET", key, Bytes.of(value));
    } else {
      Bytes payload =
          DumpPayload.write(database, record, arena, keyspace.settings().types, FieldTtls.NONE);
      command("RESTORE", key, Bytes.of(0), payload);
      if (database.type(record) == ValueType.HASH) {
        writeFieldDeadlines(
            key, new HashValue(arena, database.rootCell(record), keyspace.settings().types));
      }
    }
    long deadline = database.deadline(record);
    if (deadline != Database.NEVER) {
      command("PEXPIREAT", key, Bytes.of(deadline));
    }
  }

  /** As commands, which all servers read that know of them: one for many of the same deadline. */
  private void writeFieldDeadlines(Bytes key, HashValue hash) throws IOException {
    if (hash.expiringSize() == 0) {
      return;
    }
    Map<Long, List<Bytes>> gathered = new LinkedHashMap<>();
    long bytes = 0;
    HashValue.Entries entries = hash.entries();
    while (entries.next()) {
      long deadline = entries.deadline();
      if (deadline == HashValue.NEVER) {
        continue;
      }
      Bytes field = entries.field().toBytes();
      List<Bytes> fields = gathered.computeIfAbsent(deadline, any -> new ArrayList<>());
      fields.add(field);
      bytes += FIELD_OVERHEAD_BYTES + field.length();
      if (fields.size() == MOST_FIELDS) {
        gathered.remove(deadline);
        writeDeadline(key, deadline, fields);
      }
      if (bytes >= MOST_GATHERED_BYTES) {
        writeDeadlines(key, gathered);
        bytes = 0;
      }
    }
    writeDeadlines(key, gathered);
  }

  private void writeDeadlines(Bytes key, Map<Long, List<Bytes>> gathered) throws IOException {
    for (Map.Entry<Long, List<Bytes>> each : gathered.entrySet()) {
      writeDeadline(key, each.getKey(), each.getValue());
    }
    gathered.clear();
  }

  private void writeDeadline(Bytes key, long deadline, List<Bytes> fields) throws IOException {
    List<Bytes> words = new ArrayList<>(fields.size() + 4);
    words.add(key);
    words.add(Bytes.of(deadline));
    words.add(FIELDS);
    words.add(Bytes.of(fields.size()));
    words.addAll(fields);
    command("HPEXPIREAT", words.toArray(Bytes[]::new));
  }

  private void command(String name, Bytes... words) throws IOException {
    head('*', words.length + 1);
    word(Bytes.of(name));
    for (Bytes word : words) {
      word(word);
    }
  }

  private void word(Bytes word) throws IOException {
    head('$', word.length());
    out.write(word.array(), word.offset(), word.length());
    out.write('\r');
    out.write('\n');
  }

  private void head(char sign, int number) throws IOException {
    out.write((sign + Integer.toString(number) + "\r\n").getBytes(StandardCharsets.US_ASCII));
  }

  /** Libraries of functions pass through as well. */
  private final class Libraries implements Functions {
    @Override
    public List<Bytes> sources() {
      return List.of();
    }

    @Override
    public void clear() {}

    @Override
    public Trial trial() {
      return source -> {};
    }

    @Override
    public void load(Bytes source, boolean replace) {
      attempt(() -> command("FUNCTION", Bytes.of("LOAD"), source));
    }
  }

  /** What passes through is nobody's business. */
  private static final class Nobody implements KeyListener {
    @Override
    public void onChange(Database database, Bytes key, EventClass eventClass, String event) {}

    @Override
    public void onExpired(Database database, Bytes key) {}

    @Override
    public void onFieldsExpired(
        Database database, Bytes key, List<Bytes> fields, boolean emptied) {}

    @Override
    public void onEvicted(Database database, Bytes key) {}

    @Override
    public void onNew(Database database, long record) {}

    @Override
    public void onFlush() {}

    @Override
    public void beforeFlush(Database database) {}

    @Override
    public void onSwap(Database first, Database second) {}
  }
}
