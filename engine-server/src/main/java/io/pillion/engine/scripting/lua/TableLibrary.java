package io.pillion.engine.scripting.lua;

/** The table {@code table}. */
final class TableLibrary {
  private static final int MOVES_PER_TICK = 16;

  private TableLibrary() {}

  static void open(LuaState lua) {
    LuaTable table = new LuaTable();
    BaseLibrary.define(table, "concat", TableLibrary::concat);
    BaseLibrary.define(table, "foreach", TableLibrary::forEach);
    BaseLibrary.define(table, "foreachi", TableLibrary::forEachIndex);
    BaseLibrary.define(table, "getn", args -> Arguments.of((double) args.table(1).length()));
    BaseLibrary.define(table, "insert", TableLibrary::insert);
    BaseLibrary.define(table, "maxn", TableLibrary::maximum);
    BaseLibrary.define(table, "remove", TableLibrary::remove);
    BaseLibrary.define(
        table,
        "setn",
        args -> {
          args.table(1);
          throw args.error("'setn' is obsolete");
        });
    BaseLibrary.define(table, "sort", TableLibrary::sort);
    lua.globals().set("table", table);
  }

  private static Object[] concat(Arguments args) {
    LuaTable table = args.table(1);
    LuaString separator = args.string(2, LuaString.EMPTY);
    int from = args.small(3, 1);
    int to = args.has(4) ? args.small(4) : table.length();
    LuaState lua = args.lua();
    try (LuaBuffer all = new LuaBuffer(lua.budget())) {
      for (long i = from; i <= to; i++) {
        lua.budget().tick();
        Object value = table.get((Object) (double) i);
        if (!(value instanceof LuaString) && !(value instanceof Double)) {
          throw args.error(
              "invalid value ("
                  + LuaState.typeName(value)
                  + ") at index "
                  + i
                  + " in table for 'concat'");
        }
        all.add(lua.show(value));
        if (i < to) {
          all.add(separator);
        }
      }
      return Arguments.of(all.toLuaString());
    }
  }

  private static Object[] forEach(Arguments args) {
    LuaTable table = args.table(1);
    LuaFunction function = args.function(2);
    Object key = Nil.NIL;
    while (true) {
      int position = table.after(key);
      if (position < 0) {
        return Arguments.none();
      }
      key = table.keyAt(position);
      Object[] results = args.lua().call(function, key, table.valueAt(position));
      if (results.length > 0 && results[0] != Nil.NIL) {
        return Arguments.of(results[0]);
      }
    }
  }

  private static Object[] forEachIndex(Arguments args) {
    LuaTable table = args.table(1);
    LuaFunction function = args.function(2);
    int n = table.length();
    for (int i = 1; i <= n; i++) {
      Object[] results = args.lua().call(function, (double) i, table.get(i));
      if (results.length > 0 && results[0] != Nil.NIL) {
        return Arguments.of(results[0]);
      }
    }
    return Arguments.none();
  }

  private static Object[] insert(Arguments args) {
    LuaTable table = args.table(1);
    int end = table.length() + 1;
    int position = end;
    Object value;
    switch (args.count()) {
      case 2:
        value = args.get(2);
        break;
      case 3:
        position = args.small(2);
        value = args.get(3);
        break;
      default:
        throw args.error("wrong number of arguments to 'insert'");
    }
    BaseLibrary.checkWritable(args, table);
    if (position >= 1 && position < end) {
      args.lua().budget().tick((end - position) / MOVES_PER_TICK);
      table.shift(position, 1);
    }
    table.set((Object) (double) position, value);
    return Arguments.none();
  }

  private static Object[] remove(Arguments args) {
    LuaTable table = args.table(1);
    int end = table.length();
    int position = args.small(2, end);
    if (position < 1 || position > end) {
      return Arguments.none();
    }
    BaseLibrary.checkWritable(args, table);
    Object value = table.get(position);
    args.lua().budget().tick((end - position) / MOVES_PER_TICK);
    table.shift(position, -1);
    return Arguments.of(value);
  }

  private static Object[] maximum(Arguments args) {
    LuaTable table = args.table(1);
    double largest = 0;
    for (int at = table.next(0); at >= 0; at = table.next(at + 1)) {
      if (table.keyAt(at) instanceof Double key) {
        largest = Math.max(largest, key);
      }
    }
    args.lua().budget().tick(table.slots());
    return Arguments.of(largest);
  }

  // --- sort

  private static Object[] sort(Arguments args) {
    LuaTable table = args.table(1);
    LuaFunction order = args.has(2) ? args.function(2) : null;
    BaseLibrary.checkWritable(args, table);
    int n = table.length();
    LuaState lua = args.lua();
    Operations operations = lua.interpreter().operations();
    Object[] values = new Object[n];
    long bytes = 4L * n;
    lua.budget().pin(bytes);
    for (int i = 0; i < n; i++) {
      values[i] = table.get(i + 1);
    }
    try {
      Sorting sorting =
          new Sorting(
              values,
              (a, b) -> {
                lua.budget().tick();
                if (order == null) {
                  return operations.less(a, b);
                }
                Object[] results = lua.call(order, a, b);
                return results.length > 0 && LuaState.isTrue(results[0]);
              },
              () -> args.error("invalid order function for sorting"));
      sorting.sort(0, n - 1);
    } finally {
      lua.budget().unpin(bytes);
      for (int i = 0; i < n; i++) {
        table.set(i + 1, values[i]);
      }
    }
    return Arguments.none();
  }
}
