package io.pillion.engine.scripting.lua;

import java.util.ArrayList;
import java.util.List;

/** The table {@code cmsgpack}: values packed as MessagePack. */
final class MessagePackLibrary {
  /** Tables deeper than this are packed as nil. */
  private static final int MAX_DEPTH = 16;

  /** What is unpacked may be as deep as Java's stack allows. */
  private static final int MAX_UNPACK_DEPTH = 1000;

  private MessagePackLibrary() {}

  static void open(LuaState lua) {
    LuaTable table = new LuaTable();
    table.set("_NAME", LuaString.of("cmsgpack"));
    table.set("_VERSION", LuaString.of("lua-cmsgpack 0.4.0"));
    table.set("_COPYRIGHT", LuaString.of("Copyright (C) 2012, Redis Ltd."));
    table.set("_DESCRIPTION", LuaString.of("MessagePack C implementation for Lua"));
    BaseLibrary.define(table, "pack", MessagePackLibrary::pack);
    BaseLibrary.define(table, "unpack", args -> unpack(args, 0, 0, /* limited= */ false));
    BaseLibrary.define(
        table, "unpack_one", args -> unpack(args, 1, args.small(2, 0), /* limited= */ true));
    BaseLibrary.define(
        table,
        "unpack_limit",
        args -> unpack(args, args.small(2), args.small(3, 0), /* limited= */ true));
    lua.globals().set("cmsgpack", table);
  }

  // --- pack

  private static Object[] pack(Arguments args) {
    if (args.count() == 0) {
      throw args.bad(0, "MessagePack pack needs input.");
    }
    try (LuaBuffer out = new LuaBuffer(args.lua().budget())) {
      for (int i = 1; i <= args.count(); i++) {
        write(args, args.get(i), out, 0);
      }
      return Arguments.of(out.toLuaString());
    }
  }

  private static void write(Arguments args, Object value, LuaBuffer out, int depth) {
    args.lua().budget().tick();
    if (value instanceof LuaString string) {
      int n = string.length();
      if (n < 32) {
        out.add(0xA0 | n);
      } else if (n <= 0xFF) {
        out.add(0xD9).add(n);
      } else {
        header(out, n, 0, 0, 0xDA);
      }
      out.add(string);
    } else if (value instanceof Boolean yes) {
      out.add(yes ? 0xC3 : 0xC2);
    } else if (value instanceof Double number) {
      writeNumber(number, out);
    } else if (value instanceof LuaTable table && depth < MAX_DEPTH) {
      writeTable(args, table, out, depth);
    } else {
      out.add(0xC0);
    }
  }

  /** A header of a length: within the first byte when it is short, else in 16 or 32 bits. */
  private static void header(LuaBuffer out, int n, int fixLimit, int fix, int wide) {
    if (n < fixLimit) {
      out.add(fix | n);
    } else if (n <= 0xFFFF) {
      out.add(wide);
      big(out, n, 2);
    } else {
      out.add(wide + 1);
      big(out, n, 4);
    }
  }

  private static void big(LuaBuffer out, long value, int bytes) {
    for (int i = bytes - 1; i >= 0; i--) {
      out.add((int) (value >>> (8 * i)));
    }
  }

  private static void writeNumber(double number, LuaBuffer out) {
    if (number == Math.rint(number) && Math.abs(number) < 0x1p63) {
      writeInteger((long) number, out);
    } else if (number == (float) number) {
      out.add(0xCA);
      big(out, Float.floatToRawIntBits((float) number), 4);
    } else {
      out.add(0xCB);
      big(out, Double.doubleToRawLongBits(number), 8);
    }
  }

  private static void writeInteger(long n, LuaBuffer out) {
    if (n >= -32 && n < 128) {
      out.add((int) n);
    } else if (n >= 0) {
      int size = n <= 0xFF ? 0 : n <= 0xFFFF ? 1 : n <= 0xFFFFFFFFL ? 2 : 3;
      out.add(0xCC + size);
      big(out, n, 1 << size);
    } else {
      int size = n >= -128 ? 0 : n >= -32768 ? 1 : n >= Integer.MIN_VALUE ? 2 : 3;
      out.add(0xD0 + size);
      big(out, n, 1 << size);
    }
  }

  private static void writeTable(Arguments args, LuaTable table, LuaBuffer out, int depth) {
    int count = 0;
    double largest = 0;
    boolean isArray = true;
    for (int at = table.next(0); at >= 0; at = table.next(at + 1)) {
      count++;
      if (table.keyAt(at) instanceof Double key && key > 0 && key == Math.rint(key)) {
        largest = Math.max(largest, key);
      } else {
        isArray = false;
      }
    }
    if (isArray && largest == count) {
      header(out, count, 16, 0x90, 0xDC);
      for (int i = 1; i <= count; i++) {
        write(args, table.get(i), out, depth + 1);
      }
      return;
    }
    header(out, count, 16, 0x80, 0xDE);
    for (int at = table.next(0); at >= 0; at = table.next(at + 1)) {
      write(args, table.keyAt(at), out, depth + 1);
      write(args, table.valueAt(at), out, depth + 1);
    }
  }

