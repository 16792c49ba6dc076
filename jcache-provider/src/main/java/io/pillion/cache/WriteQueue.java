package io.pillion.cache;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import io.pillion.client.Replies;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The changes of a cache that its writer has not carried out yet, as the server has them.
 *
 * <pre>
 * p:products:queue      a stream of changes: k = id, o = w or d, v = value
 * p:products:pending    a hash: id to the latest change of it in the queue
 * p:products:dead       a stream of changes that were given up: k, o, v, a = tries, e = error
 * p:products:buried     a hash: id to its dead letter
 * p:products:writer     the lease of the process that writes
 * </pre>
 *
 * <p>A change of the cache and its place in the queue are one script: there is no moment at which a
 * crash could part them, and the queue has the order in which the cache changed. Removing from the
 * queue is fenced: it is done only while the lease still holds the token of whoever asks.
 */
final class WriteQueue {
  private static final long ROOM_POLL_MILLIS = 10;

  /**
   * Keys: generation, queue, pending. Arguments: generation, capacity, whether to queue whatever
   * the last command answers, number of changes, three for each; then commands, each with its
   * length before it. CAS and CAD are what ConditionalWrites calls compare-and-set and -delete.
   */
  private static final String CHANGE =
      """
      local gen = redis.call('GET', KEYS[1])
      if gen ~= ARGV[1] then return {'g', gen} end
      if redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[2]) then return {'f'} end
      local first = 5 + 3 * tonumber(ARGV[4])
      local replies, n, i, last = {}, 0, first, 1
      while i <= #ARGV do
        local count = tonumber(ARGV[i])
        if ARGV[i + 1] == 'CAS' then
          last = 0
          if redis.call('GET', ARGV[i + 2]) == ARGV[i + 3] then
            redis.call('SET', ARGV[i + 2], ARGV[i + 4], unpack(ARGV, i + 5, i + count))
            last = 1
          end
        elseif ARGV[i + 1] == 'CAD' then
          last = 0
          if redis.call('GET', ARGV[i + 2]) == ARGV[i + 3] then
            last = redis.call('DEL', ARGV[i + 2])
          end
        else
          last = redis.call(unpack(ARGV, i + 1, i + count))
        end
        n = n + 1
        replies[n] = last
        i = i + count + 1
      end
      if ARGV[3] == '1' or (last and last ~= 0) then
        for c = 5, first - 1, 3 do
          local at = redis.call('XADD', KEYS[2], '*',
              'k', ARGV[c], 'o', ARGV[c + 1], 'v', ARGV[c + 2])
          redis.call('HSET', KEYS[3], ARGV[c], at)
        end
      end
      return {'d', replies}
      """;

  /**
   * Keys: lease, queue, pending, dead, buried. Arguments: token, number of ids, each with its
   * latest change; then all changes.
   */
  private static final String WRITTEN =
      """
      if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
      local rest = 3 + 2 * tonumber(ARGV[2])
      for i = 3, rest - 1, 2 do
        if redis.call('HGET', KEYS[3], ARGV[i]) == ARGV[i + 1] then
          redis.call('HDEL', KEYS[3], ARGV[i])
        end
        local dead = redis.call('HGET', KEYS[5], ARGV[i])
        if dead then
          redis.call('XDEL', KEYS[4], dead)
          redis.call('HDEL', KEYS[5], ARGV[i])
        end
      end
      for i = rest, #ARGV do redis.call('XDEL', KEYS[2], ARGV[i]) end
      return 1
      """;

