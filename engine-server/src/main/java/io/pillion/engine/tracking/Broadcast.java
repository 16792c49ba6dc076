package io.pillion.engine.tracking;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Reply;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A prefix, who wants to be told of its keys, and which of them changed in this hold. */
final class Broadcast {
  final Bytes prefix;
  final Set<Tracker> trackers = new LinkedHashSet<>();

  /** By whose command each was changed last, null where time did it. */
  private final Map<Bytes, @Nullable Client> changed = new TreeMap<>();

  Broadcast(Bytes prefix) {
    this.prefix = prefix;
  }

  /** Remembers a change; returns how many keys have changed. */
  int add(Bytes key, @Nullable Client by) {
    if (changed.containsKey(key)) {
      changed.replace(key, by);
    } else {
      changed.put(key.copy(), by);
    }
    return changed.size();
  }

  /** Tells of what changed, and forgets it. */
  void deliver() {
    List<Bytes> all = List.copyOf(changed.keySet());
    for (Tracker tracker : trackers) {
      List<Bytes> told = all;
      if (tracker.options.noLoop()) {
        told = new ArrayList<>(all);
        told.removeIf(key -> tracker.ignores(changed.get(key)));
      }
      if (!told.isEmpty()) {
        tracker.send(keys(told));
      }
    }
    changed.clear();
  }

  private static Consumer<Reply> keys(List<Bytes> keys) {
    return reply -> {
      reply.array(keys.size());
      keys.forEach(reply::bulk);
    };
  }
}
