package io.pillion.session;

import io.pillion.client.Command;
import io.pillion.client.CommandException;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import io.pillion.client.Replies;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the sessions whose time is up, and has their expiry announced.
 *
 * <p>Of all instances of an application the one that holds a lease does it; when it dies, another
 * one takes the lease after {@link #LEASE}. A session stays on the list until its event was
 * published, so an event is published at least once: again when an instance dies, or is stopped for
 * longer than its lease, in between. A listener that throws has its session announced once more on
 * the next round; after {@value #MOST_FAILURES} rounds in which one session's listeners threw, it
 * is let go with an error in the log.
 *
 * <p>Expired sessions need no deletion: they are invisible from the moment they expire, and their
 * time to live ends five minutes later. A session that is announced after that, because no instance
 * was there to do it, has its identifier and nothing else. Without a sweeper nothing leaks but the
 * list itself; so every application runs one.
 */
public final class SessionSweeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SessionSweeper.class);

  /** How long an instance that does not come back keeps the others from sweeping. */
  static final Duration LEASE = Duration.ofSeconds(30);

  private static final int BATCH = 100;
  private static final int MOST_BATCHES = 100;
  private static final int MOST_FAILURES = 3;

  private final PillionSessionRepository repository;
  private final Commands commands;
  private final String me = UUID.randomUUID().toString();
  private @Nullable ScheduledExecutorService thread;
  private boolean reported;
  private @Nullable String failing;
  private int failures;

  /** A sweeper that does not run yet. */
  public SessionSweeper(PillionSessionRepository repository) {
    this.repository = repository;
    this.commands = repository.commands();
  }

  /**
   * Sweeps again and again on a thread of its own.
   *
   * @param pause between two rounds; at least a millisecond
   */
  public synchronized void start(Duration pause) {
    if (pause.toMillis() < 1) {
      throw new IllegalArgumentException("The pause must be at least 1 ms, but was " + pause);
    }
    if (thread != null) {
      return;
    }
    ScheduledExecutorService started =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread sweeping = new Thread(task, "pillion-session-sweeper");
              sweeping.setDaemon(true);
              return sweeping;
            });
    thread = started;
    // Instances that start together must not come together for ever.
    long first = ThreadLocalRandom.current().nextLong(Math.max(1, pause.toMillis()));
    ScheduledFuture<?> unused =
        started.scheduleWithFixedDelay(
            this::sweepOrReport, first, pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void sweepOrReport() {
    try {
      sweep();
      reported = false;
    } catch (ConnectionException | CommandException e) {
      if (!reported) {
        LOG.warn("Expired sessions are not announced at the moment: {}", e.getMessage());
        reported = true;
      }
    } catch (RuntimeException e) {
      LOG.error("Sweeping expired sessions failed", e);
    }
  }

  /**
   * One round: announces what has expired, if this instance holds the lease or can get it.
   *
   * @return how many sessions were announced
   */
  public int sweep() {
    int announced = 0;
    for (int batch = 0; batch < MOST_BATCHES && holdsLease(); batch++) {
      List<String> due = due();
      announced += announce(due);
      if (due.size() < BATCH || failing != null) {
        break;
      }
    }
    return announced;
  }

  private boolean holdsLease() {
    String key = repository.keys().sweeper();
    Command take = Command.of("SET").arg(key).arg(me).arg("NX").arg("PX").arg(LEASE.toMillis());
    if (Replies.isOk(commands.call(take))) {
      return true;
    }
    if (!me.equals(Replies.asText(commands.call(Command.of("GET").arg(key))))) {
      return false;
    }
    // Should it have passed to somebody else just now, then theirs is prolonged, which is harmless.
    return Replies.asBoolean(commands.call(Command.of("PEXPIRE").arg(key).arg(LEASE.toMillis())));
  }

  private List<String> due() {
    Command range = Command.of("ZRANGEBYSCORE").arg(repository.keys().expiries());
    range.arg("-inf").arg(repository.now().toEpochMilli()).arg("LIMIT").arg(0).arg(BATCH);
    List<String> ids = new ArrayList<>();
    Replies.asList(commands.call(range)).forEach(id -> ids.add(String.valueOf(Replies.asText(id))));
    return ids;
  }

  private int announce(List<String> ids) {
    List<CompletionStage<@Nullable Object>> loads =
        commands.pipeline(ids.stream().map(repository::load).toList());
    int announced = 0;
    for (int i = 0; i < ids.size(); i++) {
      String id = ids.get(i);
      PillionSession session = repository.read(id, commands.await(loads.get(i)));
      if (session != null && !session.isExpired()) {
        correct(session);
        continue;
      }
      PillionSession expired = session == null ? repository.forgotten(id) : session;
      if (!published(expired)) {
        break;
      }
      announced++;
      takeOff(id, expired.storedIndexes());
    }
    return announced;
  }

  private boolean published(PillionSession session) {
    try {
      repository.expired(session);
    } catch (RuntimeException e) {
      failures = session.getId().equals(failing) ? failures + 1 : 1;
      if (failures < MOST_FAILURES) {
        failing = session.getId();
        LOG.warn("A listener failed on an expired session; it is told again", e);
        return false;
      }
      LOG.error("A listener failed on an expired session {} times; it is let go", failures, e);
    }
    failing = null;
    failures = 0;
    return true;
  }

  /** The list is out of date: the session lives on. */
  private void correct(PillionSession session) {
    String key = repository.keys().expiries();
    long expiry =
        session.getLastAccessedTime().plus(session.getMaxInactiveInterval()).toEpochMilli();
    commands.call(
        session.getMaxInactiveInterval().isNegative()
            ? Command.of("ZREM").arg(key).arg(session.getId())
            : Command.of("ZADD").arg(key).arg("XX").arg(expiry).arg(session.getId()));
  }

  private void takeOff(String id, Map<String, String> indexes) {
    List<Command> removal = new ArrayList<>();
    removal.add(Command.of("ZREM").arg(repository.keys().expiries()).arg(id));
    for (Map.Entry<String, String> index : indexes.entrySet()) {
      removal.add(Command.of("ZREM").arg(repository.keys().index(index)).arg(id));
    }
    commands.pipeline(removal).forEach(commands::await);
  }

  /** Stops sweeping, and lets another instance take over at once. */
  @Override
  public void close() {
    ScheduledExecutorService stopping;
    synchronized (this) {
      stopping = thread;
      thread = null;
    }
    if (stopping == null) {
      return;
    }
    stopping.shutdownNow();
    try {
      if (stopping.awaitTermination(commands.timeout().toMillis(), TimeUnit.MILLISECONDS)
          && me.equals(
              Replies.asText(commands.call(Command.of("GET").arg(repository.keys().sweeper()))))) {
        commands.call(Command.of("DEL").arg(repository.keys().sweeper()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ConnectionException | CommandException e) {
      LOG.debug("The lease of the sweeper was not given back and will end by itself", e);
    }
  }
}
