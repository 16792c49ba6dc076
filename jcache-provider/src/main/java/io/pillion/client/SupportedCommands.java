package io.pillion.client;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What a server said about which commands it has. */
final class SupportedCommands {
  private final Map<String, Boolean> known = new ConcurrentHashMap<>();

  /** Those of the names that the server has; asks only about names it was not asked before. */
  Set<String> among(Set<String> names, Commands server) {
    Set<String> unknown = new HashSet<>(names);
    unknown.removeAll(known.keySet());
    if (!unknown.isEmpty()) {
      List<String> asked = List.copyOf(unknown);
      Command info = Command.of("COMMAND", "INFO").keyAt(Integer.MAX_VALUE);
      asked.forEach(info::arg);
      List<?> replies = server.call(info) instanceof List<?> list ? list : List.of();
      for (int i = 0; i < asked.size(); i++) {
        Object entry = i < replies.size() ? replies.get(i) : null;
        known.put(asked.get(i), entry instanceof List<?> fields && !fields.isEmpty());
      }
    }
    Set<String> supported = new HashSet<>(names);
    supported.removeIf(name -> !known.getOrDefault(name, false));
    return supported;
  }
}
