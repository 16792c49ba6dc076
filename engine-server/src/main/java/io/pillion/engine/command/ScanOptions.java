package io.pillion.engine.command;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Span;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Glob;
import io.pillion.engine.protocol.Reply;
import org.jspecify.annotations.Nullable;

/**
 * What HSCAN, SSCAN and ZSCAN take after the cursor.
 *
 * @param pattern what elements must match, or null for all
 * @param count about how many elements to look at
 */
record ScanOptions(@Nullable Bytes pattern, long count) {
  private static final long DEFAULT_COUNT = 10;

  /** Parses the options from an index on. */
  static ScanOptions parse(Args args, int from) {
    Bytes pattern = null;
    long count = DEFAULT_COUNT;
    for (int i = from; i < args.count(); i += 2) {
      boolean hasValue = i + 1 < args.count();
      if (hasValue && args.is(i, "COUNT")) {
        count = args.integer(i + 1);
        if (count < 1) {
          throw Errors.syntax();
        }
      } else if (hasValue && args.is(i, "MATCH")) {
        pattern = Glob.isAny(args.get(i + 1)) ? null : args.get(i + 1);
      } else {
        throw Errors.syntax();
      }
    }
    return new ScanOptions(pattern, count);
  }

  boolean matches(Bytes element) {
    return pattern == null || Glob.matches(pattern, element);
  }

  boolean matches(Span element) {
    return pattern == null || Glob.matches(pattern, element.toBytes());
  }

  /** Writes the first part of the reply; the array of elements follows. */
  static void replyCursor(Reply reply, long cursor) {
    reply.array(2);
    reply.bulk(Long.toUnsignedString(cursor));
  }
}
