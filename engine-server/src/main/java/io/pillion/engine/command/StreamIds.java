package io.pillion.engine.command;

import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import org.jspecify.annotations.Nullable;

/** Ids of stream entries as commands take them: {@code ms-seq}, or in part. */
@SuppressWarnings("StaticAssignmentOfThrowable")
final class StreamIds {
  private static final CommandException INVALID =
      Errors.err("Invalid stream ID specified as stream command argument");
  private static final int MAX_LENGTH = 127;

  // The largest unsigned number is ten times this, and this digit.
  private static final long MAX_TENTH = Long.divideUnsigned(-1, 10);
  private static final int LAST_DIGIT = 5;

  private StreamIds() {}

  /** A whole id, or its milliseconds, the sequence number being 0 then. */
  static StreamId parse(Bytes word) {
    StreamId id = parseOrNull(word);
    if (id == null) {
      throw INVALID;
    }
    return id;
  }

  /** As {@link #parse}, with null for what is no id. */
  static @Nullable StreamId parseOrNull(Bytes word) {
    return isBound(word) ? null : parse(word, /* missingSeq= */ 0, /* bounds= */ false);
  }

  /** As {@link #parse}, and {@code -} and {@code +} for the least and the largest id. */
  static StreamId parseWithBounds(Bytes word) {
    return lenient(word, /* missingSeq= */ 0);
  }

  /** The ids from the word at an index on. */
  static StreamId[] parseAll(Args args, int from) {
    StreamId[] ids = new StreamId[args.count() - from];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = parse(args.get(from + i));
    }
    return ids;
  }

  /** Where a range begins: {@code -}, {@code +}, an id, or {@code (} and an id. */
  static StreamId start(Bytes word) {
    if (!isExclusive(word)) {
      return lenient(word, /* missingSeq= */ 0);
    }
    StreamId id = strict(word.slice(1, word.length()), /* missingSeq= */ 0);
    if (id.equals(StreamId.MAX)) {
      throw Errors.err("invalid start ID for the interval");
    }
    return id.next();
  }

  /** Where a range ends. */
  static StreamId end(Bytes word) {
    if (!isExclusive(word)) {
      return lenient(word, /* missingSeq= */ -1);
    }
    StreamId id = strict(word.slice(1, word.length()), /* missingSeq= */ -1);
    if (id.isZero()) {
      throw Errors.err("invalid end ID for the interval");
    }
    return id.previous();
  }

  private static boolean isExclusive(Bytes word) {
    return word.length() > 1 && word.get(0) == '(';
  }

  private static boolean isBound(Bytes word) {
    return word.length() == 1 && (word.get(0) == '-' || word.get(0) == '+');
  }

  private static StreamId strict(Bytes word, long missingSeq) {
    StreamId id = isBound(word) ? null : parse(word, missingSeq, /* bounds= */ false);
    if (id == null) {
      throw INVALID;
    }
    return id;
  }

  private static StreamId lenient(Bytes word, long missingSeq) {
    StreamId id = parse(word, missingSeq, /* bounds= */ true);
    if (id == null) {
      throw INVALID;
    }
    return id;
  }

  private static @Nullable StreamId parse(Bytes word, long missingSeq, boolean bounds) {
    if (bounds && isBound(word)) {
      return word.get(0) == '-' ? StreamId.MIN : StreamId.MAX;
    }
    int length = word.length();
    if (length > MAX_LENGTH) {
      return null;
    }
    int dash = dashIn(word);
    if (!isNumber(word, 0, dash) || (dash < length && !isNumber(word, dash + 1, length))) {
      return null;
    }
    long seq = dash == length ? missingSeq : number(word, dash + 1, length);
    return new StreamId(number(word, 0, dash), seq);
  }

  /** Where the dash is, or the length when there is none. */
  private static int dashIn(Bytes word) {
    int dash = 0;
    while (dash < word.length() && word.get(dash) != '-') {
      dash++;
    }
    return dash;
  }

  /** Whether XADD is left to choose the sequence number: {@code ms-*}. */
  static boolean leavesSeq(Bytes word) {
    int length = word.length();
    return length >= 2
        && length <= MAX_LENGTH
        && word.get(length - 1) == '*'
        && dashIn(word) == length - 2
        && isNumber(word, 0, length - 2);
  }

  /** Refuses what XADD cannot take for an id, {@code *} aside. */
  static void check(Bytes word) {
    if (!leavesSeq(word)) {
      parse(word);
    }
  }

  /** The milliseconds of a word that {@link #leavesSeq}. */
  static long millis(Bytes word) {
    return number(word, 0, word.length() - 2);
  }

  /** As in Redis, digits that may have spaces, a plus and zeros before them. */
  private static boolean isNumber(Bytes word, int from, int to) {
    while (from < to && isSpace(word.get(from))) {
      from++;
    }
    if (from < to && word.get(from) == '+') {
      from++;
    }
    if (from == to) {
      return false;
    }
    long value = 0;
    for (int i = from; i < to; i++) {
      int digit = word.get(i) - '0';
      if (digit < 0 || digit > 9) {
        return false;
      }
      int order = Long.compareUnsigned(value, MAX_TENTH);
      if (order > 0 || (order == 0 && digit > LAST_DIGIT)) {
        return false;
      }
      value = value * 10 + digit;
    }
    return true;
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || (b >= '\t' && b <= '\r');
  }

  private static long number(Bytes word, int from, int to) {
    long value = 0;
    for (int i = from; i < to; i++) {
      int digit = word.get(i) - '0';
      if (digit >= 0) {
        value = value * 10 + digit;
      }
    }
    return value;
  }

  /** The id as clients see it. */
  static Bytes bytes(StreamId id) {
    if (id.ms() < 0 || id.seq() < 0) {
      return Bytes.of(id.toString());
    }
    byte[] seq = new byte[Numbers.MAX_DIGITS];
    int seqAt = Numbers.write(id.seq(), seq);
    byte[] text = new byte[2 * Numbers.MAX_DIGITS + 1];
    int digits = seq.length - seqAt;
    int end = text.length - digits;
    System.arraycopy(seq, seqAt, text, end, digits);
    int msAt = Numbers.write(id.ms(), seq);
    int begin = end - 1 - (seq.length - msAt);
    System.arraycopy(seq, msAt, text, begin, seq.length - msAt);
    text[end - 1] = '-';
    return Bytes.of(text, begin, text.length - begin);
  }
}
