package io.pillion.engine.command;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.world.Link;
import io.pillion.engine.world.World;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections of MIGRATE to other servers, kept for ten seconds after their last use: who moves key
 * after key need not connect for each. Any thread; a connection that is used is not in here.
 */
final class MigrationLinks {
  private static final Logger log = LoggerFactory.getLogger(MigrationLinks.class);
  private static final long KEPT_NANOS = 10_000_000_000L;
  private static final int MOST = 64;

  private final Map<Target, Kept> kept = new LinkedHashMap<>();

  /**
   * What a connection was made for.
   *
   * @param login what was said before anything else: a connection is nobody else's
   */
  record Target(String host, int port, int timeoutMillis, List<Bytes> login) {}

  private record Kept(Link link, long sinceNanos) {}

  /** A connection that was kept, or null; it is the caller's now. */
  synchronized @Nullable Link take(Target target) {
    Kept found = kept.remove(target);
    return found == null ? null : found.link;
  }

  /** How many connections are kept. */
  synchronized int count() {
    return kept.size();
  }

  /** Keeps a connection on which everything was answered. */
  void keep(World world, Target target, Link link) {
    List<Link> surplus = new ArrayList<>();
    synchronized (this) {
      Kept other = kept.put(target, new Kept(link, world.nanos()));
      if (other != null) {
        surplus.add(other.link);
      }
      Iterator<Kept> eldest = kept.values().iterator();
      while (kept.size() > MOST) {
        surplus.add(eldest.next().link);
        eldest.remove();
      }
    }
    surplus.forEach(MigrationLinks::close);
    world.schedule(KEPT_NANOS, () -> closeIdle(world));
  }

  private void closeIdle(World world) {
    List<Link> idle = new ArrayList<>();
    synchronized (this) {
      kept.values()
          .removeIf(
              each -> {
                boolean old = world.nanos() - each.sinceNanos >= KEPT_NANOS;
                if (old) {
                  idle.add(each.link);
                }
                return old;
              });
    }
    idle.forEach(MigrationLinks::close);
  }

  static void close(Link link) {
    try {
      link.close();
    } catch (IOException e) {
      log.debug("A connection could not be closed", e);
    }
  }
}
