package io.pillion.engine.persistence;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.keyspace.Values;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * A value that was read whole and belongs to no key yet: either {@link #enter} gives it to one, or
 * {@link #free} gives its memory back. A string is valid only until more is read.
 */
public final class LoadedValue {
  private final ValueType type;
  private final @Nullable Bytes string;
  private final long root;

  LoadedValue(Bytes string) {
    this.type = ValueType.STRING;
    this.string = string;
    root = 0;
  }

  LoadedValue(ValueType type, long root) {
    this.type = type;
    string = null;
    this.root = root;
  }

  /** What it is. */
  public ValueType type() {
    return type;
  }

  /**
   * Makes it what a key holds, whatever that held before. When memory is lacking, all stays as it
   * was, and the value is freed.
   *
   * @param deadline Unix milliseconds, or {@link Database#NEVER}
   */
  public void enter(Database database, Arena arena, Bytes key, long deadline) {
    if (string != null) {
      database.setString(key, string, deadline);
      return;
    }
    boolean entered = false;
    try {
      database.setCollection(key, type, root, deadline);
      entered = true;
    } finally {
      if (!entered) {
        free(arena);
      }
    }
  }

  /** Gives its memory back. */
  public void free(Arena arena) {
    if (string == null) {
      Values.free(arena, type, root);
    }
  }
}
