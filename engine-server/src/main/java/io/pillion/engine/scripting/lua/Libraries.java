package io.pillion.engine.scripting.lua;

import java.util.function.LongSupplier;

/** What scripts find in their world: the safe part of Lua's own libraries, and four more. */
public final class Libraries {
  private Libraries() {}

  /**
   * Opens all of them, and makes their tables read-only, the globals' own aside.
   *
   * @param random the numbers of math.random
   * @param nanos what os.clock counts
   */
  public static void open(LuaState lua, ScriptRandom random, LongSupplier nanos) {
    BaseLibrary.open(lua);
    CoroutineLibrary.open(lua);
    TableLibrary.open(lua);
    StringLibrary.open(lua);
    MathLibrary.open(lua, random);
    BitLibrary.open(lua);
    StructLibrary.open(lua);
    JsonLibrary.open(lua);
    MessagePackLibrary.open(lua);
    LuaTable os = new LuaTable();
    BaseLibrary.define(os, "clock", args -> Arguments.of(nanos.getAsLong() / 1e9));
    lua.globals().set("os", os);
    for (String name :
        new String[] {
          "coroutine", "table", "string", "math", "bit", "struct", "cjson", "cmsgpack", "os"
        }) {
      if (lua.globals().get(name) instanceof LuaTable table) {
        table.readonly(true);
      }
    }
  }
}
