package io.pillion.engine.scripting.lua;

/** What find, match, gmatch and gsub do with a {@link Pattern}. */
final class PatternLibrary {
  private static final String SPECIALS = "^$*+?.([%-";

  private PatternLibrary() {}

  static Object[] find(Arguments args, boolean positions) {
    LuaString subject = args.string(1);
    LuaString pattern = args.string(2);
    long start = StringLibrary.position(args.integer(3, 1), subject.length()) - 1;
    start = Math.max(0, Math.min(start, subject.length()));
    if (positions && (LuaState.isTrue(args.get(4)) || !isSpecial(pattern))) {
      int at = indexOf(args, subject, pattern, (int) start);
      return at < 0
          ? Arguments.of(Nil.NIL)
          : Arguments.of(at + 1.0, (double) (at + pattern.length()));
    }
    boolean anchored = pattern.length() > 0 && pattern.at(0) == '^';
    Pattern matcher = new Pattern(args.lua(), subject.bytes(), pattern.bytes());
    for (int at = (int) start; at <= subject.length(); at++) {
      int end = matcher.match(at, anchored ? 1 : 0);
      if (end >= 0) {
        if (!positions) {
          return matcher.captures(at, end, /* wholeIfNone= */ true);
        }
        Object[] captures = matcher.captures(at, end, /* wholeIfNone= */ false);
        Object[] found = new Object[captures.length + 2];
        found[0] = at + 1.0;
        found[1] = (double) end;
        System.arraycopy(captures, 0, found, 2, captures.length);
        return found;
      }
      if (anchored) {
        break;
      }
    }
    return Arguments.of(Nil.NIL);
  }

  private static boolean isSpecial(LuaString pattern) {
    for (int i = 0; i < pattern.length(); i++) {
      if (SPECIALS.indexOf(pattern.at(i)) >= 0) {
        return true;
      }
    }
    return false;
  }

  private static int indexOf(Arguments args, LuaString subject, LuaString part, int from) {
    byte[] all = subject.bytes();
    byte[] wanted = part.bytes();
    Budget budget = args.lua().budget();
    for (int at = from; at <= all.length - wanted.length; at++) {
      if ((at & 63) == 0) {
        budget.tick();
      }
      int i = 0;
      while (i < wanted.length && all[at + i] == wanted[i]) {
        i++;
      }
      if (i == wanted.length) {
        return at;
      }
      budget.tick(i >> 6);
    }
    return -1;
  }

  static Object[] all(Arguments args) {
    LuaString subject = args.string(1);
    LuaString pattern = args.string(2);
    args.lua().budget().charge(200);
    int[] from = {0};
    return Arguments.of(
        new Builtin(
            step -> {
              Pattern matcher = new Pattern(step.lua(), subject.bytes(), pattern.bytes());
              for (int at = from[0]; at <= subject.length(); at++) {
                int end = matcher.match(at, 0);
                if (end >= 0) {
                  from[0] = end == at ? end + 1 : end;
                  return matcher.captures(at, end, /* wholeIfNone= */ true);
                }
              }
              from[0] = subject.length() + 1;
              return Arguments.of(Nil.NIL);
            }));
  }

  static Object[] replace(Arguments args) {
    LuaString subject = args.string(1);
    LuaString pattern = args.string(2);
    Object replacement = args.get(3);
    boolean fits =
        replacement instanceof LuaString
            || replacement instanceof Double
            || replacement instanceof LuaTable
            || replacement instanceof LuaFunction;
    long most = args.integer(4, subject.length() + 1L);
    if (!fits) {
      throw args.bad(3, "string/function/table expected");
    }
    boolean anchored = pattern.length() > 0 && pattern.at(0) == '^';
    Pattern matcher = new Pattern(args.lua(), subject.bytes(), pattern.bytes());
    int at = 0;
    int count = 0;
    try (LuaBuffer result = new LuaBuffer(args.lua().budget())) {
      while (count < most) {
        int end = matcher.match(at, anchored ? 1 : 0);
        if (end >= 0) {
          count++;
          addReplacement(args, matcher, replacement, at, end, result);
        }
        if (end > at) {
          at = end;
        } else if (at < subject.length()) {
          result.add(subject.at(at++));
        } else {
          break;
        }
        if (anchored) {
          break;
        }
      }
      result.add(subject.bytes(), Math.min(at, subject.length()), subject.length());
      return Arguments.of(result.toLuaString(), (double) count);
    }
  }

  private static void addReplacement(
      Arguments args, Pattern matcher, Object replacement, int at, int end, LuaBuffer result) {
    LuaState lua = args.lua();
    Object value;
    if (replacement instanceof LuaTable table) {
      value =
          lua.interpreter()
              .operations()
              .index(table, matcher.captures(at, end, /* wholeIfNone= */ true)[0]);
    } else if (replacement instanceof LuaFunction function) {
      Object[] results = lua.call(function, matcher.captures(at, end, /* wholeIfNone= */ true));
      value = results.length == 0 ? Nil.NIL : results[0];
    } else {
      addTemplate(matcher, lua.show(replacement), at, end, result);
      return;
    }
    if (!LuaState.isTrue(value)) {
      result.add(matcher.subject(), at, end);
    } else if (value instanceof LuaString || value instanceof Double) {
      result.add(lua.show(value));
    } else {
      throw args.error("invalid replacement value (a " + LuaState.typeName(value) + ")");
    }
  }

  private static void addTemplate(
      Pattern matcher, LuaString template, int at, int end, LuaBuffer result) {
    int i = 0;
    while (i < template.length()) {
      int c = template.at(i++);
      if (c != '%') {
        result.add(c);
        continue;
      }
      int next = i < template.length() ? template.at(i) : 0;
      if (next == '0') {
        result.add(matcher.subject(), at, end);
      } else if (Lexer.isDigit(next)) {
        result.add(matcher.lua().show(matcher.capture(next - '1', at, end)));
      } else if (i < template.length()) {
        result.add(next);
      } else {
        // As for C, the string's end is a NUL.
        result.add(0);
      }
      i++;
    }
  }
}
