package io.pillion.engine.scripting.lua;

/** The table {@code cjson}: options, and the two directions. */
final class JsonLibrary {
  /** What JSON's null becomes. */
  static final Userdata NULL = new Userdata("(nil)");

  private JsonLibrary() {}

  /** What a script may set, for one instance of the library. */
  static final class Options {
    static final int REFUSE = 0;
    static final int ALLOW = 1;
    static final int AS_NULL = 2;

    boolean convertSparse;
    int sparseRatio = 2;
    int sparseSafe = 10;
    int encodeMaxDepth = 1000;
    int decodeMaxDepth = 1000;
    int encodeInvalidNumbers = REFUSE;
    boolean decodeInvalidNumbers = true;
    boolean keepBuffer = true;
    int precision = 14;
  }

  static void open(LuaState lua) {
    lua.globals().set("cjson", instance());
  }

  private static LuaTable instance() {
    Options options = new Options();
    LuaTable table = new LuaTable();
    table.set("_NAME", LuaString.of("cjson"));
    table.set("_VERSION", LuaString.of("2.1.0"));
    table.set("null", NULL);
    BaseLibrary.define(
        table,
        "encode",
        args -> {
          if (args.count() != 1) {
            throw args.bad(1, "expected 1 argument");
          }
          return Arguments.of(new JsonEncoder(args, options).encode(args.get(1)));
        });
    BaseLibrary.define(
        table,
        "decode",
        args -> {
          if (args.count() != 1) {
            throw args.bad(1, "expected 1 argument");
          }
          return Arguments.of(new JsonDecoder(args, options).decode());
        });
    BaseLibrary.define(table, "new", args -> Arguments.of(instance()));
    defineOptions(table, options);
    return table;
  }

  private static void defineOptions(LuaTable table, Options options) {
    BaseLibrary.define(
        table,
        "encode_max_depth",
        args -> {
          options.encodeMaxDepth = integer(args, 1, options.encodeMaxDepth, 1, Integer.MAX_VALUE);
          return Arguments.of((double) options.encodeMaxDepth);
        });
    BaseLibrary.define(
        table,
        "decode_max_depth",
        args -> {
          options.decodeMaxDepth = integer(args, 1, options.decodeMaxDepth, 1, Integer.MAX_VALUE);
          return Arguments.of((double) options.decodeMaxDepth);
        });
    BaseLibrary.define(
        table,
        "encode_number_precision",
        args -> {
          options.precision = integer(args, 1, options.precision, 1, 14);
          return Arguments.of((double) options.precision);
        });
    BaseLibrary.define(
        table,
        "encode_keep_buffer",
        args -> {
          options.keepBuffer = truth(args, 1, options.keepBuffer);
          return Arguments.of(options.keepBuffer);
        });
    BaseLibrary.define(
        table,
        "decode_invalid_numbers",
        args -> {
          options.decodeInvalidNumbers = truth(args, 1, options.decodeInvalidNumbers);
          return Arguments.of(options.decodeInvalidNumbers);
        });
    BaseLibrary.define(table, "encode_invalid_numbers", args -> invalidNumbers(args, options));
    BaseLibrary.define(
        table,
        "encode_sparse_array",
        args -> {
          checkCount(args, 3);
          options.convertSparse = truth(args, 1, options.convertSparse);
          options.sparseRatio = integer(args, 2, options.sparseRatio, 0, Integer.MAX_VALUE);
          options.sparseSafe = integer(args, 3, options.sparseSafe, 0, Integer.MAX_VALUE);
          return Arguments.of(
              options.convertSparse, (double) options.sparseRatio, (double) options.sparseSafe);
        });
  }

  private static void checkCount(Arguments args, int most) {
    if (args.count() > most) {
      throw args.bad(most + 1, "found too many arguments");
    }
  }

  private static int integer(Arguments args, int position, int otherwise, int least, int most) {
    if (position == 1) {
      checkCount(args, 1);
    }
    if (!args.has(position)) {
      return otherwise;
    }
    int value = args.small(position);
    if (value < least || value > most) {
      throw args.bad(position, "expected integer between " + least + " and " + most);
    }
    return value;
  }

  private static boolean truth(Arguments args, int position, boolean otherwise) {
    Object value = args.get(position);
    if (value == Nil.NIL) {
      return otherwise;
    }
    if (value instanceof Boolean yes) {
      return yes;
    }
    String text = args.string(position).toString();
    if (text.equals("on") || text.equals("off")) {
      return text.equals("on");
    }
    throw args.bad(position, "invalid option '" + text + "'");
  }

  private static Object[] invalidNumbers(Arguments args, Options options) {
    checkCount(args, 1);
    if (args.get(1) instanceof LuaString text && text.toString().equals("null")) {
      options.encodeInvalidNumbers = Options.AS_NULL;
    } else if (args.has(1)) {
      options.encodeInvalidNumbers =
          truth(args, 1, /* otherwise= */ false) ? Options.ALLOW : Options.REFUSE;
    }
    return options.encodeInvalidNumbers == Options.AS_NULL
        ? Arguments.of(LuaString.of("null"))
        : Arguments.of(options.encodeInvalidNumbers == Options.ALLOW);
  }
}
