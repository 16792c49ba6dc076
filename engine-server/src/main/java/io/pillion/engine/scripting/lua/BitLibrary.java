package io.pillion.engine.scripting.lua;

import java.util.function.IntBinaryOperator;

/** The table {@code bit}: operations on 32 bits. */
final class BitLibrary {
  private BitLibrary() {}

  static void open(LuaState lua) {
    LuaTable table = new LuaTable();
    BaseLibrary.define(table, "tobit", args -> result(bits(args, 1)));
    BaseLibrary.define(table, "bnot", args -> result(~bits(args, 1)));
    BaseLibrary.define(table, "bswap", args -> result(Integer.reverseBytes(bits(args, 1))));
    fold(table, "band", (a, b) -> a & b);
    fold(table, "bor", (a, b) -> a | b);
    fold(table, "bxor", (a, b) -> a ^ b);
    shift(table, "lshift", (a, n) -> a << n);
    shift(table, "rshift", (a, n) -> a >>> n);
    shift(table, "arshift", (a, n) -> a >> n);
    shift(table, "rol", Integer::rotateLeft);
    shift(table, "ror", Integer::rotateRight);
    BaseLibrary.define(table, "tohex", BitLibrary::toHex);
    lua.globals().set("bit", table);
  }

  /** The low 32 bits of a number, rounded to an integer. */
  private static int bits(Arguments args, int position) {
    double rounded = args.number(position) + 6755399441055744.0;
    return (int) Double.doubleToRawLongBits(rounded);
  }

  private static Object[] result(int bits) {
    return Arguments.of((double) bits);
  }

  private static void fold(LuaTable table, String name, IntBinaryOperator operation) {
    BaseLibrary.define(
        table,
        name,
        args -> {
          int value = bits(args, 1);
          for (int i = 2; i <= args.count(); i++) {
            value = operation.applyAsInt(value, bits(args, i));
          }
          return result(value);
        });
  }

  private static void shift(LuaTable table, String name, IntBinaryOperator operation) {
    BaseLibrary.define(
        table, name, args -> result(operation.applyAsInt(bits(args, 1), bits(args, 2) & 31)));
  }

  private static Object[] toHex(Arguments args) {
    int value = bits(args, 1);
    int width = args.count() < 2 ? 8 : bits(args, 2);
    boolean upper = width < 0;
    // The least integer has no opposite, and is as wide as any.
    int digits = upper ? (width == Integer.MIN_VALUE ? 8 : -width) : width;
    String text = String.format("%08x", value).substring(8 - Math.min(8, digits));
    return Arguments.of(LuaString.of(upper ? text.toUpperCase(java.util.Locale.ROOT) : text));
  }
}
