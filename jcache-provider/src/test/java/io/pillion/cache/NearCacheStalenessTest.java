package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.cache.StalenessActor.Event;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import io.pillion.client.FaultProxy;
import io.pillion.client.OwnProcesses;
import io.pillion.client.OwnThreads;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Two clients with near caches read and write at random, while connections are killed and stalled
 * and the server is flushed; then every read is held against everything that was acknowledged.
 *
 * <p>{@code -Dpillion.staleness.operations=200000 -Dpillion.staleness.jvms=true} does more, in two
 * JVMs.
 */
class NearCacheStalenessTest {
  private static final int OPERATIONS = Integer.getInteger("pillion.staleness.operations", 50_000);
  private static final boolean JVMS = Boolean.getBoolean("pillion.staleness.jvms");
  private static final Duration BOUND = Duration.ofMillis(100);
  private static final int KEYS = 200;

  /** A write whose connection broke may reach the server this much later. */
  private static final long DOUBT_NANOS = TimeUnit.SECONDS.toNanos(3);

  @Test
  void noReadIsStalerThanTheBoundOnRedis() {
    try (RedisServer server = RedisServer.start()) {
      noReadIsStalerThanTheBound(server.port());
    }
  }

  @Test
  void noReadIsStalerThanTheBoundOnTheEngine() {
    int port = RedisServer.freePort();
    try (Commands owner = PillionClient.connect("embedded:staleness?listen=127.0.0.1:" + port)) {
      assertThat(owner.call(Command.of("PING"))).isNotNull();
      noReadIsStalerThanTheBound(port);
    }
  }

  private static void noReadIsStalerThanTheBound(int port) {
    long seed = Long.getLong("pillion.staleness.seed", System.nanoTime());
    System.out.println("seed " + seed);
    try (FaultProxy proxy = new FaultProxy(port)) {
      String name = "torture-" + UUID.randomUUID();
      String url = proxy.url() + "?timeout=2s";
      CompletableFuture<List<Event>> first =
          CompletableFuture.supplyAsync(actor(0, url, name, seed)::act, OwnThreads.PER_TASK);
      CompletableFuture<List<Event>> second =
          CompletableFuture.supplyAsync(
              JVMS ? () -> otherJvm(url, name, seed) : actor(1, url, name, seed)::act,
              OwnThreads.PER_TASK);
      List<Event> events =
          new ArrayList<>(
              disturb(
                  proxy,
                  "redis://127.0.0.1:" + port,
                  name,
                  seed,
                  () -> first.isDone() && second.isDone()));
      events.addAll(first.join());
      events.addAll(second.join());
      check(events);
    }
  }

  private static StalenessActor actor(int id, String url, String name, long seed) {
    return new StalenessActor(id, url, name, BOUND, KEYS, OPERATIONS / 2, seed);
  }

