package io.pillion.engine.scripting.lua;

/** A local variable that functions share: it outlives the call that declared it. */
final class Cell {
  Object value;
  int mark;

  Cell(Object value) {
    this.value = value;
  }
}
