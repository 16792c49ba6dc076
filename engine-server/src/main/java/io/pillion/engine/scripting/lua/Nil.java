package io.pillion.engine.scripting.lua;

/** Lua's nil, as a value of its own so that no null goes around. */
public enum Nil {
  /** The only one. */
  NIL;

  /** As Lua shows it. */
  @Override
  public String toString() {
    return "nil";
  }
}