  private static List<Event> otherJvm(String url, String name, long seed) {
    try {
      Path file = Files.createTempFile("pillion-staleness", ".events");
      Process process =
          OwnProcesses.start(
              new ProcessBuilder(
                      Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                      "-cp",
                      System.getProperty("java.class.path"),
                      StalenessActor.class.getName(),
                      "1",
                      url,
                      name,
                      "" + BOUND.toMillis(),
                      "" + KEYS,
                      "" + OPERATIONS / 2,
                      "" + seed,
                      file.toString())
                  .inheritIO());
      assertThat(process.waitFor()).isZero();
      List<Event> events = StalenessActor.read(file);
      Files.delete(file);
      return events;
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private interface Ended {
    boolean ended();
  }

  /**
   * Kills and stalls connections, and flushes the server, until all is over. Meanwhile it writes by
   * a way of its own: reports of that are lost, or overtake answers that are held back.
   */
  private static List<Event> disturb(
      FaultProxy proxy, String directUrl, String name, long seed, Ended over) {
    List<Event> done = new ArrayList<>();
    Random random = new Random(seed);
    long value = 1L << 60;
    try (Commands direct = PillionClient.connect(directUrl);
        EngineCache<Integer, Long> cache =
            new EngineCache<>(direct, CacheSettings.<Integer, Long>named(name).build())) {
      while (!over.ended()) {
        pause(10 + random.nextInt(150));
        int fault = random.nextInt(7);
        switch (fault) {
          case 0 -> proxy.kill();
          case 1, 2 -> proxy.kill(random.nextInt(100));
          case 3 -> proxy.stallTracking(true);
          case 4, 5 -> proxy.stallCommands(true);
          default ->
              done.add(
                  event(
                      StalenessActor.ALL_KEYS,
                      StalenessActor.ABSENT,
                      () -> direct.call(Command.of("FLUSHALL"))));
        }
        if (fault >= 3 && fault <= 5) {
          // The questions are on their way when the answers to them change.
          pause(5);
        }
        boolean all = fault >= 4 && fault <= 5;
        for (int i = 0; i < (all ? KEYS : 10); i++) {
          int key = all ? i : StalenessActor.key(random, KEYS);
          long written = value++;
          done.add(event(key, written, () -> cache.put(key, written)));
        }
        if (fault == 3) {
          pause(random.nextInt(300));
        }
        proxy.stallTracking(false);
        proxy.stallCommands(false);
      }
    }
    return done;
  }

  /** The faults come at their own times: there is nothing to wait for. */
  private static void pause(int millis) {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  private static Event event(int key, long value, Runnable write) {
    long start = System.nanoTime();
    boolean sure = true;
    try {
      write.run();
    } catch (ConnectionException inDoubt) {
      sure = false;
    }
    return new Event(-1, false, key, value, start, System.nanoTime(), sure);
  }

  private static void check(List<Event> events) {
    long zero = events.stream().mapToLong(Event::start).min().orElseThrow();
    List<List<Event>> writes = new ArrayList<>();
    Map<Long, Event> byValue = new HashMap<>();
    for (int key = 0; key < KEYS; key++) {
      writes.add(new ArrayList<>());
    }
    long reads = 0;
    for (Event event : events) {
      if (event.read()) {
        reads++;
      } else if (event.key() == StalenessActor.ALL_KEYS) {
        writes.forEach(list -> list.add(event));
      } else {
        writes.get(event.key()).add(event);
        byValue.put(event.value(), event);
      }
    }
    List<String> violations = new ArrayList<>();
    for (Event read : events) {
      if (read.read() && violations.size() < 10) {
        Event proof = proofOfStaleness(read, writes.get(read.key()), byValue);
        if (proof != null) {
          violations.add(text(read, zero) + " although " + text(proof, zero));
        }
      }
    }
    System.out.printf("%d operations, %d of them reads%n", events.size(), reads);
    assertThat(violations).isEmpty();
    assertThat(reads).isGreaterThan(OPERATIONS * 8L / 10);
  }

  /** A write that the read had to see, or one later than it; null when there is none. */
  private static @Nullable Event proofOfStaleness(
      Event read, List<Event> writesOfKey, Map<Long, Event> byValue) {
    boolean absent = read.value() == StalenessActor.ABSENT;
    Event source = byValue.get(read.value());
    for (Event write : writesOfKey) {
      boolean mustBeSeen = write.sure() && write.end() < read.start() - allowed(read, write);
      if (!mustBeSeen || write.value() == read.value()) {
        continue;
      }
      boolean overwritten =
          absent
              ? removedAfter(write, read, writesOfKey)
              : source != null && latestEnd(source) >= write.start();
      if (!overwritten) {
        return write;
      }
    }
    return null;
  }

  /** What a thread did itself it sees at once, what others did within the bound. */
  private static long allowed(Event read, Event write) {
    boolean sameCache = write.actor() >= 0 && write.actor() / 2 == read.actor() / 2;
    return sameCache ? 0 : BOUND.toNanos();
  }

  private static boolean removedAfter(Event write, Event read, List<Event> writesOfKey) {
    for (Event other : writesOfKey) {
      if (other.value() == StalenessActor.ABSENT
          && latestEnd(other) >= write.start()
          && other.start() <= read.end()) {
        return true;
      }
    }
    return false;
  }

  private static long latestEnd(Event write) {
    return write.sure() ? write.end() : write.end() + DOUBT_NANOS;
  }

  private static String text(Event event, long zero) {
    return String.format(
        "%s %d of key %d by %d from %.3f to %.3f ms%s",
        event.read() ? "read" : "wrote",
        event.value(),
        event.key(),
        event.actor(),
        (event.start() - zero) / 1e6,
        (event.end() - zero) / 1e6,
        event.sure() ? "" : " in doubt");
  }
}
