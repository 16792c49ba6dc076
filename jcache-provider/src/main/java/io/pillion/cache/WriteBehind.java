package io.pillion.cache;

import io.pillion.cache.WriteQueue.Change;
import io.pillion.cache.WriteQueue.Pending;
import io.pillion.cache.WriteQueue.Queued;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the acknowledged changes of a cache to its writer, from a queue on the server that
 * outlives this process. Thread-safe.
 *
 * <p><b>At least once, in order per key.</b> Of all processes that have the cache open, the one
 * that holds a lease writes; when it dies, another does after the lease. What was handed to the
 * writer but not yet taken off the queue is then written again, so the writer must be idempotent:
 * upserts and deletes are. Changes of one key in one batch become the last of them.
 *
 * <p><b>Failing.</b> When a batch fails its changes are tried one by one; those that fail are tried
 * again later, while others pass them. After the last try a change becomes a {@link DeadLetter}.
 *
 * <p>The queue lives on the server under one key without expiry. It is as durable as the server is
 * (its append-only file), and a server that evicts must evict only keys with a time to live.
 */
public final class WriteBehind<K, V> {
  private static final Logger log = LoggerFactory.getLogger(WriteBehind.class);
  private static final long IDLE_MILLIS = 500;
  private static final long STEP_MILLIS = 20;

  private final EngineCache<K, V> cache;
  private final WriteQueue queue;
  private final EntryWriter<K, V> writer;
  private final WriteBehindSettings settings;
  private final String token = UUID.randomUUID().toString();
  private final Thread worker;
  private final Thread holder;
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private final CompletableFuture<Boolean> ending = new CompletableFuture<>();

  /** By id; only the worker changes it. */
  private final Map<String, Failing> failing = new ConcurrentHashMap<>();

  private final AtomicLong retries = new AtomicLong();

  private volatile long heldUntil = System.nanoTime();
  private volatile long drainUntil;
  private volatile boolean ended;

  WriteBehind(
      EngineCache<K, V> cache,
      WriteQueue queue,
      EntryWriter<K, V> writer,
      WriteBehindSettings settings) {
    this.cache = cache;
    this.queue = queue;
    this.writer = writer;
    this.settings = settings;
    worker = thread("pillion-writer-" + cache.name(), this::work);
    holder = thread("pillion-writer-lease-" + cache.name(), this::hold);
  }