  // --- unpack

  private static Object[] unpack(Arguments args, int limit, int offset, boolean limited) {
    LuaString data = args.string(1);
    if (limit < 0 || offset < 0) {
      throw args.error(
          "Invalid request to unpack with offset of "
              + offset
              + " and limit of "
              + data.length()
              + ".");
    }
    if (offset > data.length()) {
      throw args.error(
          "Start offset " + offset + " greater than input length " + data.length() + ".");
    }
    Reader reader = new Reader(args, data, offset);
    List<Object> values = new ArrayList<>();
    int most = limit == 0 ? Integer.MAX_VALUE : limit;
    while (reader.at < data.length() && values.size() < most) {
      args.lua().budget().charge(8);
      if (values.size() > 7990) {
        throw args.error("too many results");
      }
      values.add(reader.read(0));
    }
    if (limited) {
      values.add(0, reader.at >= data.length() ? -1.0 : (double) reader.at);
    }
    return values.toArray();
  }

  private static final class Reader {
    private final Arguments args;
    private final LuaState lua;
    private final LuaString data;
    private int at;

    Reader(Arguments args, LuaString data, int at) {
      this.args = args;
      this.data = data;
      this.at = at;
      lua = args.lua();
    }

    private LuaError missing() {
      return args.error("Missing bytes in input.");
    }

    private long big(int bytes) {
      if (bytes > data.length() - at) {
        throw missing();
      }
      long value = 0;
      for (int i = 0; i < bytes; i++) {
        value = value << 8 | data.at(at++);
      }
      return value;
    }

    private LuaString string(long n) {
      if (n > data.length() - at) {
        throw missing();
      }
      lua.budget().charge(32 + n);
      at += (int) n;
      return LuaString.of(data.bytes(), at - (int) n, at);
    }

    private LuaTable array(long n, int depth) {
      checkDepth(depth);
      LuaTable table = lua.table();
      for (int i = 1; i <= n; i++) {
        table.set(i, read(depth + 1));
      }
      return table;
    }

    private LuaTable map(long n, int depth) {
      checkDepth(depth);
      LuaTable table = lua.table();
      for (long i = 0; i < n; i++) {
        Object key = read(depth + 1);
        Object value = read(depth + 1);
        lua.interpreter().operations().rawSet(table, key, value);
      }
      return table;
    }

    private void checkDepth(int depth) {
      if (depth >= MAX_UNPACK_DEPTH) {
        throw args.error("Bad data format in input.");
      }
    }

    Object read(int depth) {
      lua.budget().tick();
      int c = (int) big(1);
      if (c < 0x80) {
        return (double) c;
      }
      if (c >= 0xE0) {
        return (double) (byte) c;
      }
      if (c < 0x90) {
        return map(c & 15, depth);
      }
      if (c < 0xA0) {
        return array(c & 15, depth);
      }
      if (c < 0xC0) {
        return string(c & 31);
      }
      return readWide(c, depth);
    }

    private Object readWide(int c, int depth) {
      return switch (c) {
        case 0xC0 -> Nil.NIL;
        case 0xC2 -> false;
        case 0xC3 -> true;
        case 0xC4, 0xD9 -> string(big(1));
        case 0xC5, 0xDA -> string(big(2));
        case 0xC6, 0xDB -> string(big(4));
        case 0xCA -> (double) Float.intBitsToFloat((int) big(4));
        case 0xCB -> Double.longBitsToDouble(big(8));
        case 0xCC -> (double) big(1);
        case 0xCD -> (double) big(2);
        case 0xCE -> (double) big(4);
        case 0xCF -> unsigned(big(8));
        case 0xD0 -> (double) (byte) big(1);
        case 0xD1 -> (double) (short) big(2);
        case 0xD2 -> (double) (int) big(4);
        case 0xD3 -> (double) big(8);
        case 0xDC -> array(big(2), depth);
        case 0xDD -> array(big(4), depth);
        case 0xDE -> map(big(2), depth);
        case 0xDF -> map(big(4), depth);
        default -> throw args.error("Bad data format in input.");
      };
    }

    private static double unsigned(long bits) {
      double low = bits & Long.MAX_VALUE;
      return bits < 0 ? low + 0x1p63 : low;
    }
  }
}
