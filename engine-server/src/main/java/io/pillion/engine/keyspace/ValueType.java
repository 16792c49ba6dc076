package io.pillion.engine.keyspace;

/** What a key holds. Declared in the order of Redis' type numbers. */
public enum ValueType {
  STRING(0, "string"),
  LIST(1, "list"),
  SET(2, "set"),
  ZSET(3, "zset"),
  HASH(4, "hash"),
  STREAM(6, "stream");

  private static final ValueType[] VALUES = values();

  private final int code;
  private final String redisName;

  ValueType(int code, String redisName) {
    this.code = code;
    this.redisName = redisName;
  }

  /** The name that TYPE answers. */
  public String redisName() {
    return redisName;
  }

  /** Redis' number for the type. */
  public int code() {
    return code;
  }

  static ValueType of(int code) {
    // Number 5 is for what modules keep, of which there is nothing.
    return VALUES[code < 5 ? code : code - 1];
  }
}
