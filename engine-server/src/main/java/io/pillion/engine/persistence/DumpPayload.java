package io.pillion.engine.persistence;

import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What DUMP answers and RESTORE takes: the type and the value as in a file, then two bytes of
 * version and eight of check sum over all before.
 */
public final class DumpPayload {
  private static final int FOOTER = 10;

  private DumpPayload() {}

  /**
   * The payload for what a record holds: a view of an array of its own. O(elements).
   *
   * @param fieldTtls how fields with a time to live are written
   */
  public static Bytes write(
      Database database, long record, Arena arena, TypeLimits limits, FieldTtls fieldTtls) {
    RdbOutput out = new RdbOutput(null, /* compress= */ true);
    ValueWriter writer = new ValueWriter(arena, limits, out, fieldTtls);
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
      if (version > RdbFormat.VERSION_WITH_FIELD_TTLS && !RdbFormat.isKnown(version)) {
        return null;
      }
      boolean intact =
          !checked || sum == Crc64.update(0, payload.array(), payload.offset(), length + 2);
      return intact ? payload.slice(0, length) : null;
    } catch (IOException e) {
      throw new IllegalStateException("ten bytes are there", e);
    }
  }

  /** The payload of FUNCTION DUMP for the sources of libraries. */
  public static Bytes writeFunctions(List<Bytes> sources) {
    RdbOutput out = new RdbOutput(null, /* compress= */ true);
    for (Bytes source : sources) {
      out.putByte(RdbFormat.OP_FUNCTION);
      out.putString(source);
    }
    out.putByte(RdbFormat.VERSION);
    out.putByte(0);
    Bytes body = out.bytes();
    out.putLong(Crc64.update(0, body.array(), body.offset(), body.length()));
    return out.bytes();
  }

  /**
   * Reads the sources of libraries.
   *
   * @param body what {@link #body} has found
   * @throws IOException when it has anything else, or is broken; the message says so
   */
  public static List<Bytes> readFunctions(Bytes body) throws IOException {
    RdbInput in = new RdbInput(body);
    List<Bytes> sources = new ArrayList<>();
    while (in.remaining() > 0) {
      int type = in.readByte();
      if (type == RdbFormat.OP_FUNCTION_PRE_RELEASE) {
        throw new IOException("Pre-GA function format not supported");
      }
      if (type != RdbFormat.OP_FUNCTION) {
        throw new IOException("given type is not a function");
      }
      try {
        sources.add(in.readString().copy());
      } catch (IOException e) {
        throw new IOException("failed loading the given functions payload", e);
      }
    }
    return sources;
  }

  /**
   * Reads the value.
   *
   * @param payload in which {@link #body} has found a value
   * @throws IOException when anything is wrong with it
   */
  public static LoadedValue read(Bytes payload, Arena arena, TypeLimits limits) throws IOException {
    int end = payload.length() - FOOTER;
    RdbInput in = new RdbInput(payload.slice(0, end));
    int version = (payload.get(end) & 0xFF) | (payload.get(end + 1) & 0xFF) << 8;
    int type = RdbFormat.typeIn(version, in.readByte());
    LoadedValue value = new ValueReader(arena, limits).read(type, in);
    if (in.remaining() != 0) {
      value.free(arena);
      throw in.broken("More bytes than the value has");
    }
    return value;
  }
}
