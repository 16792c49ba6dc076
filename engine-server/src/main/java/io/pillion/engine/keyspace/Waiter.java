package io.pillion.engine.keyspace;

/** Somebody who waits for a key to hold something of a type. */
public interface Waiter {
  /** What the key must hold before it is worth trying again. */
  ValueType waitsFor();
}
