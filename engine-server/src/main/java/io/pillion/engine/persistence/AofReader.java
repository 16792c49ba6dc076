package io.pillion.engine.persistence;

import io.pillion.engine.protocol.Args;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Reads the commands of an append-only file, one after the other. Nothing that a length claims is
 * believed: memory is taken for what can still come, and a length beyond the end of the file is an
 * end that came too early.
 */
final class AofReader {
  private static final int BUFFER_BYTES = 256 << 10;
  private static final int MAX_LINE = 1024;
  private static final int MAX_WORDS = 1 << 20;
  private static final int END_OF_FILE = -1;
  private static final int TOO_LONG = -2;

  private final InputStream in;
  private final long fileSize;
  private byte[] buffer = new byte[BUFFER_BYTES];

  // Where the command being read begins in the buffer, and where the buffer ends; all other places
  // are relative to the former, as the bytes move when more are read.
  private int position;
  private int limit;

  private long offset;
  private int[] places = new int[16];

  /** What came next. */
  enum Result {
    COMMAND,
    /** The file ended behind a command. */
    END,
    /** The file ended within a command. */
    TRUNCATED,
    /** What there is, is no command. */
    BROKEN
  }

  /**
   * Reads from here on.
   *
   * @param offset where in the file the stream is
   */
  AofReader(InputStream in, long offset, long fileSize) {
    this.in = in;
    this.offset = offset;
    this.fileSize = fileSize;
  }

  /** Behind the last whole command; after one that cannot be read, where it begins. */
  long offset() {
    return offset;
  }

  /**
   * Reads the next command.
   *
   * @param words takes views, valid until the next call
   */
  Result next(Args words) throws IOException {
    int end = lineEnd(0);
    while (end > 0 && at(0) == '#') {
      consume(end);
      end = lineEnd(0);
    }
    if (end == END_OF_FILE && position == limit) {
      return Result.END;
    }
    if (at(0) != '*' && at(0) != '#') {
      return Result.BROKEN;
    }
    if (end < 0) {
      return unfinished(end);
    }
    int count = number(1, end);
    if (count < 1 || count > MAX_WORDS) {
      return Result.BROKEN;
    }
    int from = end;
    for (int i = 0; i < count; i++) {
      end = lineEnd(from);
      if (position + from < limit && at(from) != '$') {
        return Result.BROKEN;
      }
      if (end < 0) {
        return unfinished(end);
      }
      int length = number(from + 1, end);
      if (length < 0) {
        return Result.BROKEN;
      }
      if (length + 2L > fileSize - offset - end || !has(end + length + 2)) {
        return Result.TRUNCATED;
      }
      if (at(end + length) != '\r' || at(end + length + 1) != '\n') {
        return Result.BROKEN;
      }
      if (2 * i == places.length) {
        places = Arrays.copyOf(places, 4 * i);
      }
      places[2 * i] = end;
      places[2 * i + 1] = length;
      from = end + length + 2;
    }
    words.clear();
    for (int i = 0; i < count; i++) {
      words.add(buffer, position + places[2 * i], places[2 * i + 1]);
    }
    consume(from);
    return Result.COMMAND;
  }

  private static Result unfinished(int end) {
    return end == END_OF_FILE ? Result.TRUNCATED : Result.BROKEN;
  }

  private byte at(int place) {
    return buffer[position + place];
  }

  private void consume(int bytes) {
    position += bytes;
    offset += bytes;
  }

  /** Digits up to the end of a line; -1 when there is anything else, or too many. */
  private int number(int from, int end) {
    if (at(end - 2) != '\r' || end - 2 == from || end - 2 - from > 10) {
      return -1;
    }
    long number = 0;
    for (int i = from; i < end - 2; i++) {
      int digit = at(i) - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      number = number * 10 + digit;
    }
    return number > Integer.MAX_VALUE - 64 ? -1 : (int) number;
  }

  /** Behind the line that begins here, or why there is none. */
  private int lineEnd(int from) throws IOException {
    for (int i = from; i < from + MAX_LINE; i++) {
      if (!has(i + 1)) {
        return END_OF_FILE;
      }
      if (at(i) == '\n') {
        return i + 1;
      }
    }
    return TOO_LONG;
  }

  /** Sees to it that so many bytes of the command are in the buffer; false when there are fewer. */
  private boolean has(int bytes) throws IOException {
    while (limit - position < bytes) {
      if (buffer.length - position < bytes) {
        int kept = limit - position;
        byte[] target =
            buffer.length < bytes || (buffer.length > BUFFER_BYTES && bytes <= BUFFER_BYTES)
                ? new byte[Math.max(BUFFER_BYTES, bytes)]
                : buffer;
        System.arraycopy(buffer, position, target, 0, kept);
        buffer = target;
        position = 0;
        limit = kept;
      }
      int read = in.read(buffer, limit, buffer.length - limit);
      if (read < 0) {
        return false;
      }
      limit += read;
    }
    return true;
  }
}
