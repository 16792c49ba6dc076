package io.pillion.engine.config;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Words of a line as people type them: split at blanks, kept together by double quotes (with the
 * escapes {@code \n \r \t \b \a \xHH} and a backslash before anything else) or by single quotes
 * (with {@code \'}). The rule of both inline commands and configuration files.
 */
public final class QuotedWords {
  private QuotedWords() {}

  /**
   * Splits part of an array.
   *
   * @return the words, copied; null when quotes are unbalanced, or something other than a blank
   *     follows a closing quote
   */
  public static @Nullable List<byte[]> split(byte[] line, int from, int to) {
    List<byte[]> words = new ArrayList<>();
    byte[] word = new byte[to - from];
    int at = from;
    while (true) {
      while (at < to && isBlank(line[at])) {
        at++;
      }
      if (at == to || line[at] == 0) {
        return words;
      }
      int length = 0;
      while (at < to && line[at] != 0 && !isBlank(line[at])) {
        byte b = line[at++];
        if (b != '"' && b != '\'') {
          word[length++] = b;
          continue;
        }
        boolean closed = false;
        while (at < to && !closed) {
          byte c = line[at++];
          if (c == b) {
            closed = true;
          } else if (c == '\\' && b == '"' && isHexEscape(line, at, to)) {
            word[length++] = (byte) (hex(line[at + 1]) << 4 | hex(line[at + 2]));
            at += 3;
          } else if (c == '\\' && b == '"' && at < to) {
            word[length++] = unescape(line[at++]);
          } else if (c == '\\' && b == '\'' && at < to && line[at] == '\'') {
            word[length++] = '\'';
            at++;
          } else {
            word[length++] = c;
          }
        }
        if (!closed || (at < to && line[at] != 0 && !isBlank(line[at]))) {
          return null;
        }
      }
      words.add(Arrays.copyOf(word, length));
    }
  }

  /** Splits a text; null as for {@link #split(byte[], int, int)}. */
  public static @Nullable List<String> split(String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    List<byte[]> words = split(bytes, 0, bytes.length);
    if (words == null) {
      return null;
    }
    return words.stream().map(word -> new String(word, StandardCharsets.UTF_8)).toList();
  }

  /** A text in double quotes, escaped so that splitting gives it back. */
  public static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      switch (b) {
        case '\\', '"' -> quoted.append('\\').append((char) b);
        case '\n' -> quoted.append("\\n");
        case '\r' -> quoted.append("\\r");
        case '\t' -> quoted.append("\\t");
        case 7 -> quoted.append("\\a");
        case '\b' -> quoted.append("\\b");
        default -> {
          if (b >= ' ' && b < 127) {
            quoted.append((char) b);
          } else {
            quoted.append(String.format("\\x%02x", b & 0xFF));
          }
        }
      }
    }
    return quoted.append('"').toString();
  }

  private static boolean isHexEscape(byte[] line, int at, int to) {
    return at + 2 < to && line[at] == 'x' && hex(line[at + 1]) >= 0 && hex(line[at + 2]) >= 0;
  }

  private static int hex(byte digit) {
    return Character.digit((char) digit, 16);
  }

  private static byte unescape(byte letter) {
    return switch (letter) {
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'b' -> '\b';
      case 'a' -> 7;
      default -> letter;
    };
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || (b >= 9 && b <= 13);
  }
}
