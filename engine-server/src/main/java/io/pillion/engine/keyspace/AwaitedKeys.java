package io.pillion.engine.keyspace;

import io.pillion.engine.memory.Bytes;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The keys of a database that somebody waits for. They stay with its number, whatever it comes to
 * hold. Used under the engine lock.
 */
public final class AwaitedKeys {
  private final Map<Bytes, ArrayDeque<Waiter>> waiters = new HashMap<>();

  /** Adds somebody who waits for a key, behind those who do already. */
  public void add(Bytes key, Waiter waiter) {
    ArrayDeque<Waiter> queue = waiters.computeIfAbsent(key.copy(), k -> new ArrayDeque<>(2));
    if (!queue.contains(waiter)) {
      queue.addLast(waiter);
    }
  }

  /** Takes a waiter away from a key. */
  public void remove(Bytes key, Waiter waiter) {
    ArrayDeque<Waiter> queue = waiters.get(key);
    if (queue != null) {
      queue.remove(waiter);
      if (queue.isEmpty()) {
        waiters.remove(key);
      }
    }
  }

  /** Whether anybody waits for a key. */
  public boolean contains(Bytes key) {
    return !waiters.isEmpty() && waiters.containsKey(key);
  }

  /** Who waits for a key, first come first. */
  public Collection<Waiter> waitersOf(Bytes key) {
    ArrayDeque<Waiter> queue = waiters.isEmpty() ? null : waiters.get(key);
    return queue == null ? List.of() : List.copyOf(queue);
  }

  /** The keys, each once. */
  public Collection<Bytes> keys() {
    return List.copyOf(waiters.keySet());
  }
}
