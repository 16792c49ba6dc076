package io.pillion.engine.scripting.lua;

/** Writes a value as JSON. */
final class JsonEncoder {
  private static final String HEX = "0123456789abcdef";

  /** A depth that Java's stack has room for, whatever a script asks for. */
  private static final int MAX_DEPTH = 1000;

  private final Arguments args;
  private final JsonLibrary.Options options;
  private final LuaBuffer out;
  private int depth;

  JsonEncoder(Arguments args, JsonLibrary.Options options) {
    this.args = args;
    this.options = options;
    out = new LuaBuffer(args.lua().budget());
  }

  LuaString encode(Object value) {
    write(value);
    return out.toLuaString();
  }

  private void write(Object value) {
    args.lua().budget().tick();
    if (value instanceof LuaString string) {
      string(string);
    } else if (value instanceof Double number) {
      number(number);
    } else if (value instanceof Boolean) {
      out.add(value.toString());
    } else if (value == Nil.NIL || value == JsonLibrary.NULL) {
      out.add("null");
    } else if (value instanceof LuaTable table) {
      if (++depth > Math.min(options.encodeMaxDepth, MAX_DEPTH)) {
        throw args.error("Cannot serialise, excessive nesting (" + depth + ")");
      }
      int length = arrayLength(table);
      if (length > 0) {
        array(table, length);
      } else {
        object(table);
      }
      depth--;
    } else {
      throw refused(value, "type not supported");
    }
  }

  private LuaError refused(Object value, String why) {
    return args.error("Cannot serialise " + LuaState.typeName(value) + ": " + why);
  }

  /** The length of a table that is an array, 0 for others, which are objects. */
  private int arrayLength(LuaTable table) {
    double largest = 0;
    int items = 0;
    for (int at = table.next(0); at >= 0; at = table.next(at + 1)) {
      if (!(table.keyAt(at) instanceof Double key) || key < 1 || key != Math.floor(key)) {
        return 0;
      }
      largest = Math.max(largest, key);
      items++;
    }
    boolean sparse =
        options.sparseRatio > 0
            && largest > items * (double) options.sparseRatio
            && largest > options.sparseSafe;
    if (sparse) {
      if (!options.convertSparse) {
        throw refused(table, "excessively sparse array");
      }
      return 0;
    }
    return (int) Math.min(largest, Integer.MAX_VALUE);
  }

  private void array(LuaTable table, int length) {
    out.add('[');
    for (int i = 1; i <= length; i++) {
      if (i > 1) {
        out.add(',');
      }
      write(table.get(i));
    }
    out.add(']');
  }

  private void object(LuaTable table) {
    out.add('{');
    boolean first = true;
    for (int at = table.next(0); at >= 0; at = table.next(at + 1)) {
      if (!first) {
        out.add(',');
      }
      first = false;
      Object key = table.keyAt(at);
      if (key instanceof Double number) {
        out.add('"');
        number(number);
        out.add("\":");
      } else if (key instanceof LuaString string) {
        string(string);
        out.add(':');
      } else {
        throw refused(key, "table key must be a number or string");
      }
      write(table.valueAt(at));
    }
    out.add('}');
  }

  private void number(Double value) {
    if (value.isNaN() || value.isInfinite()) {
      if (options.encodeInvalidNumbers == JsonLibrary.Options.REFUSE) {
        throw refused(value, "must not be NaN or Inf");
      }
      if (options.encodeInvalidNumbers == JsonLibrary.Options.AS_NULL) {
        out.add("null");
      } else {
        out.add(value.isNaN() ? "nan" : value > 0 ? "inf" : "-inf");
      }
      return;
    }
    out.add(LuaNumbers.general(value, options.precision, /* alternate= */ false));
  }

  private void string(LuaString value) {
    out.add('"');
    for (int i = 0; i < value.length(); i++) {
      int c = value.at(i);
      switch (c) {
        case '"' -> out.add("\\\"");
        case '\\' -> out.add("\\\\");
        case '/' -> out.add("\\/");
        case '\b' -> out.add("\\b");
        case '\t' -> out.add("\\t");
        case '\n' -> out.add("\\n");
        case '\f' -> out.add("\\f");
        case '\r' -> out.add("\\r");
        default -> {
          if (c < 32 || c == 127) {
            out.add("\\u00").add(HEX.charAt(c >> 4)).add(HEX.charAt(c & 15));
          } else {
            out.add(c);
          }
        }
      }
    }
    out.add('"');
  }
}
