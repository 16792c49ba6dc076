package io.pillion.engine.command;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Span;
import org.jspecify.annotations.Nullable;

/**
 * Where SORT finds what belongs to an element: a key, or a field of a hash, with a star where the
 * element goes.
 *
 * @param prefix what stands before the star, or null when there is none: then nothing is found
 * @param suffix what of the key stands after it
 * @param field the field of a hash, or null for a string
 */
record SortPattern(@Nullable Bytes prefix, Bytes suffix, @Nullable Bytes field) {
  /** Reads a pattern such as {@code weight_*} or {@code object_*->name}. */
  static SortPattern of(Bytes text) {
    int star = indexOf(text, 0, '*');
    if (star < 0) {
      return new SortPattern(null, Bytes.EMPTY, null);
    }
    int arrow = star;
    do {
      arrow = indexOf(text, arrow + 1, '-');
    } while (arrow >= 0 && (arrow + 1 >= text.length() || text.get(arrow + 1) != '>'));
    // An arrow that leads to no field is part of the key.
    boolean hash = arrow >= 0 && arrow + 2 < text.length();
    return new SortPattern(
        text.slice(0, star).copy(),
        text.slice(star + 1, hash ? arrow : text.length()).copy(),
        hash ? text.slice(arrow + 2, text.length()).copy() : null);
  }

  private static int indexOf(Bytes text, int from, char wanted) {
    for (int i = from; i < text.length(); i++) {
      if (text.get(i) == wanted) {
        return i;
      }
    }
    return -1;
  }

  /** Moves the span to what belongs to an element; false when there is nothing. */
  boolean find(Call call, Bytes element, Span found) {
    if (prefix == null) {
      return false;
    }
    Database database = call.database();
    long record = call.findToRead(key(prefix, element));
    if (record == 0) {
      return false;
    }
    if (field != null) {
      return database.type(record) == ValueType.HASH
          && new HashValue(
                  call.arena(), database.rootCell(record), call.keyspace().settings().types)
              .asOf(call.now())
              .get(field, found);
    }
    if (database.type(record) != ValueType.STRING) {
      return false;
    }
    found.set(database.stringAddress(record), database.stringLength(record));
    return true;
  }

  private Bytes key(Bytes before, Bytes element) {
    byte[] key = new byte[before.length() + element.length() + suffix.length()];
    int at = copy(before, key, 0);
    at = copy(element, key, at);
    copy(suffix, key, at);
    return Bytes.of(key);
  }

  private static int copy(Bytes from, byte[] to, int at) {
    System.arraycopy(from.array(), from.offset(), to, at, from.length());
    return at + from.length();
  }
}
