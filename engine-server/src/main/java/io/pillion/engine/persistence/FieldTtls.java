package io.pillion.engine.persistence;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.datatype.HashValue;

/**
 * How hashes are written some of whose fields have a time to live. Redis and Valkey have it since
 * their versions 7.4 and 9, each in a format that the other refuses; all else is written as both
 * read it.
 */
public enum FieldTtls {
  /** As redis-server reads it since 7.4: RDB version 12. */
  REDIS(RdbFormat.TYPE_HASH_TTLS, RdbFormat.VERSION_WITH_FIELD_TTLS) {
    @Override
    void begin(RdbOutput out, long size, long earliest) {
      out.putLong(earliest);
      out.putLength(size);
    }

    @Override
    void before(RdbOutput out, long deadline, long earliest) {
      out.putLength(deadline == HashValue.NEVER ? 0 : deadline - earliest + 1);
    }
  },

  /** As valkey-server reads it since 9.0: RDB version 80. */
  VALKEY(RdbFormat.TYPE_HASH_OF_VALKEY & 0xFF, RdbFormat.VERSION_OF_VALKEY) {
    @Override
    void after(RdbOutput out, long deadline) {
      out.putLong(deadline == HashValue.NEVER ? -1 : deadline);
    }
  },

  /** Left out: every server reads the fields, and somebody else has to say when they leave. */
  NONE(RdbFormat.TYPE_HASH, RdbFormat.VERSION);

  private final int type;
  private final int version;

  FieldTtls(int type, int version) {
    this.type = type;
    this.version = version;
  }

  /** As {@code rdb-field-ttl-format} says. */
  public static FieldTtls of(Parameters parameters) {
    return parameters.text("rdb-field-ttl-format").equals("valkey") ? VALKEY : REDIS;
  }

  /** What stands for such a hash in a file. */
  int type() {
    return type;
  }

  /** The version of a file with such a hash. */
  int version() {
    return version;
  }

  /** Writes what comes before the fields. */
  void begin(RdbOutput out, long size, long earliest) {
    out.putLength(size);
  }

  /**
   * Writes what comes before a field.
   *
   * @param deadline of the field, or {@link HashValue#NEVER}
   * @param earliest deadline of all fields
   */
  void before(RdbOutput out, long deadline, long earliest) {}

  /** Writes what comes after a field and its value. */
  void after(RdbOutput out, long deadline) {}
}
