package io.pillion.engine.dispatch;

import java.util.Locale;

/** The categories by which access rules name groups of commands. */
public enum AclCategory {
  KEYSPACE,
  READ,
  WRITE,
  SET,
  SORTEDSET,
  LIST,
  HASH,
  STRING,
  BITMAP,
  HYPERLOGLOG,
  GEO,
  STREAM,
  PUBSUB,
  ADMIN,
  FAST,
  SLOW,
  BLOCKING,
  DANGEROUS,
  CONNECTION,
  TRANSACTION,
  SCRIPTING;

  /** The name without the at sign. */
  public String redisName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
