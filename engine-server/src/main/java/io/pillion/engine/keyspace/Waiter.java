package io.pillion.engine.keyspace;

/** Somebody who waits for a key to hold something of a type. */
public interface Waiter {
  /** What the key must hold before it is worth trying again. */
  ValueType waitsFor();

  /** Whether the wait ends also when the key is gone, or holds another type. */
  boolean isUntilLost();
}
