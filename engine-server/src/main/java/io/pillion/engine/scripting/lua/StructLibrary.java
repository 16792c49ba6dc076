package io.pillion.engine.scripting.lua;

import java.util.ArrayList;
import java.util.List;

/** The table {@code struct}: values packed into strings as C lays them out. */
final class StructLibrary {
  private static final int MAX_INTEGER = 32;
  private static final int MAX_ALIGNMENT = 8;

  private StructLibrary() {}

  static void open(LuaState lua) {
    LuaTable table = new LuaTable();
    BaseLibrary.define(table, "pack", StructLibrary::pack);
    BaseLibrary.define(table, "unpack", StructLibrary::unpack);
    BaseLibrary.define(table, "size", StructLibrary::size);
    lua.globals().set("struct", table);
  }

  /** A format being read: byte order and alignment may change on the way. */
  private static final class Layout {
    private final Arguments args;
    private final LuaString format;
    private int at;
    private boolean littleEndian = true;
    private int alignment = 1;

    Layout(Arguments args) {
      this.args = args;
      format = args.string(1);
    }

    boolean hasNext() {
      return at < format.length();
    }

    int next() {
      return format.at(at++);
    }

    private int number(int otherwise) {
      if (at >= format.length() || !Lexer.isDigit(format.at(at))) {
        return otherwise;
      }
      long value = 0;
      while (at < format.length() && Lexer.isDigit(format.at(at))) {
        value = value * 10 + format.at(at++) - '0';
        if (value > Integer.MAX_VALUE) {
          throw args.error("integral size overflow");
        }
      }
      return (int) value;
    }

    /** The size of what an option stands for; that of a string without a size is 0. */
    int size(int option) {
      switch (option) {
        case 'B', 'b':
          return 1;
        case 'H', 'h':
          return 2;
        case 'L', 'l', 'T', 'd':
          return 8;
        case 'f':
          return 4;
        case 'x':
          return 1;
        case 'c':
          return number(1);
        case 'i', 'I':
          int size = number(4);
          if (size > MAX_INTEGER) {
            throw args.error("integral size " + size + " is larger than limit of " + MAX_INTEGER);
          }
          return size;
        default:
          return 0;
      }
    }

    /** How many bytes to skip, so that what follows is aligned. */
    int padding(int length, int size, int option) {
      if (size == 0 || option == 'c') {
        return 0;
      }
      int to = Math.min(size, alignment);
      return to > 1 ? (to - (length & (to - 1))) & (to - 1) : 0;
    }

    void control(int option) {
      switch (option) {
        case ' ':
          return;
        case '>':
          littleEndian = false;
          return;
        case '<':
          littleEndian = true;
          return;
        case '!':
          int size = number(MAX_ALIGNMENT);
          if (size == 0 || Integer.bitCount(size) != 1) {
            throw args.error("alignment " + size + " is not a power of 2");
          }
          alignment = size;
          return;
        default:
          throw args.bad(1, "invalid format option '" + (char) option + "'");
      }
    }
  }

  // --- pack

  private static Object[] pack(Arguments args) {
    Layout layout = new Layout(args);
    LuaBuffer buffer = new LuaBuffer(args.lua().budget());
    int position = 2;
    while (layout.hasNext()) {
      int option = layout.next();
      int size = layout.size(option);
      buffer.fill(0, layout.padding(buffer.length(), size, option));
      switch (option) {
        case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
          packInteger(args.number(position++), size, layout.littleEndian, buffer);
          break;
        case 'x':
          buffer.add(0);
          break;
        case 'f':
          packBits(Float.floatToIntBits((float) args.number(position++)), 4, layout, buffer);
          break;
        case 'd':
          packBits(Double.doubleToLongBits(args.number(position++)), 8, layout, buffer);
          break;
        case 'c', 's':
          LuaString text = args.string(position++);
          int length = option == 'c' && size > 0 ? size : text.length();
          if (text.length() < length) {
            throw args.bad(position - 1, "string too short");
          }
          buffer.add(text.bytes(), 0, length);
          if (option == 's') {
            buffer.add(0);
          }
          break;
        default:
          layout.control(option);
      }
    }
    return Arguments.of(buffer.toLuaString());
  }

