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
 * @param bare whether to leave out what belongs to an element: its value, or its score
 */
record ScanOptions(@Nullable Bytes pattern, long count, boolean bare) {
  private static final long DEFAULT_COUNT = 10;

  /**
   * Parses the options from an index on.
   *
   * @param bareWord the option that leaves out what belongs to an element, or null
   */
  static ScanOptions parse(Args args, int from, @Nullable String bareWord) {
    Bytes pattern = null;
    long count = DEFAULT_COUNT;
    boolean bare = false;
    for (int i = from; i < args.count(); i++) {
      boolean hasValue = i + 1 < args.count();
      if (hasValue && args.is(i, "COUNT")) {
        count = args.integer(++i);
        if (count < 1) {
          throw Errors.syntax();
        }
      } else if (hasValue && args.is(i, "MATCH")) {
        pattern = Glob.isAny(args.get(++i)) ? null : args.get(i);
      } else if (bareWord != null && args.is(i, bareWord)) {
        bare = true;
      } else {
        throw Errors.syntax();
      }
    }
    return new ScanOptions(pattern, count, bare);
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