  private static Thread thread(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /** Begins to write; once. */
  void start() {
    holder.start();
    worker.start();
  }

  /** A change that failed. */
  private record Failing(String at, int tries, long againAt, String error) {}

  // --- what can be asked

  /** How many changes wait, on the server. */
  public long length() {
    return queue.length();
  }

  /** How long the oldest change has waited; zero when none does. */
  public Duration age() {
    List<Queued> oldest = queue.oldest(1);
    return oldest.isEmpty() ? Duration.ZERO : Duration.ofMillis(age(oldest));
  }

  private long age(List<Queued> oldest) {
    return Math.max(0, queue.nowMillis() - oldest.get(0).millis());
  }

  /** Whether this process is the one that writes. */
  public boolean isWriting() {
    return isHeld();
  }

  /** How many keys this process has written or deleted behind the cache. */
  public long written() {
    return written.get();
  }

  /** How often the writer failed for one key here. */
  public long failures() {
    return failures.get();
  }

  /** How often this process tried a change again that had failed before. */
  public long retries() {
    return retries.get();
  }

  /**
   * The keys whose latest change failed in this process and waits for another try, and what the
   * writer threw; at most two batches of them. A key that this process cannot read is left out.
   */
  public Map<K, String> failing() {
    Map<K, String> errors = new LinkedHashMap<>();
    failing.forEach(
        (id, failed) -> {
          K key = orNull(id.getBytes(StandardCharsets.ISO_8859_1), cache::decodeKey);
          if (key != null) {
            errors.put(key, failed.error());
          }
        });
    return errors;
  }

  /** How many dead letters there are, on the server. */
  public long deadLetterCount() {
    return queue.deadLength();
  }

  /** The oldest dead letters, at most this many. */
  public List<DeadLetter<K, V>> deadLetters(int count) {
    List<DeadLetter<K, V>> letters = new ArrayList<>();
    for (Queued dead : queue.deadLetters(count)) {
      letters.add(
          new DeadLetter<>(
              dead.at(),
              orNull(dead.id(), cache::decodeKey),
              dead.value() == null,
              dead.value() == null ? null : orNull(dead.value(), cache::decode),
              dead.tries(),
              String.valueOf(dead.error()),
              Instant.ofEpochMilli(dead.millis())));
    }
    return letters;
  }

  /** What these bytes say; null if they cannot be read: that is why some are dead letters. */
  private static <T> @Nullable T orNull(byte[] bytes, Function<byte[], T> decode) {
    try {
      return decode.apply(bytes);
    } catch (CodecException unreadable) {
      return null;
    }
  }

  /**
   * Queues a dead letter again, unless a later change of its key waits already; it is no dead
   * letter any more.
   *
   * @return false when there is none of this id
   * @throws QueueFullException when there is no room; it stays a dead letter then
   */
  public boolean retry(String id) {
    return queue.exhume(id, /* again= */ true);
  }

  /** Forgets a dead letter: its change never reaches the writer. False when there is none. */
  public boolean discard(String id) {
    return queue.exhume(id, /* again= */ false);
  }

  /** Reads the queue before the loader: what waits in it is newer than what the loader finds. */
  EntryLoader<K, V> before(EntryLoader<K, V> loader, KeyCodec keyCodec) {
    return new EntryLoader<>() {
      @Override
      public @Nullable V load(K key) {
        Change latest = queue.latest(keyCodec.encode(key));
        return latest == null ? loader.load(key) : value(latest);
      }

      @Override
      public Map<K, V> loadAll(Set<? extends K> keys) {
        Map<K, V> found = new HashMap<>();
        Set<K> unknown = new LinkedHashSet<>();
        for (K key : keys) {
          Change latest = queue.latest(keyCodec.encode(key));
          V value = latest == null ? null : value(latest);
          if (latest == null) {
            unknown.add(key);
          } else if (value != null) {
            found.put(key, value);
          }
        }
        if (!unknown.isEmpty()) {
          Map<K, V> loaded = loader.loadAll(unknown);
          if (loaded != null) {
            found.putAll(loaded);
          }
        }
        return found;
      }
    };
  }

  private @Nullable V value(Change change) {
    byte[] value = change.value();
    return value == null ? null : cache.decode(value);
  }

  // --- ending

  /** Writes what is queued, as long as the settings allow, then ends. */
  void close() {
    end(settings.drain());
  }

  /** Ends at once, as a crash would: without a last write, and without ending the lease. */
  void abandon() {
    ended = true;
    ending.complete(true);
    worker.interrupt();
    holder.interrupt();
  }

  private void end(Duration drain) {
    drainUntil = System.nanoTime() + drain.toNanos();
    ending.complete(true);
    boolean ofWorker = Thread.currentThread() == worker;
    if (!ofWorker) {
      // A writer that hangs is not waited for longer than its lease would make others wait.
      join(drain.plus(settings.lease()));
    }
    if (!ofWorker && worker.isAlive()) {
      ended = true;
      worker.interrupt();
    }
  }

  private void join(Duration longest) {
    try {
      worker.join(longest.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // --- the lease

  private boolean isHeld() {
    return heldUntil - System.nanoTime() > 0;
  }

  /** Takes the lease when it is free, and keeps it while the worker lives. */
  private void hold() {
    while (!ended) {
      askForLease();
      if (ending.isDone() && !worker.isAlive()) {
        break;
      }
      long pause = Math.min(1_000, settings.lease().toMillis() / 3);
      if (ending.isDone()) {
        pauseOf(Math.min(pause, STEP_MILLIS));
      } else {
        await(ending, pause);
      }
    }
  }

  private synchronized void askForLease() {
    if (ended) {
      return;
    }
    long before = System.nanoTime();
    try {
      if (queue.hold(token)) {
        heldUntil = before + settings.lease().toNanos();
      } else {
        heldUntil = before;
      }
    } catch (RuntimeException e) {
      log.debug("Cannot ask who writes for '{}': {}", cache.name(), e.toString());
    }
  }

  // --- the work

  private void work() {
    try {
      while (!ended && !isDrained()) {
        step();
      }
    } finally {
      leave();
    }
  }

  /** Lets another process write at once; not after {@link #abandon}. */
  private synchronized void leave() {
    if (!ended) {
      ended = true;
      heldUntil = System.nanoTime();
      try {
        queue.release(token);
      } catch (RuntimeException e) {
        log.debug("The lease to write for '{}' runs out by itself", cache.name(), e);
      }
    }
  }

  /** When ending: whether there is nothing more to do here. */
  private boolean isDrained() {
    if (!ending.isDone()) {
      return false;
    }
    if (!isHeld()) {
      askForLease();
    }
    if (drainUntil - System.nanoTime() <= 0 || !isHeld()) {
      return true;
    }
    try {
      return queue.length() == 0;
    } catch (RuntimeException e) {
      return false;
    }
  }

  private void step() {
    try {
      if (!isHeld()) {
        await(ending, Math.min(100, settings.lease().toMillis() / 4));
        return;
      }
      List<Queued> oldest = queue.oldest(settings.batchSize() + waiting());
      if (oldest.isEmpty()) {
        failing.clear();
        idle();
      } else if (ending.isDone()
          || oldest.size() >= settings.batchSize()
          || age(oldest) >= settings.maxDelay().toMillis()) {
        Map<String, Pending> due = due(oldest);
        if (due.isEmpty()) {
          pauseOf(STEP_MILLIS);
        } else {
          write(due);
        }
      } else {
        await(ending, STEP_MILLIS);
      }
    } catch (RuntimeException e) {
      if (!ended) {
        log.warn("Cannot write behind '{}' now, trying again: {}", cache.name(), e.toString());
        pauseOf(settings.backOff().toMillis());
      }
    }
  }

  /** Changes to be read beyond a batch, as those that wait for another try are in between. */
  private int waiting() {
    return Math.min(failing.size(), settings.batchSize());
  }

  private void idle() {
    if (ending.isDone()) {
      return;
    }
    CompletableFuture<?> arrival = queue.arrival(IDLE_MILLIS).toCompletableFuture();
    await(CompletableFuture.anyOf(arrival, ending), 2 * IDLE_MILLIS);
    if (arrival.isCompletedExceptionally()) {
      await(ending, STEP_MILLIS);
    }
  }

  /** What may be tried now, the latest change of each key, in order. */
  private Map<String, Pending> due(List<Queued> oldest) {
    long now = System.nanoTime();
    Map<String, Pending> latest = new LinkedHashMap<>();
    for (Queued queued : oldest) {
      String id = WriteQueue.name(queued.id());
      Failing failed = failing.get(id);
      if (failed == null || failed.againAt - now <= 0) {
        Pending earlier = latest.remove(id);
        if (failed != null && earlier == null) {
          retries.incrementAndGet();
        }
        latest.put(id, earlier == null ? Pending.of(queued) : earlier.followedBy(queued));
      }
    }
    return latest;
  }

  private void write(Map<String, Pending> due) {
    Map<String, String> errors = new HashMap<>();
    List<Pending> writes = new ArrayList<>();
    List<Pending> deletes = new ArrayList<>();
    due.forEach(
        (id, pending) -> (pending.latest().value() == null ? deletes : writes).add(pending));
    Set<String> tried = new HashSet<>();
    writeAll(writes, tried, errors);
    deleteAll(deletes, tried, errors);
    List<Pending> done = new ArrayList<>();
    due.forEach(
        (id, pending) -> {
          if (tried.contains(id) && !errors.containsKey(id)) {
            done.add(pending);
          }
        });
    if (!done.isEmpty() && !queue.written(token, done)) {
      heldUntil = System.nanoTime();
      return;
    }
    written.addAndGet(done.size());
    done.forEach(pending -> failing.remove(WriteQueue.name(pending.latest().id())));
    errors.forEach((id, error) -> failed(id, Objects.requireNonNull(due.get(id)), error));
  }

  private void writeAll(List<Pending> writes, Set<String> tried, Map<String, String> errors) {
    Map<String, CacheEntry<K, V>> entries =
        readable(
            writes,
            pending -> {
              byte[] value = Objects.requireNonNull(pending.latest().value());
              return new CacheEntry<>(key(pending), cache.decode(value));
            },
            tried,
            errors);
    carryOut(entries, writer::writeAll, e -> writer.write(e.key(), e.value()), tried, errors);
  }

  private void deleteAll(List<Pending> deletes, Set<String> tried, Map<String, String> errors) {
    Map<String, K> keys = readable(deletes, this::key, tried, errors);
    carryOut(keys, writer::deleteAll, writer::delete, tried, errors);
  }

  /** What the writer is to be given, by id; what cannot be read has been tried and failed. */
  private static <T> Map<String, T> readable(
      List<Pending> changes,
      Function<Pending, T> decode,
      Set<String> tried,
      Map<String, String> errors) {
    Map<String, T> read = new LinkedHashMap<>();
    for (Pending pending : changes) {
      String id = WriteQueue.name(pending.latest().id());
      try {
        read.put(id, decode.apply(pending));
      } catch (RuntimeException unreadable) {
        tried.add(id);
        errors.put(id, unreadable.toString());
      }
    }
    return read;
  }

  private K key(Pending pending) {
    return cache.decodeKey(pending.latest().id());
  }

  /** All at once; if that fails, what it left one by one. */
  private <T> void carryOut(
      Map<String, T> changes,
      Consumer<Collection<T>> all,
      Consumer<T> one,
      Set<String> tried,
      Map<String, String> errors) {
    if (changes.isEmpty() || !isHeld()) {
      return;
    }
    Set<T> left = new LinkedHashSet<>(changes.values());
    String ofBatch;
    try {
      all.accept(left);
      tried.addAll(changes.keySet());
      return;
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      ofBatch = e.toString();
    }
    for (Map.Entry<String, T> change : changes.entrySet()) {
      if (ended || !isHeld()) {
        return;
      }
      tried.add(change.getKey());
      if (!left.contains(change.getValue())) {
        continue;
      }
      String error = changes.size() == 1 ? ofBatch : failureOf(one, change.getValue());
      if (error != null) {
        failures.incrementAndGet();
        errors.put(change.getKey(), error);
      }
    }
  }

  /** Why this could not be done; null when it was. */
  private static <T> @Nullable String failureOf(Consumer<T> one, T change) {
    try {
      one.accept(change);
      return null;
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      return e.toString();
    }
  }

  private void failed(String id, Pending pending, String error) {
    String at = pending.latest().at();
    Failing before = failing.get(id);
    int tries = before != null && before.at.equals(at) ? before.tries + 1 : 1;
    if (tries > settings.retries() && queue.bury(token, pending, tries, error)) {
      failing.remove(id);
      log.error(
          "A change of '{}' could not be written in {} tries and is a dead letter now: {}",
          cache.name(),
          tries,
          error);
      return;
    }
    long longest = settings.maxBackOff().toMillis();
    long pause = settings.backOff().toMillis() << Math.min(tries - 1, 20);
    long millis = Math.min(longest, pause);
    failing.put(
        id,
        new Failing(at, tries, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis), error));
  }

  private void pauseOf(long millis) {
    await(new CompletableFuture<Boolean>(), millis);
  }

  /** Returns when it is done, or after this time, or when this is over. */
  private void await(CompletableFuture<?> future, long millis) {
    try {
      future.get(millis, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return;
    } catch (InterruptedException e) {
      // Only sent to look at what has changed.
      return;
    } catch (ExecutionException e) {
      log.trace("What was waited for failed", e);
    }
  }
}
