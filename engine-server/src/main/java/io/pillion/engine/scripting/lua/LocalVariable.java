package io.pillion.engine.scripting.lua;

/** A local variable while its function is compiled. */
final class LocalVariable {
  final String name;

  /** Whether an inner function uses it, so that it needs a cell. */
  boolean isCaptured;

  /** Where it is, once code is made for it. */
  int register = -1;

  LocalVariable(String name) {
    this.name = name;
  }
}
