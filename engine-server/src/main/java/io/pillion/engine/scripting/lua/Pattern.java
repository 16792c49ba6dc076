package io.pillion.engine.scripting.lua;

/**
 * A pattern of Lua on its way through a subject. Every step is a tick of the budget, so that what
 * backtracks without end can be stopped; recursion is at most 200 deep.
 */
final class Pattern {
  private static final int MAX_CAPTURES = 32;
  private static final int MAX_DEPTH = 200;
  private static final int OPEN = -1;
  private static final int POSITION = -2;
  private static final int NO_MATCH = -1;

  private final LuaState lua;
  private final Budget budget;
  private final byte[] subject;
  private final byte[] pattern;
  private final int[] starts = new int[MAX_CAPTURES];
  private final int[] lengths = new int[MAX_CAPTURES];
  private int level;
  private int depth;

  Pattern(LuaState lua, byte[] subject, byte[] pattern) {
    this.lua = lua;
    this.budget = lua.budget();
    this.subject = subject;
    this.pattern = pattern;
  }

  byte[] subject() {
    return subject;
  }

  LuaState lua() {
    return lua;
  }

  /** Where a match that begins here ends, or -1. */
  int match(int at, int patternAt) {
    level = 0;
    depth = 0;
    return step(at, patternAt);
  }

  // --- captures

  Object[] captures(int at, int end, boolean wholeIfNone) {
    int count = level == 0 && wholeIfNone ? 1 : level;
    Object[] values = new Object[count];
    for (int i = 0; i < count; i++) {
      values[i] = capture(i, at, end);
    }
    return values;
  }

  Object capture(int index, int at, int end) {
    if (index >= level) {
      if (index != 0) {
        throw lua.error("invalid capture index");
      }
      return part(at, end);
    }
    if (lengths[index] == POSITION) {
      return starts[index] + 1.0;
    }
    if (lengths[index] == OPEN) {
      throw lua.error("unfinished capture");
    }
    return part(starts[index], starts[index] + lengths[index]);
  }

  private LuaString part(int from, int to) {
    budget.charge(32 + to - from);
    return LuaString.of(subject, from, to);
  }

  // --- matching

  private int step(int from, int patternFrom) {
    if (++depth > MAX_DEPTH) {
      throw lua.error("pattern too complex");
    }
    try {
      return steps(from, patternFrom);
    } finally {
      depth--;
    }
  }

  private int steps(int from, int patternFrom) {
    int s = from;
    int p = patternFrom;
    while (p < pattern.length) {
      budget.tick();
      switch (pattern[p]) {
        case '(':
          return p + 1 < pattern.length && pattern[p + 1] == ')'
              ? startCapture(s, p + 2, POSITION)
              : startCapture(s, p + 1, OPEN);
        case ')':
          return endCapture(s, p + 1);
        case '$':
          if (p + 1 == pattern.length) {
            return s == subject.length ? s : NO_MATCH;
          }
          break;
        case '%':
          int special = special(s, p);
          if (special != CONTINUE) {
            if (special < 0) {
              return NO_MATCH;
            }
            s = special;
            p += pattern[p + 1] == 'b' ? 4 : pattern[p + 1] == 'f' ? frontierEnd(p) - p : 2;
            continue;
          }
          break;
        default:
          break;
      }
      int end = itemEnd(p);
      int suffix = end < pattern.length ? pattern[end] : 0;
      switch (suffix) {
        case '?':
          if (s < subject.length && matches(s, p, end)) {
            int rest = step(s + 1, end + 1);
            if (rest >= 0) {
              return rest;
            }
          }
          p = end + 1;
          break;
        case '*':
          return longest(s, p, end);
        case '+':
          return s < subject.length && matches(s, p, end) ? longest(s + 1, p, end) : NO_MATCH;
        case '-':
          return shortest(s, p, end);
        default:
          if (s >= subject.length || !matches(s, p, end)) {
            return NO_MATCH;
          }
          s++;
          p = end;
      }
    }
    return s;
  }

  private static final int CONTINUE = -2;

  /** Balances, frontiers and captures again; {@link #CONTINUE} for an ordinary escape. */
  private int special(int s, int p) {
    int c = p + 1 < pattern.length ? pattern[p + 1] : 0;
    if (c == 'b') {
      return balance(s, p + 2);
    }
    if (c == 'f') {
      return frontier(s, p);
    }
    return Lexer.isDigit(c) ? again(s, c) : CONTINUE;
  }

  private int startCapture(int s, int p, int what) {
    if (level >= MAX_CAPTURES) {
      throw lua.error("too many captures");
    }
    starts[level] = s;
    lengths[level] = what;
    level++;
    int end = step(s, p);
    if (end < 0) {
      level--;
    }
    return end;
  }

  private int endCapture(int s, int p) {
    int index = level - 1;
    while (index >= 0 && lengths[index] != OPEN) {
      index--;
    }
    if (index < 0) {
      throw lua.error("invalid pattern capture");
    }
    lengths[index] = s - starts[index];
    int end = step(s, p);
    if (end < 0) {
      lengths[index] = OPEN;
    }
    return end;
  }

