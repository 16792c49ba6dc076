package io.pillion.engine.persistence;

import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What DUMP answers and RESTORE takes: the type and the value as in a file, then two bytes of
 * version and eight of check sum over all before.
 */
public final class DumpPayload {
  private static final int FOOTER = 10;

  private DumpPayload() {}

  /** The payload for what a record holds: a view of an array of its own. O(elements). */
  public static Bytes write(Database database, long record, Arena arena, TypeLimits limits) {
    RdbOutput out = new RdbOutput(null, /* compress= */ true);
    ValueWriter writer = new ValueWriter(arena, limits, out);
    writer.writeType(database, record);
    writer.writeValue(database, record);
    out.putByte(writer.versionOf(database, record));
    out.putByte(0);
    Bytes body = out.bytes();
    out.putLong(Crc64.update(0, body.array(), body.offset(), body.length()));
    return out.bytes();
  }

  /**
   * The part of a payload that holds the value, or null when its version is newer than what is
   * understood here, or its check sum is wrong.
   *
   * @param checked whether to look at the check sum at all
   */
  public static @Nullable Bytes body(Bytes payload, boolean checked) {
    int length = payload.length() - FOOTER;
    if (length < 0) {
      return null;
    }
    RdbInput footer = new RdbInput(payload.slice(length, payload.length()));
    try {
      int version = footer.readByte() | footer.readByte() << 8;
      long sum = footer.readLong();
      if (version > RdbFormat.VERSION_WITH_FIELD_TTLS) {
        return null;
      }
      boolean intact =
          !checked || sum == Crc64.update(0, payload.array(), payload.offset(), length + 2);
      return intact ? payload.slice(0, length) : null;
    } catch (IOException e) {
      throw new IllegalStateException("ten bytes are there", e);
    }
  }

  /**
   * Reads the value.
   *
   * @param body what {@link #body} has found
   * @throws IOException when anything is wrong with it
   */
  public static LoadedValue read(Bytes body, Arena arena, TypeLimits limits) throws IOException {
    RdbInput in = new RdbInput(body);
    LoadedValue value = new ValueReader(arena, limits).read(in.readByte(), in);
    if (in.remaining() != 0) {
      value.free(arena);
      throw in.broken("More bytes than the value has");
    }
    return value;
  }
}
