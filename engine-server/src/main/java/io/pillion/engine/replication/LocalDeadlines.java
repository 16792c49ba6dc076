package io.pillion.engine.replication;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.WriteListener;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.memory.Bytes;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keys with a time to live that this server's own clients have written while it follows another:
 * nobody else says when they go. Under the engine lock.
 */
final class LocalDeadlines implements WriteListener {
  /** Those beyond are hidden when their time has come, and stay until they are written again. */
  private static final int MOST_KEYS = 100_000;

  private final Engine engine;
  private final Set<Place> places = new HashSet<>();

  private record Place(Database database, Bytes key) {}

  LocalDeadlines(Engine engine) {
    this.engine = engine;
  }

  @Override
  public void onWrite(Database database, Bytes key, @Nullable Client by) {
    if (by == null) {
      // It is the other server's now.
      if (!places.isEmpty()) {
        places.remove(new Place(database, key));
      }
      return;
    }
    long record = database.stored(key);
    if (record != 0 && database.deadline(record) != Database.NEVER && places.size() < MOST_KEYS) {
      places.add(new Place(database, key.copy()));
    }
  }

  @Override
  public void onFlush() {
    places.clear();
  }

  /** Has those go whose time has come. */
  void expireDue() {
    if (places.isEmpty()) {
      return;
    }
    Place[] due =
        places.stream().filter(each -> each.database.isStale(each.key)).toArray(Place[]::new);
    for (Place each : due) {
      engine.keyspace().keepExpired(false);
      try {
        each.database.peek(each.key);
      } finally {
        engine.keyspace().keepExpired(true);
      }
      places.remove(each);
    }
    Iterator<Place> all = places.iterator();
    while (all.hasNext()) {
      Place each = all.next();
      long record = each.database.stored(each.key);
      if (record == 0 || each.database.deadline(record) == Database.NEVER) {
        all.remove();
      }
    }
  }
}
