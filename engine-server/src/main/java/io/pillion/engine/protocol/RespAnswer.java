package io.pillion.engine.protocol;

import java.nio.charset.StandardCharsets;

/**
 * An answer that another server has given, as bytes of RESP2 or RESP3, said again to a {@link
 * Reply}, element for element as they come.
 */
final class RespAnswer {
  private static final int MOST_DEPTH = 128;

  private final byte[] bytes;
  private int at;

  RespAnswer(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Says it.
   *
   * @throws CommandException when it is no answer, or not exactly one; some of it may have been
   *     said
   */
  void writeTo(Reply reply) {
    long[] left = new long[MOST_DEPTH];
    left[0] = 1;
    int depth = 0;
    while (depth >= 0) {
      if (left[depth] == 0) {
        depth--;
        continue;
      }
      left[depth]--;
      long more = writeNext(reply);
      if (more > 0) {
        if (++depth == MOST_DEPTH) {
          throw broken();
        }
        left[depth] = more;
      }
    }
    if (at != bytes.length) {
      throw broken();
    }
  }

  private static CommandException broken() {
    return Errors.err("the answer of the primary cannot be understood");
  }

  /** Says one element; returns how many more come with it. */
  private long writeNext(Reply reply) {
    if (at == bytes.length) {
      throw broken();
    }
    byte type = bytes[at++];
    String line = line();
    switch (type) {
      case '+' -> simple(reply, line);
      case '-' -> reply.error(line);
      case ':' -> reply.integer(integer(line));
      case '_' -> reply.nil();
      case '#' -> reply.bool(line.equals("t"));
      case ',' -> number(reply, line);
      case '(' -> reply.bigNumber(line);
      case '$' -> bulk(reply, size(line));
      case '=' -> verbatim(reply, size(line));
      default -> {
        return aggregate(reply, type, size(line));
      }
    }
    return 0;
  }

  private static void simple(Reply reply, String line) {
    if (line.equals("OK")) {
      reply.ok();
    } else {
      reply.simple(line);
    }
  }

  private static void number(Reply reply, String line) {
    switch (line) {
      case "inf" -> reply.number(Double.POSITIVE_INFINITY);
      case "-inf" -> reply.number(Double.NEGATIVE_INFINITY);
      case "nan", "-nan" -> reply.number(Double.NaN);
      default -> digits(reply, line);
    }
  }

  private static void digits(Reply reply, String line) {
    try {
      reply.number(line);
    } catch (NumberFormatException e) {
      throw broken();
    }
  }

  private void bulk(Reply reply, int size) {
    if (size < 0) {
      reply.nil();
      return;
    }
    int begin = body(size);
    reply.bulk(bytes, begin, size);
  }

  private void verbatim(Reply reply, int size) {
    if (size < 4) {
      throw broken();
    }
    int begin = body(size);
    reply.verbatim(
        new String(bytes, begin, 3, StandardCharsets.US_ASCII),
        new String(bytes, begin + 4, size - 4, StandardCharsets.UTF_8));
  }

  private static long aggregate(Reply reply, byte type, int size) {
    if (size < 0) {
      if (type != '*') {
        throw broken();
      }
      reply.nilArray();
      return 0;
    }
    switch (type) {
      case '*' -> reply.array(size);
      case '~' -> reply.set(size);
      case '%' -> {
        reply.map(size);
        return 2L * size;
      }
      default -> throw broken();
    }
    return size;
  }

  private int body(int size) {
    int begin = at;
    if (bytes.length - begin < size + 2L) {
      throw broken();
    }
    at = begin + size + 2;
    return begin;
  }

  /** A line, each byte a character, without its end. */
  private String line() {
    int begin = at;
    while (at + 1 < bytes.length) {
      if (bytes[at] == '\r' && bytes[at + 1] == '\n') {
        String line = new String(bytes, begin, at - begin, StandardCharsets.ISO_8859_1);
        at += 2;
        return line;
      }
      at++;
    }
    throw broken();
  }

  private static long integer(String line) {
    try {
      return Long.parseLong(line);
    } catch (NumberFormatException e) {
      throw broken();
    }
  }

  private static int size(String line) {
    long size = integer(line);
    if (size < -1 || size > Integer.MAX_VALUE - 8) {
      throw broken();
    }
    return (int) size;
  }
}
