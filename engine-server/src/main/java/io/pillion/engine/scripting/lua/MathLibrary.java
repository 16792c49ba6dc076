package io.pillion.engine.scripting.lua;

import java.util.function.DoubleUnaryOperator;

/** The table {@code math}; its random numbers are those of {@link ScriptRandom}. */
final class MathLibrary {
  private static final double RANDOM_MAX = 0x7fffffffL;

  private MathLibrary() {}

  static void open(LuaState lua, ScriptRandom random) {
    LuaTable table = new LuaTable();
    table.set("pi", Math.PI);
    table.set("huge", Double.POSITIVE_INFINITY);
    define(table, "abs", Math::abs);
    define(table, "acos", Math::acos);
    define(table, "asin", Math::asin);
    define(table, "atan", Math::atan);
    define(table, "ceil", Math::ceil);
    define(table, "cos", Math::cos);
    define(table, "cosh", Math::cosh);
    define(table, "deg", x -> x / (Math.PI / 180.0));
    define(table, "exp", Math::exp);
    define(table, "floor", Math::floor);
    define(table, "log", Math::log);
    define(table, "log10", Math::log10);
    define(table, "rad", x -> x * (Math.PI / 180.0));
    define(table, "sin", Math::sin);
    define(table, "sinh", Math::sinh);
    define(table, "sqrt", Math::sqrt);
    define(table, "tan", Math::tan);
    define(table, "tanh", Math::tanh);
    BaseLibrary.define(
        table, "atan2", args -> Arguments.of(Math.atan2(args.number(1), args.number(2))));
    BaseLibrary.define(table, "fmod", args -> Arguments.of(args.number(1) % args.number(2)));
    table.set("mod", table.get("fmod"));
    BaseLibrary.define(
        table, "pow", args -> Arguments.of(Math.pow(args.number(1), args.number(2))));
    BaseLibrary.define(table, "frexp", MathLibrary::frexp);
    BaseLibrary.define(
        table, "ldexp", args -> Arguments.of(args.number(1) * Math.pow(2, args.small(2))));
    BaseLibrary.define(table, "modf", MathLibrary::modf);
    BaseLibrary.define(table, "max", args -> Arguments.of(extreme(args, 1)));
    BaseLibrary.define(table, "min", args -> Arguments.of(extreme(args, -1)));
    BaseLibrary.define(table, "random", args -> random(args, random));
    BaseLibrary.define(
        table,
        "randomseed",
        args -> {
          random.seed((int) args.integer(1));
          return Arguments.none();
        });
    lua.globals().set("math", table);
  }

  private static void define(LuaTable table, String name, DoubleUnaryOperator function) {
    BaseLibrary.define(table, name, args -> Arguments.of(function.applyAsDouble(args.number(1))));
  }

  private static Object[] frexp(Arguments args) {
    double value = args.number(1);
    if (value == 0 || Double.isNaN(value) || Double.isInfinite(value)) {
      return Arguments.of(value, 0.0);
    }
    int exponent = Math.getExponent(value) + 1;
    if (exponent < Double.MIN_EXPONENT + 1) {
      exponent = Math.getExponent(value * 0x1p60) + 1 - 60;
    }
    double fraction = value;
    // In two steps: the power itself may be out of range.
    fraction = Math.scalb(Math.scalb(fraction, -exponent / 2), -exponent - -exponent / 2);
    return Arguments.of(fraction, (double) exponent);
  }

  private static Object[] modf(Arguments args) {
    double value = args.number(1);
    double whole = value < 0 ? Math.ceil(value) : Math.floor(value);
    double rest = Double.isInfinite(value) ? Math.copySign(0.0, value) : value - whole;
    return Arguments.of(whole, rest);
  }

  private static double extreme(Arguments args, int sign) {
    double best = args.number(1);
    for (int i = 2; i <= args.count(); i++) {
      double value = args.number(i);
      if (sign > 0 ? value > best : value < best) {
        best = value;
      }
    }
    return best;
  }

  private static Object[] random(Arguments args, ScriptRandom random) {
    double share = (random.next() % RANDOM_MAX) / RANDOM_MAX;
    switch (args.count()) {
      case 0:
        return Arguments.of(share);
      case 1:
        int most = args.small(1);
        if (most < 1) {
          throw args.bad(1, "interval is empty");
        }
        return Arguments.of(Math.floor(share * most) + 1);
      case 2:
        int low = args.small(1);
        int high = args.small(2);
        if (low > high) {
          throw args.bad(2, "interval is empty");
        }
        return Arguments.of(Math.floor(share * (high - low + 1.0)) + low);
      default:
        throw args.error("wrong number of arguments");
    }
  }
}
