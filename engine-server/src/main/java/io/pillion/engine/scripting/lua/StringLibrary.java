package io.pillion.engine.scripting.lua;

import java.util.Arrays;

/** The table {@code string}, which is also what strings are indexed in. */
final class StringLibrary {
  private static final int BYTES_PER_TICK = 64;

  private StringLibrary() {}

  static void open(LuaState lua) {
    LuaTable table = new LuaTable();
    BaseLibrary.define(table, "byte", StringLibrary::bytes);
    BaseLibrary.define(table, "char", StringLibrary::characters);
    BaseLibrary.define(
        table,
        "dump",
        args -> {
          args.function(1);
          // Nothing can load it, nor may it.
          return Arguments.of(LuaString.ofBytes("\u001bLua"));
        });
    BaseLibrary.define(table, "find", args -> PatternLibrary.find(args, /* positions= */ true));
    BaseLibrary.define(table, "format", Formatter::format);
    BaseLibrary.define(table, "gfind", PatternLibrary::all);
    BaseLibrary.define(table, "gmatch", PatternLibrary::all);
    BaseLibrary.define(table, "gsub", PatternLibrary::replace);
    BaseLibrary.define(table, "len", args -> Arguments.of((double) args.string(1).length()));
    BaseLibrary.define(table, "lower", args -> map(args, 'A', 'Z', 32));
    BaseLibrary.define(table, "match", args -> PatternLibrary.find(args, /* positions= */ false));
    BaseLibrary.define(table, "rep", StringLibrary::repeat);
    BaseLibrary.define(table, "reverse", StringLibrary::reverse);
    BaseLibrary.define(table, "sub", StringLibrary::sub);
    BaseLibrary.define(table, "upper", args -> map(args, 'a', 'z', -32));
    lua.globals().set("string", table);
    LuaTable metatable = new LuaTable();
    metatable.set("__index", table);
    metatable.readonly(true);
    lua.stringMetatable(metatable);
  }

  /** A position as scripts give it, counted from the end when negative; 0 is before the first. */
  static long position(long given, int length) {
    long position = given < 0 ? given + length + 1 : given;
    return Math.max(position, 0);
  }

  private static Object[] bytes(Arguments args) {
    LuaString string = args.string(1);
    long from = position(args.integer(2, 1), string.length());
    long to = position(args.integer(3, from), string.length());
    int first = (int) Math.max(from, 1);
    int last = (int) Math.min(to, string.length());
    if (first > last) {
      return Arguments.none();
    }
    if (last - first >= 7999) {
      throw args.error("string slice too long");
    }
    Object[] values = new Object[last - first + 1];
    for (int i = 0; i < values.length; i++) {
      values[i] = (double) string.at(first - 1 + i);
    }
    return values;
  }

  private static Object[] characters(Arguments args) {
    byte[] bytes = new byte[args.count()];
    for (int i = 0; i < bytes.length; i++) {
      int value = args.small(i + 1);
      if (value < 0 || value > 255) {
        throw args.bad(i + 1, "invalid value");
      }
      bytes[i] = (byte) value;
    }
    return Arguments.of(args.lua().string(bytes));
  }

  private static Object[] map(Arguments args, int from, int to, int difference) {
    LuaString string = args.string(1);
    charge(args, string.length());
    byte[] bytes = string.bytes().clone();
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] >= from && bytes[i] <= to) {
        bytes[i] += (byte) difference;
      }
    }
    return Arguments.of(LuaString.of(bytes));
  }

  private static void charge(Arguments args, long bytes) {
    args.lua().budget().charge(32 + bytes);
    args.lua().budget().tick((int) Math.min(Integer.MAX_VALUE, bytes / BYTES_PER_TICK));
  }

  private static Object[] repeat(Arguments args) {
    LuaString string = args.string(1);
    int times = args.small(2);
    if (times <= 0 || string.length() == 0) {
      return Arguments.of(LuaString.EMPTY);
    }
    long length = (long) string.length() * times;
    if (length > Integer.MAX_VALUE - 16) {
      throw args.error("not enough memory");
    }
    charge(args, length);
    byte[] bytes = new byte[(int) length];
    if (string.length() == 1) {
      Arrays.fill(bytes, string.bytes()[0]);
    } else {
      for (int at = 0; at < bytes.length; at += string.length()) {
        System.arraycopy(string.bytes(), 0, bytes, at, string.length());
      }
    }
    return Arguments.of(LuaString.of(bytes));
  }

  private static Object[] reverse(Arguments args) {
    LuaString string = args.string(1);
    charge(args, string.length());
    byte[] bytes = new byte[string.length()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = string.bytes()[bytes.length - 1 - i];
    }
    return Arguments.of(LuaString.of(bytes));
  }

  private static Object[] sub(Arguments args) {
    LuaString string = args.string(1);
    long from = Math.max(position(args.integer(2), string.length()), 1);
    long to = Math.min(position(args.integer(3, -1), string.length()), string.length());
    if (from > to) {
      return Arguments.of(LuaString.EMPTY);
    }
    if (from == 1 && to == string.length()) {
      return Arguments.of(string);
    }
    charge(args, to - from + 1);
    return Arguments.of(LuaString.of(string.bytes(), (int) from - 1, (int) to));
  }
}
