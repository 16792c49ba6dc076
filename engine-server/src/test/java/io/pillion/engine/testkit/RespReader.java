package io.pillion.engine.testkit;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads replies, RESP2 and RESP3, into the values that {@link Answer} describes. */
final class RespReader {
  private final InputStream in;

  RespReader(InputStream in) {
    this.in = in;
  }

  /** The next reply; blocks until it is whole. */
  @Nullable Object read() throws IOException {
    int type = in.read();
    if (type < 0) {
      throw new EOFException("the server closed the connection");
    }
    String line = line();
    switch (type) {
      case '+':
        return new Answer.Status(line);
      case '-':
        return new Answer.Failure(line);
      case ':':
        return Long.valueOf(line);
      case ',':
        return decimal(line);
      case '#':
        return line.equals("t");
      case '(':
        return new BigInteger(line);
      case '_':
        return null;
      case '$':
        return line.equals("-1") ? null : bulk(Integer.parseInt(line));
      case '!':
        return new Answer.Failure(bulk(Integer.parseInt(line)));
      case '=':
        String verbatim = bulk(Integer.parseInt(line));
        return new Answer.Verbatim(verbatim.substring(0, 3), verbatim.substring(4));
      case '*':
        return line.equals("-1") ? Answer.NilArray.NIL_ARRAY : list(Integer.parseInt(line));
      case '>':
        return new Answer.Push(list(Integer.parseInt(line)));
      case '~':
        Set<@Nullable Object> set = new LinkedHashSet<>(list(Integer.parseInt(line)));
        return set;
      case '%':
        return map(Integer.parseInt(line));
      case '|':
        map(Integer.parseInt(line));
        return read();
      default:
        throw new IOException("not a reply: " + (char) type + line);
    }
  }

  private static Double decimal(String line) {
    return switch (line) {
      case "inf" -> Double.POSITIVE_INFINITY;
      case "-inf" -> Double.NEGATIVE_INFINITY;
      case "nan" -> Double.NaN;
      default -> Double.valueOf(line);
    };
  }

  private List<@Nullable Object> list(int count) throws IOException {
    List<@Nullable Object> list = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      list.add(read());
    }
    return list;
  }

  private Map<@Nullable Object, @Nullable Object> map(int pairs) throws IOException {
    Map<@Nullable Object, @Nullable Object> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs; i++) {
      Object key = read();
      map.put(key, read());
    }
    return map;
  }

  private String bulk(int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length || in.read() != '\r' || in.read() != '\n') {
      throw new IOException("a bulk string of " + length + " bytes does not end with CRLF");
    }
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\r'; b = in.read()) {
      if (b < 0) {
        throw new EOFException("the server closed the connection within a reply");
      }
      line.append((char) b);
    }
    if (in.read() != '\n') {
      throw new IOException("a line does not end with CRLF: " + line);
    }
    return line.toString();
  }
}
