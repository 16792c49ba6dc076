package io.pillion.engine.pubsub;

import io.pillion.engine.memory.Bytes;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** What one client listens to. */
final class Subscriptions {
  private final Map<Kind, Set<Bytes>> names = new EnumMap<>(Kind.class);

  Subscriptions() {
    for (Kind kind : Kind.values()) {
      names.put(kind, new LinkedHashSet<>());
    }
  }

  Set<Bytes> of(Kind kind) {
    return names.getOrDefault(kind, Set.of());
  }

  int count(Kind kind) {
    return of(kind).size();
  }

  boolean isEmpty() {
    return names.values().stream().allMatch(Set::isEmpty);
  }
}
