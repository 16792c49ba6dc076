package io.pillion.engine.scripting;

import io.pillion.engine.protocol.Reply;
import io.pillion.engine.scripting.lua.LuaString;
import io.pillion.engine.scripting.lua.LuaTable;
import io.pillion.engine.scripting.lua.Nil;
import java.math.BigInteger;

/** What a script returned, as a reply to its client. */
final class LuaAnswer {
  /** Deeper tables end in an error instead, so that Java's stack does not overflow. */
  private static final int MAX_DEPTH = 200;

  private final Reply reply;
  private final boolean knowsTypes;
  private final ErrorCount errors;

  /**
   * A way to answer.
   *
   * @param version the protocol version that the script chose for itself
   * @param errors is told of each error
   */
  LuaAnswer(Reply reply, int version, ErrorCount errors) {
    this.reply = reply;
    knowsTypes = version > 2;
    this.errors = errors;
  }

  void write(Object value) {
    write(value, 0);
  }

  private void write(Object value, int depth) {
    if (value instanceof LuaString string) {
      reply.bulk(string.bytes());
    } else if (value instanceof Double number) {
      reply.integer(toLong(number));
    } else if (value instanceof Boolean yes) {
      if (knowsTypes) {
        reply.bool(yes);
      } else if (yes) {
        reply.integer(1);
      } else {
        reply.nil();
      }
    } else if (value instanceof LuaTable table) {
      if (depth >= MAX_DEPTH) {
        reply.error("ERR reached lua stack limit");
      } else if (!writeTyped(table, depth)) {
        array(table, depth);
      }
    } else {
      reply.nil();
    }
  }

  /** C's cast: what does not fit is the least integer. */
  private static long toLong(double number) {
    return Double.isNaN(number) || Math.abs(number) >= 0x1p63 ? Long.MIN_VALUE : (long) number;
  }

  /** A table with one field that says what it means; false for all others. */
  private boolean writeTyped(LuaTable table, int depth) {
    if (table.get("err") instanceof LuaString error) {
      String text = oneLine(error);
      errors.add(text, isCounted(table));
      reply.error(text);
    } else if (table.get("ok") instanceof LuaString status) {
      reply.simple(oneLine(status));
    } else if (table.get("double") instanceof Double number) {
      reply.number(number);
    } else if (table.get("big_number") instanceof LuaString digits) {
      bigNumber(oneLine(digits));
    } else if (table.get("verbatim_string") instanceof LuaTable content
        && content.get("format") instanceof LuaString format
        && content.get("string") instanceof LuaString text) {
      reply.verbatim(
          oneLine(format), new String(text.bytes(), java.nio.charset.StandardCharsets.UTF_8));
    } else if (table.get("map") instanceof LuaTable map) {
      int mark = reply.deferred();
      int pairs = 0;
      for (int at = map.next(0); at >= 0; at = map.next(at + 1)) {
        write(map.keyAt(at), depth + 1);
        write(map.valueAt(at), depth + 1);
        pairs++;
      }
      reply.resolveMap(mark, pairs);
    } else if (table.get("set") instanceof LuaTable set) {
      int mark = reply.deferred();
      int members = 0;
      for (int at = set.next(0); at >= 0; at = set.next(at + 1)) {
        write(set.keyAt(at), depth + 1);
        members++;
      }
      reply.resolveSet(mark, members);
    } else {
      return false;
    }
    return true;
  }

  /** Whether an error was counted when a command of the script ended with it. */
  static boolean isCounted(LuaTable error) {
    return Boolean.TRUE.equals(error.get("ignore_error_stats_update"));
  }

  /** Told of the errors that a script answers with. */
  interface ErrorCount {
    /**
     * Another error.
     *
     * @param isCounted whether it was counted already as an error of one of the script's commands
     */
    void add(String text, boolean isCounted);
  }

  private void bigNumber(String digits) {
    reply.bigNumber(digits.isEmpty() ? BigInteger.ZERO.toString() : digits);
  }

  private void array(LuaTable table, int depth) {
    int mark = reply.deferred();
    int count = 0;
    while (true) {
      Object element = table.get(count + 1);
      if (element == Nil.NIL) {
        break;
      }
      write(element, depth + 1);
      count++;
    }
    reply.resolveArray(mark, count);
  }

  /** A text within one line, up to its first NUL: nothing may look like a reply of its own. */
  static String oneLine(LuaString text) {
    String all = text.toString();
    int nul = all.indexOf('\0');
    String shown = nul < 0 ? all : all.substring(0, nul);
    return shown.replace('\r', ' ').replace('\n', ' ');
  }
}
