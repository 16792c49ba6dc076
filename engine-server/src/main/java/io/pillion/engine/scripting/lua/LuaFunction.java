package io.pillion.engine.scripting.lua;

/** A function: of Lua or built in. */
public abstract class LuaFunction {
  int mark;
  LuaTable environment;

  LuaFunction(LuaTable environment) {
    this.environment = environment;
  }
}
