package io.pillion.engine.scripting.lua;

/** A function of Lua with the variables around it. */
final class LuaClosure extends LuaFunction {
  final Prototype prototype;
  final Cell[] upvalues;

  LuaClosure(Prototype prototype, Cell[] upvalues, LuaTable environment) {
    super(environment);
    this.prototype = prototype;
    this.upvalues = upvalues;
  }
}
