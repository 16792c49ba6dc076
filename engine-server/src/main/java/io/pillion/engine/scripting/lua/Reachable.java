package io.pillion.engine.scripting.lua;

import java.util.ArrayDeque;

/** Counts the bytes of all values that can be reached, without recursion. */
final class Reachable {
  private static final int OBJECT_BYTES = 32;

  private final ArrayDeque<Object> open = new ArrayDeque<>();
  private int epoch;
  private long bytes;

  /** Begins a new count. */
  void begin() {
    epoch++;
    bytes = 0;
  }

  /** Adds a value, and later all that it leads to. */
  void add(Object value) {
    if (value instanceof LuaString string) {
      if (string.mark != epoch) {
        string.mark = epoch;
        bytes += OBJECT_BYTES + string.length();
      }
    } else if (value instanceof LuaTable table) {
      if (table.mark != epoch) {
        table.mark = epoch;
        bytes += table.sizeBytes();
        open.add(table);
      }
    } else if (value instanceof LuaFunction function) {
      if (function.mark != epoch) {
        function.mark = epoch;
        bytes += OBJECT_BYTES;
        open.add(function);
      }
    } else if (value instanceof Coroutine coroutine) {
      if (coroutine.mark != epoch) {
        coroutine.mark = epoch;
        bytes += 4 * OBJECT_BYTES;
        open.add(coroutine);
      }
    } else if (value instanceof Cell cell) {
      if (cell.mark != epoch) {
        cell.mark = epoch;
        bytes += OBJECT_BYTES;
        add(cell.value);
      }
    } else if (value instanceof Userdata userdata) {
      LuaTable metatable = userdata.metatable();
      if (metatable != null) {
        add(metatable);
      }
    }
  }

  /** Follows everything added, and returns the sum. */
  long finish() {
    while (!open.isEmpty()) {
      Object next = open.removeLast();
      if (next instanceof LuaTable table) {
        table.reach(this);
      } else if (next instanceof LuaClosure closure) {
        add(closure.environment);
        reach(closure.prototype);
        bytes += 4L * closure.upvalues.length;
        for (Cell cell : closure.upvalues) {
          add(cell);
        }
      } else if (next instanceof Builtin builtin) {
        if (builtin.environment.mark != epoch) {
          add(builtin.environment);
        }
      } else if (next instanceof Coroutine coroutine) {
        coroutine.reach(this);
      }
    }
    return bytes;
  }

  void reach(Prototype prototype) {
    if (prototype.mark != epoch) {
      prototype.mark = epoch;
      bytes += prototype.sizeBytes();
      for (Object constant : prototype.constants) {
        add(constant);
      }
      for (Prototype inner : prototype.inner) {
        reach(inner);
      }
    }
  }

  void add(long moreBytes) {
    bytes += moreBytes;
  }
}
