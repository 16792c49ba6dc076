package io.pillion.engine.command;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.datatype.ListValue;
import io.pillion.engine.datatype.SetValue;
import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.protocol.Numbers;

/** How keys are kept, in the words that OBJECT ENCODING has for it. */
final class Encodings {
  private static final int MAX_EMBEDDED_BYTES = 44;
  private static final int MAX_SHARED_DIGITS = 4;

  private Encodings() {}

  /** The encoding of what a record holds. */
  static String of(Call call, long record) {
    Arena arena = call.arena();
    Database database = call.database();
    TypeLimits limits = call.keyspace().settings().types;
    return switch (database.type(record)) {
      case STRING -> ofString(call, record);
      case LIST -> new ListValue(arena, database.rootCell(record), limits).encoding();
      case SET -> new SetValue(arena, database.rootCell(record), limits).encoding();
      case ZSET -> new SortedSetValue(arena, database.rootCell(record), limits).encoding();
      case HASH -> new HashValue(arena, database.rootCell(record), limits).encoding();
      case STREAM -> "stream";
    };
  }

  /** How many elements a set, sorted set or hash has. */
  static long elements(Call call, long record) {
    Arena arena = call.arena();
    long cell = call.database().rootCell(record);
    TypeLimits limits = call.keyspace().settings().types;
    return switch (call.database().type(record)) {
      case SET -> new SetValue(arena, cell, limits).size();
      case ZSET -> new SortedSetValue(arena, cell, limits).size();
      case HASH -> new HashValue(arena, cell, limits).size();
      default -> throw new IllegalArgumentException("not a set, sorted set or hash");
    };
  }

  /**
   * Whether Redis would keep this small integer once for all keys that hold it, and say so in the
   * count of references.
   */
  static boolean isShared(Call call, long record) {
    return call.database().type(record) == ValueType.STRING
        && call.database().stringLength(record) <= MAX_SHARED_DIGITS
        && ofString(call, record).equals("int")
        && call.arena().getByte(call.database().stringAddress(record)) != '-';
  }

  private static String ofString(Call call, long record) {
    Database database = call.database();
    int length = database.stringLength(record);
    if (database.isRaw(record) || length > MAX_EMBEDDED_BYTES) {
      return "raw";
    }
    boolean integer =
        length <= Numbers.MAX_DIGITS
            && Numbers.isLong(
                io.pillion.engine.memory.Bytes.of(
                    call.arena().toByteArray(database.stringAddress(record), length)));
    return integer ? "int" : "embstr";
  }
}