  private static void packInteger(double number, int size, boolean littleEndian, LuaBuffer buffer) {
    long bits;
    if (number < 0) {
      bits = number < -0x1p63 ? Long.MIN_VALUE : (long) number;
    } else {
      bits = number >= 0x1p63 ? (long) (number - 0x1p63) ^ Long.MIN_VALUE : (long) number;
    }
    for (int i = 0; i < size; i++) {
      int shift = littleEndian ? i : size - 1 - i;
      buffer.add(shift < 8 ? (int) (bits >>> (shift * 8)) : 0);
    }
  }

  private static void packBits(long bits, int size, Layout layout, LuaBuffer buffer) {
    for (int i = 0; i < size; i++) {
      int shift = layout.littleEndian ? i : size - 1 - i;
      buffer.add((int) (bits >>> (shift * 8)));
    }
  }

  // --- unpack

  private static Object[] unpack(Arguments args) {
    Layout layout = new Layout(args);
    LuaString data = args.string(2);
    long start = args.integer(3, 1) - 1;
    if (start < 0) {
      throw args.bad(3, "offset must be 1 or greater");
    }
    List<Object> values = new ArrayList<>();
    int position = (int) Math.min(start, Integer.MAX_VALUE);
    while (layout.hasNext()) {
      int option = layout.next();
      int size = layout.size(option);
      position += layout.padding(position, size, option);
      if ((long) position + size > data.length()) {
        throw args.bad(2, "data string too short");
      }
      if (values.size() > 7990) {
        throw args.error("too many results");
      }
      switch (option) {
        case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
          boolean signed = Character.isLowerCase(option);
          values.add(unpackInteger(data, position, size, layout.littleEndian, signed));
          break;
        case 'x':
          break;
        case 'f':
          values.add((double) Float.intBitsToFloat((int) bits(data, position, 4, layout)));
          break;
        case 'd':
          values.add(Double.longBitsToDouble(bits(data, position, 8, layout)));
          break;
        case 'c':
          if (size == 0) {
            size = lengthBefore(args, values);
            if ((long) position + size > data.length()) {
              throw args.bad(2, "data string too short");
            }
          }
          values.add(part(args, data, position, position + size));
          break;
        case 's':
          int end = position;
          while (end < data.length() && data.at(end) != 0) {
            end++;
          }
          if (end == data.length()) {
            throw args.bad(2, "unfinished string in data");
          }
          values.add(part(args, data, position, end));
          size = end - position + 1;
          break;
        default:
          layout.control(option);
      }
      position += size;
    }
    values.add(position + 1.0);
    return values.toArray();
  }

  private static int lengthBefore(Arguments args, List<Object> values) {
    Object last = values.isEmpty() ? Nil.NIL : values.remove(values.size() - 1);
    if (!(last instanceof Double length) || length < 0) {
      throw args.error("format 'c0' needs a previous size");
    }
    return (int) Math.min(length, Integer.MAX_VALUE);
  }

  private static LuaString part(Arguments args, LuaString data, int from, int to) {
    args.lua().budget().charge(32L + to - from);
    return LuaString.of(data.bytes(), from, to);
  }

  private static long bits(LuaString data, int at, int size, Layout layout) {
    long bits = 0;
    for (int i = 0; i < size; i++) {
      bits = bits << 8 | data.at(at + (layout.littleEndian ? size - 1 - i : i));
    }
    return bits;
  }

  private static double unpackInteger(
      LuaString data, int at, int size, boolean littleEndian, boolean signed) {
    long bits = 0;
    for (int i = 0; i < size; i++) {
      bits = bits << 8 | data.at(at + (littleEndian ? size - 1 - i : i));
    }
    if (!signed) {
      double low = bits & Long.MAX_VALUE;
      return bits < 0 ? low + 0x1p63 : low;
    }
    return size < 8 && size > 0 ? (double) (bits << (64 - size * 8) >> (64 - size * 8)) : bits;
  }

  private static Object[] size(Arguments args) {
    Layout layout = new Layout(args);
    long total = 0;
    while (layout.hasNext()) {
      int option = layout.next();
      int size = layout.size(option);
      total += layout.padding((int) total, size, option);
      if (option == 's') {
        throw args.bad(1, "option 's' has no fixed size");
      }
      if (option == 'c' && size == 0) {
        throw args.bad(1, "option 'c0' has no fixed size");
      }
      if (size == 0 || "bBhHlLTiIxfdc".indexOf(option) < 0) {
        layout.control(option);
      }
      total += size;
      if (total > Integer.MAX_VALUE) {
        throw args.error("integral size overflow");
      }
    }
    return Arguments.of((double) total);
  }
}