  /**
   * Keys: lease, queue, pending, dead, buried. Arguments: token, capacity, id, operation, value,
   * tries, error, latest change; then all changes.
   */
  private static final String BURY =
      """
      if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
      local old = redis.call('HGET', KEYS[5], ARGV[3])
      if not old and redis.call('XLEN', KEYS[4]) >= tonumber(ARGV[2]) then return 2 end
      if old then redis.call('XDEL', KEYS[4], old) end
      local dead = redis.call('XADD', KEYS[4], '*', 'k', ARGV[3], 'o', ARGV[4], 'v', ARGV[5],
          'a', ARGV[6], 'e', ARGV[7])
      redis.call('HSET', KEYS[5], ARGV[3], dead)
      if redis.call('HGET', KEYS[3], ARGV[3]) == ARGV[8] then
        redis.call('HDEL', KEYS[3], ARGV[3])
      end
      for i = 9, #ARGV do redis.call('XDEL', KEYS[2], ARGV[i]) end
      return 1
      """;

  /**
   * Keys: queue, pending, dead, buried. Arguments: the dead letter, the capacity, whether to queue
   * it anew. A later change of the key that waits already makes a dead letter superfluous.
   */
  private static final String EXHUME =
      """
      local found = redis.call('XRANGE', KEYS[3], ARGV[1], ARGV[1])[1]
      if not found then return 0 end
      local f = found[2]
      local again = ARGV[3] == '1' and not redis.call('HGET', KEYS[2], f[2])
      if again and redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[2]) then return 2 end
      redis.call('XDEL', KEYS[3], ARGV[1])
      redis.call('HDEL', KEYS[4], f[2])
      if again then
        local at = redis.call('XADD', KEYS[1], '*', 'k', f[2], 'o', f[4], 'v', f[6])
        redis.call('HSET', KEYS[2], f[2], at)
      end
      return 1
      """;

  /** Keys: lease. Arguments: token, milliseconds. */
  private static final String HOLD =
      """
      local holder = redis.call('GET', KEYS[1])
      if holder and holder ~= ARGV[1] then return 0 end
      redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
      return 1
      """;

  private static final String RELEASE =
      "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end return 0";

  /** Keys: queue, pending. Argument: id. The operation and the value of its latest change. */
  private static final String LATEST =
      """
      local at = redis.call('HGET', KEYS[2], ARGV[1])
      if not at then return {} end
      local found = redis.call('XRANGE', KEYS[1], at, at)[1]
      if not found then return {} end
      return {found[2][4], found[2][6]}
      """;

  private final Commands commands;
  private final String cacheName;
  private final WriteBehindSettings settings;
  private final byte[] generationKey;
  private final byte[] queue;
  private final byte[] pending;
  private final byte[] dead;
  private final byte[] buried;
  private final byte[] lease;

  /**
   * The queue of this cache.
   *
   * @throws IllegalArgumentException when the server cannot keep one
   */
  WriteQueue(Commands commands, KeyLayout layout, String cacheName, WriteBehindSettings settings) {
    this.commands = commands;
    this.cacheName = cacheName;
    this.settings = settings;
    generationKey = layout.generationKey();
    queue = layout.ofWriteBehind("queue");
    pending = layout.ofWriteBehind("pending");
    dead = layout.ofWriteBehind("dead");
    buried = layout.ofWriteBehind("buried");
    lease = layout.ofWriteBehind("writer");
    if (commands.isCluster()) {
      throw new IllegalArgumentException(
          "Cache '"
              + cacheName
              + "' cannot write behind on a cluster: a change and its place in the queue would be"
              + " on two servers. Write through, or use one primary.");
    }
    Set<String> needed = Set.of("EVAL", "XADD");
    if (!commands.supported(needed).containsAll(needed)) {
      throw new IllegalArgumentException(
          "Cache '"
              + cacheName
              + "' cannot write behind: "
              + commands.target()
              + " has no streams or no scripts");
    }
  }

