package io.pillion.engine.dispatch;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

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

  /** The category of a name in any case, without the at sign; null when there is none. */
  public static @Nullable AclCategory named(String name) {
    for (AclCategory category : values()) {
      if (category.redisName().equals(name.toLowerCase(Locale.ROOT))) {
        return category;
      }
    }
    return null;
  }
}
