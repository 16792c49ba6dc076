package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.CommandException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who watches which key. A key whose time had come before it was watched is as good as absent: that
 * it is then removed changes nothing.
 */
final class WatchedKeys {
  private static final int OVERHEAD_BYTES = 128;

  private final ClientMemory memory;
  private final Map<Key, List<Watch>> byKey = new HashMap<>();

  WatchedKeys(ClientMemory memory) {
    this.memory = memory;
  }

  /** How many keys somebody watches. */
  int size() {
    return byKey.size();
  }

  private static long bytes(Bytes name) {
    return (long) OVERHEAD_BYTES + name.length();
  }

  /** One client's eye on one key. */
  static final class Watch {
    private final Client client;
    private final Key key;
    private boolean stale;

    private Watch(Client client, Key key, boolean stale) {
      this.client = client;
      this.key = key;
      this.stale = stale;
    }
  }

  private record Key(Database database, Bytes name) {}

  /**
   * Lets a client watch these keys, too; all or none.
   *
   * @throws CommandException when it is too much
   */
  void add(Client client, Database database, List<Bytes> names) {
    Set<Key> before = new HashSet<>();
    for (Watch watch : client.watches()) {
      before.add(watch.key);
    }
    Set<Key> added = new LinkedHashSet<>();
    long bytes = 0;
    for (Bytes name : names) {
      Key key = new Key(database, name);
      if (!before.contains(key) && added.add(key)) {
        bytes += bytes(name);
      }
    }
    memory.keep(client, bytes);
    for (Key asked : added) {
      Key key = new Key(database, asked.name.copy());
      Watch watch = new Watch(client, key, database.isStale(key.name));
      client.watches().add(watch);
      byKey.computeIfAbsent(key, k -> new ArrayList<>(1)).add(watch);
    }
  }

  void removeAll(Client client) {
    for (Watch watch : client.watches()) {
      memory.addKept(client, -bytes(watch.key.name));
      List<Watch> list = byKey.get(watch.key);
      if (list != null) {
        list.remove(watch);
        if (list.isEmpty()) {
          byKey.remove(watch.key);
        }
      }
    }
    client.watches().clear();
    client.watchBroken(false);
  }

  boolean isBroken(Client client) {
    if (client.isWatchBroken()) {
      return true;
    }
    for (Watch watch : client.watches()) {
      if (!watch.stale && watch.key.database.isStale(watch.key.name)) {
        return true;
      }
    }
    return false;
  }

  /** A key was changed. */
  void changed(Database database, Bytes name) {
    if (byKey.isEmpty()) {
      return;
    }
    for (Watch watch : byKey.getOrDefault(new Key(database, name), List.of())) {
      watch.client.watchBroken(true);
    }
  }

  /** A key was removed because its time had come. */
  void expired(Database database, Bytes name) {
    for (Watch watch : byKey.getOrDefault(new Key(database, name), List.of())) {
      if (watch.stale) {
        watch.stale = false;
      } else {
        watch.client.watchBroken(true);
      }
    }
  }

  /** Nothing is as it was, whatever it was. */
  void allChanged() {
    for (List<Watch> list : byKey.values()) {
      list.forEach(watch -> watch.client.watchBroken(true));
    }
  }

  /** A database is about to be emptied. */
  void flushing(Database database) {
    for (Map.Entry<Key, List<Watch>> entry : byKey.entrySet()) {
      Key key = entry.getKey();
      if (key.database == database && database.isStored(key.name)) {
        expired(database, key.name);
      }
    }
  }

  /** Two databases have exchanged what they hold. */
  void swapped(Database first, Database second) {
    byKey.forEach(
        (key, list) -> {
          if (key.database == first || key.database == second) {
            Database before = key.database == first ? second : first;
            for (Watch watch : list) {
              swapped(watch, before.isStored(key.name));
            }
          }
        });
  }

  private static void swapped(Watch watch, boolean wasStored) {
    Database now = watch.key.database;
    boolean isStored = now.isStored(watch.key.name);
    boolean isStale = now.isStale(watch.key.name);
    if (watch.stale && (!isStored || isStale)) {
      watch.stale = isStored;
    } else if (!watch.stale && !wasStored && isStale) {
      watch.stale = true;
    } else if (wasStored || isStored) {
      watch.client.watchBroken(true);
    }
  }
}