  private int again(int s, int digit) {
    int index = digit - '1';
    if (index < 0 || index >= level || lengths[index] == OPEN) {
      throw lua.error("invalid capture index");
    }
    int length = lengths[index];
    if (length > subject.length - s) {
      return NO_MATCH;
    }
    for (int i = 0; i < length; i++) {
      if (subject[starts[index] + i] != subject[s + i]) {
        return NO_MATCH;
      }
    }
    budget.tick(Math.max(0, length >> 4));
    return s + Math.max(0, length);
  }

  private int balance(int s, int p) {
    if (p + 1 >= pattern.length) {
      throw lua.error("unbalanced pattern");
    }
    if (s >= subject.length || subject[s] != pattern[p]) {
      return NO_MATCH;
    }
    int open = 1;
    for (int i = s + 1; i < subject.length; i++) {
      if ((i & 15) == 0) {
        budget.tick();
      }
      if (subject[i] == pattern[p + 1]) {
        if (--open == 0) {
          return i + 1;
        }
      } else if (subject[i] == pattern[p]) {
        open++;
      }
    }
    return NO_MATCH;
  }

  private int frontierEnd(int p) {
    return itemEnd(p + 2);
  }

  private int frontier(int s, int p) {
    if (p + 2 >= pattern.length || pattern[p + 2] != '[') {
      throw lua.error("missing '[' after '%f' in pattern");
    }
    int end = itemEnd(p + 2);
    int before = s == 0 ? 0 : subject[s - 1] & 0xFF;
    int here = s < subject.length ? subject[s] & 0xFF : 0;
    return !inSet(before, p + 2, end - 1) && inSet(here, p + 2, end - 1) ? s : NO_MATCH;
  }

  private int longest(int s, int p, int end) {
    int count = 0;
    while (s + count < subject.length && matches(s + count, p, end)) {
      budget.tick();
      count++;
    }
    for (; count >= 0; count--) {
      budget.tick();
      int rest = step(s + count, end + 1);
      if (rest >= 0) {
        return rest;
      }
    }
    return NO_MATCH;
  }

  private int shortest(int from, int p, int end) {
    for (int s = from; ; s++) {
      budget.tick();
      int rest = step(s, end + 1);
      if (rest >= 0) {
        return rest;
      }
      if (s >= subject.length || !matches(s, p, end)) {
        return NO_MATCH;
      }
    }
  }

  // --- single characters

  /** Where the item of one character that begins here ends. */
  private int itemEnd(int from) {
    int p = from;
    int c = pattern[p++];
    if (c == '%') {
      if (p == pattern.length) {
        throw lua.error("malformed pattern (ends with '%')");
      }
      return p + 1;
    }
    if (c == '[') {
      if (p < pattern.length && pattern[p] == '^') {
        p++;
      }
      do {
        if (p >= pattern.length) {
          throw lua.error("malformed pattern (missing ']')");
        }
        if (pattern[p++] == '%' && p < pattern.length) {
          p++;
        }
      } while (p >= pattern.length || pattern[p] != ']');
      return p + 1;
    }
    return p;
  }

  private boolean matches(int s, int p, int end) {
    int c = subject[s] & 0xFF;
    switch (pattern[p]) {
      case '.':
        return true;
      case '%':
        return isClass(c, pattern[p + 1] & 0xFF);
      case '[':
        return inSet(c, p, end - 1);
      default:
        return (pattern[p] & 0xFF) == c;
    }
  }

  private boolean inSet(int c, int from, int end) {
    int p = from + 1;
    boolean found = true;
    if (p < end && pattern[p] == '^') {
      found = false;
      p++;
    }
    while (p < end) {
      int low = pattern[p] & 0xFF;
      if (low == '%' && p + 1 < end) {
        if (isClass(c, pattern[p + 1] & 0xFF)) {
          return found;
        }
        p += 2;
      } else if (p + 2 < end && pattern[p + 1] == '-') {
        if (low <= c && c <= (pattern[p + 2] & 0xFF)) {
          return found;
        }
        p += 3;
      } else {
        if (low == c) {
          return found;
        }
        p++;
      }
    }
    return !found;
  }

  private static boolean isClass(int c, int name) {
    boolean isLower = c >= 'a' && c <= 'z';
    boolean isUpper = c >= 'A' && c <= 'Z';
    boolean isDigit = Lexer.isDigit(c);
    boolean isAlphanumeric = isLower || isUpper || isDigit;
    boolean is;
    switch (name | 32) {
      case 'a' -> is = isLower || isUpper;
      case 'c' -> is = c < 32 || c == 127;
      case 'd' -> is = isDigit;
      case 'l' -> is = isLower;
      case 'p' -> is = c > 32 && c < 127 && !isAlphanumeric;
      case 's' -> is = LuaNumbers.isSpace(c);
      case 'u' -> is = isUpper;
      case 'w' -> is = isAlphanumeric;
      case 'x' -> is = isDigit || ((c | 32) >= 'a' && (c | 32) <= 'f');
      case 'z' -> is = c == 0;
      default -> {
        return name == c;
      }
    }
    boolean isNegated = name >= 'A' && name <= 'Z';
    if (!isNegated && !(name >= 'a' && name <= 'z')) {
      return name == c;
    }
    return is != isNegated;
  }
}
