package io.pillion.cache;

import io.pillion.client.CommandException;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import io.pillion.client.PillionClient;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;

/**
 * One process of {@link NearCacheStalenessTest}: reads and writes at random through a cache with
 * copies, and notes what it did and saw, and when. Also the main class of a JVM of its own.
 */
final class StalenessActor {
  /** What stands for no value. */
  static final long ABSENT = 0;

  /** Every key, for what concerns all of them. */
  static final int ALL_KEYS = -1;

  private static final int THREADS = 2;

  private final int id;
  private final String url;
  private final String cacheName;
  private final Duration bound;
  private final int keys;
  private final int operations;
  private final long seed;

  /** An actor whose values are told by its id. */
  StalenessActor(
      int id, String url, String cacheName, Duration bound, int keys, int operations, long seed) {
    this.id = id;
    this.url = url;
    this.cacheName = cacheName;
    this.bound = bound;
    this.keys = keys;
    this.operations = operations;
    this.seed = seed;
  }

  /**
   * Something that was done, or seen.
   *
   * @param value what was written or read; {@link #ABSENT} for nothing
   * @param sure whether it was acknowledged
   */
  record Event(int actor, boolean read, int key, long value, long start, long end, boolean sure) {}

  /** Acts; what it did, of all its threads. */
  List<Event> act() {
    List<Event> events = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch done = new CountDownLatch(THREADS);
    try (Commands commands = PillionClient.connect(url);
        EngineCache<Integer, Long> cache =
            new EngineCache<>(
                commands,
                CacheSettings.<Integer, Long>named(cacheName)
                    .near(NearSettings.defaults().withMaxStaleness(bound))
                    .build())) {
      for (int i = 0; i < THREADS; i++) {
        int number = id * THREADS + i;
        Thread thread =
            new Thread(
                () -> {
                  try {
                    act(cache, number, events);
                  } finally {
                    done.countDown();
                  }
                });
        thread.start();
      }
      done.await();
      NearStatistics near = cache.nearStatistics();
      if (near != null) {
        System.out.printf(
            "actor %d: %d hits, %d misses, %d reports, %d flushes%n",
            id, near.hits(), near.misses(), near.invalidations(), near.flushes());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return new ArrayList<>(events);
  }

  private void act(EngineCache<Integer, Long> cache, int number, List<Event> events) {
    Random random = new Random(seed + number);
    long next = ((long) number + 1) << 32;
    for (int i = 0; i < operations / THREADS; i++) {
      int key = key(random, keys);
      int dice = random.nextInt(10_000);
      long value = dice < 100 ? next++ : ABSENT;
      boolean read = dice >= 120;
      int concerned = dice == 119 ? ALL_KEYS : key;
      long start = System.nanoTime();
      boolean sure = true;
      try {
        if (read) {
          Long found = cache.get(key);
          value = found == null ? ABSENT : found;
        } else if (value != ABSENT) {
          cache.put(key, value);
        } else if (concerned == ALL_KEYS) {
          cache.clear();
        } else {
          cache.remove(key);
        }
      } catch (ConnectionException | CommandException inDoubt) {
        sure = false;
      }
      long end = System.nanoTime();
      if (sure || !read) {
        events.add(new Event(number, read, concerned, value, start, end, sure));
      }
    }
  }

  /** One of these keys; every other time one of few that are in much demand. */
  static int key(Random random, int keys) {
    return random.nextBoolean() ? random.nextInt(keys) : random.nextInt(keys / 20);
  }

  /** A JVM of its own: id, url, cache, bound in ms, keys, operations, seed, file for events. */
  public static void main(String[] args) throws IOException {
    List<Event> events =
        new StalenessActor(
                Integer.parseInt(args[0]),
                args[1],
                args[2],
                Duration.ofMillis(Long.parseLong(args[3])),
                Integer.parseInt(args[4]),
                Integer.parseInt(args[5]),
                Long.parseLong(args[6]))
            .act();
    write(events, Path.of(args[7]));
  }

  private static void write(List<Event> events, Path file) throws IOException {
    try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(file))) {
      out.writeInt(events.size());
      for (Event event : events) {
        out.writeInt(event.actor());
        out.writeBoolean(event.read());
        out.writeInt(event.key());
        out.writeLong(event.value());
        out.writeLong(event.start());
        out.writeLong(event.end());
        out.writeBoolean(event.sure());
      }
    }
  }

  /** What another JVM wrote. Times are comparable: the clock is the machine's. */
  static List<Event> read(Path file) throws IOException {
    List<Event> events = new ArrayList<>();
    try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
      int count = in.readInt();
      for (int i = 0; i < count; i++) {
        events.add(
            new Event(
                in.readInt(),
                in.readBoolean(),
                in.readInt(),
                in.readLong(),
                in.readLong(),
                in.readLong(),
                in.readBoolean()));
      }
    }
    return events;
  }
}
