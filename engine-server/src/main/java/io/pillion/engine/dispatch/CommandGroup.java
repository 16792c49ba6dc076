package io.pillion.engine.dispatch;

import java.util.Locale;

/** The groups in which commands are documented. */
public enum CommandGroup {
  GENERIC,
  STRING,
  BITMAP,
  LIST,
  SET,
  SORTED_SET,
  HASH,
  HYPERLOGLOG,
  GEO,
  PUBSUB,
  STREAM,
  CONNECTION,
  SERVER,
  CLUSTER,
  TRANSACTIONS,
  SCRIPTING;

  /** The name in COMMAND DOCS. */
  public String redisName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
