package io.pillion.engine.protocol;

import io.pillion.engine.memory.Bytes;

/**
 * Glob patterns as Redis matches them: {@code *}, {@code ?}, {@code [abc]}, {@code [^a-z]} and
 * backslash escapes, byte by byte.
 *
 * <p>The only state to come back to is the last star: whatever an earlier star could take, a later
 * one can take as well. So the time is bounded by the product of both lengths, whatever the
 * pattern, and the stack does not grow (CVE-2022-36021 and CVE-2024-31228 were about matchers that
 * came back to every star, by recursion).
 */
public final class Glob {
  /** The most stars that a pattern may have and still match; Redis' limit. */
  private static final int MAX_STARS = 1000;

  private Glob() {}

  /** Whether the text as a whole matches the pattern. */
  public static boolean matches(Bytes pattern, Bytes text) {
    return matches(pattern, text.array(), text.offset(), text.length(), /* ignoreCase= */ false);
  }

  /** As {@link #matches(Bytes, Bytes)}, with ASCII letters alike in both cases. */
  public static boolean matchesIgnoringCase(Bytes pattern, Bytes text) {
    return matches(pattern, text.array(), text.offset(), text.length(), /* ignoreCase= */ true);
  }

  /** Whether the pattern is a single star, which matches everything. */
  public static boolean isAny(Bytes pattern) {
    return pattern.length() == 1 && pattern.get(0) == '*';
  }

  /** Whether part of an array matches the pattern. */
  public static boolean matches(
      Bytes pattern, byte[] text, int offset, int length, boolean ignoreCase) {
    int end = pattern.length();
    int textEnd = offset + length;
    int p = 0;
    int t = offset;
    int afterStar = -1;
    int takenByStar = 0;
    int stars = 0;
    while (t < textEnd) {
      if (p < end && pattern.get(p) == '*') {
        p = skipStars(pattern, p);
        if (p == end) {
          return true;
        }
        if (++stars > MAX_STARS) {
          return false;
        }
        afterStar = p;
        takenByStar = t;
        continue;
      }
      int next = p < end ? step(pattern, p, text[t], ignoreCase) : -1;
      if (next >= 0) {
        p = next;
        t++;
      } else if (afterStar >= 0) {
        p = afterStar;
        t = ++takenByStar;
      } else {
        return false;
      }
    }
    return end == 0 || (length > 0 && skipStars(pattern, p) == end);
  }

  private static int skipStars(Bytes pattern, int from) {
    int p = from;
    while (p < pattern.length() && pattern.get(p) == '*') {
      p++;
    }
    return p;
  }

  /** Where the pattern goes on after its element at p took the byte c; -1 when it does not. */
  private static int step(Bytes pattern, int p, byte c, boolean ignoreCase) {
    switch (pattern.get(p)) {
      case '?':
        return p + 1;
      case '[':
        return stepClass(pattern, p + 1, c, ignoreCase);
      case '\\':
        int literal = p + 1 < pattern.length() ? p + 1 : p;
        return same(pattern.get(literal), c, ignoreCase) ? literal + 1 : -1;
      default:
        return same(pattern.get(p), c, ignoreCase) ? p + 1 : -1;
    }
  }

  /** A class that is never closed reaches to the end of the pattern. */
  private static int stepClass(Bytes pattern, int from, byte c, boolean ignoreCase) {
    int end = pattern.length();
    int p = from;
    boolean negated = p < end && pattern.get(p) == '^';
    if (negated) {
      p++;
    }
    boolean found = false;
    while (p < end && pattern.get(p) != ']') {
      if (pattern.get(p) == '\\' && end - p >= 2) {
        p++;
        found |= pattern.get(p) == c;
      } else if (end - p >= 3 && pattern.get(p + 1) == '-') {
        found |= inRange(pattern.get(p), pattern.get(p + 2), c, ignoreCase);
        p += 2;
      } else {
        found |= same(pattern.get(p), c, ignoreCase);
      }
      p++;
    }
    return found == negated ? -1 : Math.min(p + 1, end);
  }

  private static boolean inRange(byte a, byte b, byte c, boolean ignoreCase) {
    byte from = ignoreCase ? lower(a) : a;
    byte to = ignoreCase ? lower(b) : b;
    byte value = ignoreCase ? lower(c) : c;
    return value >= Math.min(from, to) && value <= Math.max(from, to);
  }

  private static boolean same(byte a, byte b, boolean ignoreCase) {
    return a == b || (ignoreCase && lower(a) == lower(b));
  }

  private static byte lower(byte b) {
    return b >= 'A' && b <= 'Z' ? (byte) (b + 32) : b;
  }
}
