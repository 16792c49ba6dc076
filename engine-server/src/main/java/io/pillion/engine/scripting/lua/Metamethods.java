package io.pillion.engine.scripting.lua;

/** The names of the events that metatables answer. */
final class Metamethods {
  static final LuaString INDEX = LuaString.of("__index");
  static final LuaString NEWINDEX = LuaString.of("__newindex");
  static final LuaString CALL = LuaString.of("__call");
  static final LuaString EQ = LuaString.of("__eq");
  static final LuaString LT = LuaString.of("__lt");
  static final LuaString LE = LuaString.of("__le");
  static final LuaString CONCAT = LuaString.of("__concat");
  static final LuaString LEN = LuaString.of("__len");
  static final LuaString UNM = LuaString.of("__unm");
  static final LuaString TOSTRING = LuaString.of("__tostring");
  static final LuaString METATABLE = LuaString.of("__metatable");

  private static final LuaString[] ARITHMETIC = {
    LuaString.of("__add"),
    LuaString.of("__sub"),
    LuaString.of("__mul"),
    LuaString.of("__div"),
    LuaString.of("__mod"),
    LuaString.of("__pow")
  };

  private Metamethods() {}

  static LuaString arithmetic(int opcode) {
    return ARITHMETIC[opcode - Opcode.ADD];
  }
}