  /** A change that is to be queued; a null value is a deletion. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Change(byte[] id, byte @Nullable [] value) {}

  /** A change in the queue or among the dead letters. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Queued(String at, byte[] id, byte @Nullable [] value, int tries, @Nullable String error) {

    static Queued of(@Nullable Object entry) {
      List<@Nullable Object> parts = Replies.asList(entry);
      List<@Nullable Object> fields = Replies.asList(parts.get(1));
      boolean isWrite = "w".equals(Replies.asText(fields.get(3)));
      boolean isDead = fields.size() > 6;
      return new Queued(
          Objects.requireNonNull(Replies.asText(parts.get(0))),
          Objects.requireNonNull(Replies.asBytes(fields.get(1))),
          isWrite ? Replies.asBytes(fields.get(5)) : null,
          isDead ? (int) Replies.asLong(fields.get(7)) : 0,
          isDead ? Replies.asText(fields.get(9)) : null);
    }

    /** When it was queued or buried, by the server's clock. */
    long millis() {
      return Long.parseLong(at.substring(0, at.indexOf('-')));
    }
  }

  /** What a script answered to {@link #change}. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Outcome(boolean full, byte @Nullable [] generation, List<@Nullable Object> replies) {}

  /**
   * Carries out these commands, if this is the generation and there is room, and queues the changes
   * with them: always, or when the last command did something.
   */
  CompletionStage<Outcome> change(
      byte[] generation, List<Command> ofCache, List<Change> changes, boolean always) {
    Command script = Command.of("EVAL", CHANGE, "3").arg(generationKey).arg(queue).arg(pending);
    script.arg(generation).arg(settings.capacity()).arg(always ? 1 : 0).arg(changes.size());
    for (Change change : changes) {
      script.arg(change.id).arg(change.value == null ? "d" : "w");
      script.arg(change.value == null ? new byte[0] : change.value);
    }
    for (Command command : ofCache) {
      script.arg(command.args().size() + 1).arg(command.name());
      command.args().forEach(script::arg);
    }
    return commands
        .send(script.keyAt(2))
        .thenApply(
            reply -> {
              List<@Nullable Object> answer = Replies.asList(reply);
              return switch (String.valueOf(Replies.asText(answer.get(0)))) {
                case "f" -> new Outcome(true, null, List.of());
                case "g" -> new Outcome(false, Replies.asBytes(answer.get(1)), List.of());
                default -> new Outcome(false, generation, Replies.asList(answer.get(1)));
              };
            });
  }

  /** How long an operation may wait for room, in nanoseconds of {@link System#nanoTime}. */
  long roomDeadline() {
    return System.nanoTime() + settings.fullWait().toNanos();
  }

  /** Completes when it is time to try again; fails when it is too late for that. */
  CompletionStage<?> room(long deadline) {
    if (deadline - System.nanoTime() <= 0) {
      return CompletableFuture.failedFuture(new QueueFullException(cacheName, settings.capacity()));
    }
    return CompletableFuture.runAsync(
        () -> {},
        CompletableFuture.delayedExecutor(
            ROOM_POLL_MILLIS, TimeUnit.MILLISECONDS, CacheThreads.WORKERS));
  }

  /** Waits for an operation, which may have to wait for room first. */
  @Nullable Object await(CompletionStage<@Nullable Object> stage) {
    CompletableFuture<@Nullable Object> future = stage.toCompletableFuture();
    Duration longest = settings.fullWait().plus(commands.timeout());
    try {
      future.get(longest.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof QueueFullException full) {
        throw full;
      }
    } catch (TimeoutException e) {
      throw new ConnectionException(
          "No answer from " + commands.target() + " within " + longest.toMillis() + " ms", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ConnectionException("Interrupted while waiting for " + commands.target(), e);
    }
    return commands.await(stage);
  }

  /** The latest change of this id that is still queued, or null. */
  @Nullable Change latest(byte[] id) {
    Object reply =
        commands.call(Command.of("EVAL", LATEST, "2").arg(queue).arg(pending).arg(id).keyAt(2));
    List<@Nullable Object> found = Replies.asList(reply);
    if (found.isEmpty()) {
      return null;
    }
    boolean isWrite = "w".equals(Replies.asText(found.get(0)));
    return new Change(id, isWrite ? Replies.asBytes(found.get(1)) : null);
  }

  /** Takes or keeps the lease; whether this token holds it. */
  boolean hold(String token) {
    Command script = Command.of("EVAL", HOLD, "1").arg(lease).arg(token);
    return Replies.asLong(commands.call(script.arg(settings.lease().toMillis()).keyAt(2))) == 1;
  }

  /** Ends the lease, if this token holds it. */
  void release(String token) {
    commands.call(Command.of("EVAL", RELEASE, "1").arg(lease).arg(token).keyAt(2));
  }

  /** The oldest changes, in order. */
  List<Queued> oldest(int count) {
    return range(queue, count);
  }

  /** Completes when there is a change, or after this time. */
  CompletionStage<@Nullable Object> arrival(long millis) {
    Command read = Command.of("XREAD", "COUNT", "1", "BLOCK").arg(millis).arg("STREAMS");
    return commands.sendBlocking(read.arg(queue).arg("0-0").keyAt(4));
  }

  /** The server's clock in milliseconds. */
  long nowMillis() {
    List<@Nullable Object> time = Replies.asList(commands.call(Command.of("TIME")));
    return Replies.asLong(time.get(0)) * 1_000 + Replies.asLong(time.get(1)) / 1_000;
  }

  long length() {
    return Replies.asLong(commands.call(Command.of("XLEN").arg(queue)));
  }

  /** Removes what was written; false when the lease has passed to somebody else. */
  boolean written(String token, List<Pending> changes) {
    Command script = fenced(WRITTEN, token).arg(changes.size());
    changes.forEach(change -> script.arg(change.latest().id()).arg(change.latest().at()));
    changes.forEach(change -> change.all().forEach(script::arg));
    return Replies.asLong(commands.call(script)) == 1;
  }

  /** Moves a change to the dead letters; false when there is no room for it or the lease passed. */
  boolean bury(String token, Pending change, int tries, String error) {
    Queued latest = change.latest();
    byte[] value = latest.value();
    Command script = fenced(BURY, token).arg(settings.capacity()).arg(latest.id());
    script.arg(value == null ? "d" : "w").arg(value == null ? new byte[0] : value);
    script.arg(tries).arg(error).arg(latest.at());
    change.all().forEach(script::arg);
    return Replies.asLong(commands.call(script)) == 1;
  }

  private Command fenced(String script, String token) {
    Command eval = Command.of("EVAL", script, "5").arg(lease).arg(queue).arg(pending);
    return eval.arg(dead).arg(buried).arg(token).keyAt(2);
  }

  List<Queued> deadLetters(int count) {
    return range(dead, count);
  }

  long deadLength() {
    return Replies.asLong(commands.call(Command.of("XLEN").arg(dead)));
  }

  /** Takes a dead letter away, and queues it again if wanted; whether there was one. */
  boolean exhume(String at, boolean again) {
    Command script = Command.of("EVAL", EXHUME, "4").arg(queue).arg(pending).arg(dead);
    script.arg(buried).arg(at).arg(settings.capacity()).arg(again ? 1 : 0);
    long outcome = Replies.asLong(commands.call(script.keyAt(2)));
    if (outcome == 2) {
      throw new QueueFullException(cacheName, settings.capacity());
    }
    return outcome == 1;
  }

  private List<Queued> range(byte[] stream, int count) {
    Command range = Command.of("XRANGE").arg(stream).arg("-").arg("+").arg("COUNT").arg(count);
    return Replies.asList(commands.call(range)).stream().map(Queued::of).toList();
  }

  /** All changes of one id in a batch: only the latest is written. */
  record Pending(Queued latest, List<String> all) {
    static Pending of(Queued first) {
      return new Pending(first, List.of(first.at()));
    }

    Pending followedBy(Queued later) {
      List<String> together = new ArrayList<>(all);
      together.add(later.at());
      return new Pending(later, together);
    }
  }

  /** The id as something that maps can hold. */
  static String name(byte[] id) {
    return new String(id, StandardCharsets.ISO_8859_1);
  }
}
