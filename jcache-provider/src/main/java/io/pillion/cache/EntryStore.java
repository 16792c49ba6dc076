package io.pillion.cache;

import io.pillion.cache.ConditionalWrites.Form;
import io.pillion.cache.WriteQueue.Change;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import io.pillion.client.Replies;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The entries of one cache as the server has them: bytes to bytes, each operation one pipeline.
 *
 * <p><b>Generations.</b> Every entry's key holds the generation it belongs to, and {@link #clear}
 * adds one to the generation: the old entries are out of reach at once, however many they are. Each
 * operation sends {@code GET gen} in its own pipeline, so that the check costs no round trip:
 *
 * <ul>
 *   <li>A write sends it first. If the answer is the generation that the write used, the write had
 *       begun before any later clear and is ordered before it, whatever comes in between. If not,
 *       it was done to entries that nobody sees any more, and is done again. It never takes effect
 *       twice; with the check behind it, it would: seen before a clear, and again after it.
 *   <li>A read sends it last, and is done again when a clear came before the end. Where all keys
 *       are on one server and only strings are asked for, it is the last key of their MGET.
 * </ul>
 *
 * <p>So clear and all operations have one order, with no lock. (On a cluster the counter may live
 * on another server than the entry; then an operation that is under way may be ordered before a
 * clear that ended meanwhile.)
 *
 * <p>A counter that was evicted or flushed is begun anew at the current time in microseconds, not
 * at zero, so it does not come back to a generation whose entries are still there. No server clears
 * a million times a second, so the counter stays behind the clock.
 *
 * <p>Stages complete on the client's thread: nothing chained to them may block.
 */
final class EntryStore {
  private static final byte[] OK = bytes("OK");

  /** What PTTL says of an entry that does not end by time. */
  static final long NO_TTL = -1;

  /** Keys in one pipeline, so that one bulk operation does not hold up everybody's connection. */
  static final int BATCH = 512;

  private final Commands commands;
  private final KeyLayout layout;
  private final long ttlCeilingMillis;
  private final Command readGeneration;
  private final ConditionalWrites conditionalWrites;
  private final @Nullable NearCache near;
  private final LoadingSettings loading;
  private final boolean leases;
  private final @Nullable Outage outage;
  private final @Nullable WriteQueue queue;

  private volatile byte @Nullable [] generation;

  /**
   * The entries of this layout.
   *
   * @param near told of everything that is changed from here, before the change is acknowledged to
   *     the caller; null for none
   * @param outage guards every operation; null for none
   */
  EntryStore(
      Commands commands,
      KeyLayout layout,
      long ttlCeilingMillis,
      @Nullable NearCache near,
      LoadingSettings loading,
      @Nullable Outage outage) {
    this(commands, layout, ttlCeilingMillis, near, loading, outage, null);
  }

  private EntryStore(
      Commands commands,
      KeyLayout layout,
      long ttlCeilingMillis,
      @Nullable NearCache near,
      LoadingSettings loading,
      @Nullable Outage outage,
      @Nullable WriteQueue queue) {
    this.outage = outage;
    this.queue = queue;
    this.near = near;
    this.loading = loading;
    this.leases = loading.leaseMillis() > 0;
    this.commands = commands;
    this.layout = layout;
    this.ttlCeilingMillis = ttlCeilingMillis;
    this.readGeneration = Command.of("GET").arg(layout.generationKey());
    this.conditionalWrites = new ConditionalWrites(commands);
  }

  /** The same entries; what is changed through it is queued for the writer in the same step. */
  EntryStore queuedIn(WriteQueue behind) {
    return new EntryStore(commands, layout, ttlCeilingMillis, near, loading, outage, behind);
  }

  /** The stored value, or null. */
  CompletionStage<byte @Nullable []> get(byte[] id) {
    return readingStrings(List.of(id), values -> (byte[]) values.get(0));
  }

  /** The stored value and how long it lives. */
  CompletionStage<Fetched> fetch(byte[] id) {
    return reading(
        gen -> {
          byte[] key = layout.entryKey(gen, id);
          return List.of(Command.of("GET").arg(key), Command.of("PTTL").arg(key));
        },
        replies -> Fetched.of(replies.get(0), replies.get(1)));
  }

  /** The stored values of these ids in order, and how long they live. */
  CompletionStage<List<Fetched>> fetchAll(List<byte[]> ids) {
    return inBatches(
        ids,
        batch ->
            reading(
                gen -> {
                  List<Command> commandsOfBatch = new ArrayList<>(2 * batch.size());
                  for (byte[] id : batch) {
                    byte[] key = layout.entryKey(gen, id);
                    commandsOfBatch.add(Command.of("GET").arg(key));
                    commandsOfBatch.add(Command.of("PTTL").arg(key));
                  }
                  return commandsOfBatch;
                },
                replies -> {
                  List<Fetched> found = new ArrayList<>(batch.size());
                  for (int i = 0; i < batch.size(); i++) {
                    found.add(Fetched.of(replies.get(2 * i), replies.get(2 * i + 1)));
                  }
                  return found;
                }));
  }

  /** The stored value, or null; what there was now lives this long. */
  CompletionStage<byte @Nullable []> getAndTouch(byte[] id, long ttlMillis) {
    if (ttlMillis == Expiry.UNCHANGED) {
      return get(id);
    }
    return reading(
        gen -> List.of(readAndTouch(layout.entryKey(gen, id), ttlMillis)),
        replies -> (byte[]) replies.get(0));
  }

  /** The stored values of these ids in order, null where there is none, each touched. */
  CompletionStage<List<byte @Nullable []>> getAll(List<byte[]> ids, long ttlMillis) {
    return inBatches(
        ids,
        batch ->
            ttlMillis == Expiry.UNCHANGED
                ? readingStrings(batch, values -> firstOf(batch.size(), values))
                : reading(
                    gen ->
                        batch.stream()
                            .map(id -> readAndTouch(layout.entryKey(gen, id), ttlMillis))
                            .toList(),
                    replies -> firstOf(batch.size(), replies)));
  }

  private static List<byte @Nullable []> firstOf(int count, List<@Nullable Object> replies) {
    List<byte @Nullable []> first = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      first.add((byte[]) replies.get(i));
    }
    return first;
  }

  /** Whether there is a value. */
  CompletionStage<Boolean> exists(byte[] id) {
    return reading(
        gen -> List.of(Command.of("EXISTS").arg(layout.entryKey(gen, id))),
        replies -> isOne(replies.get(0)));
  }

  /** Stores the value whatever there was. */
  CompletionStage<Boolean> set(byte[] id, byte[] value, long ttlMillis) {
    return changing(
        List.of(new Change(id, value)),
        /* always= */ true,
        gen -> List.of(lasting(setCommand(layout.entryKey(gen, id), value), ttlMillis)),
        replies -> true);
  }

  /** Stores the value, with one time to live if it is new and another if not. */
  CompletionStage<Replaced> put(
      byte[] id, byte[] value, long creationMillis, long updateMillis, boolean wantOld) {
    return this.<@Nullable Replaced>changing(
            List.of(new Change(id, value)),
            /* always= */ true,
            gen -> putCommands(gen, id, value, creationMillis, updateMillis, wantOld),
            replies -> Replaced.of(replies.get(0), replies.get(1), wantOld))
        .thenCompose(
            replaced ->
                replaced == null
                    ? put(id, value, creationMillis, updateMillis, wantOld)
                    : CompletableFuture.completedFuture(replaced));
  }

  /** Stores all values as {@link #put} does; the answers are in order. */
  CompletionStage<List<Replaced>> putAll(
      List<byte[]> ids,
      List<byte[]> values,
      long creationMillis,
      long updateMillis,
      boolean wantOld) {
    List<Integer> positions = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      positions.add(i);
    }
    return inBatches(
        positions,
        batch ->
            changing(
                batch.stream().map(i -> new Change(ids.get(i), values.get(i))).toList(),
                /* always= */ true,
                gen -> {
                  List<Command> puts = new ArrayList<>(batch.size() * 2);
                  for (int i : batch) {
                    puts.addAll(
                        putCommands(
                            gen, ids.get(i), values.get(i), creationMillis, updateMillis, wantOld));
                  }
                  return puts;
                },
                replies -> {
                  List<Replaced> replaced = new ArrayList<>(batch.size());
                  for (int i = 0; i < batch.size(); i++) {
                    Replaced one = Replaced.of(replies.get(2 * i), replies.get(2 * i + 1), wantOld);
                    // Neither: made by another client between the two, so older than this call
                    // ends.
                    replaced.add(one == null ? Replaced.LOST : one);
                  }
                  return replaced;
                }));
  }

  /** Two commands of which exactly one stores, unless somebody else comes in between. */
  private List<Command> putCommands(
      byte[] gen, byte[] id, byte[] value, long creationMillis, long updateMillis, boolean old) {
    byte[] key = layout.entryKey(gen, id);
    Command update = setCommand(key, value).arg("XX");
    if (old) {
      update.arg("GET");
    }
    Command create = setCommand(key, value).arg("NX");
    return List.of(lasting(update, updateMillis), lasting(create, creationMillis));
  }

  /** Stores the value if there is none now; null when it was stored, else the one there is. */
  CompletionStage<byte @Nullable []> setIfAbsent(byte[] id, byte[] value, long ttlMillis) {
    return this.<Loaded>changing(
            List.of(new Change(id, value)),
            /* always= */ false,
            gen -> {
              byte[] key = layout.entryKey(gen, id);
              return List.of(
                  Command.of("GET").arg(key), lasting(setCommand(key, value).arg("NX"), ttlMillis));
            },
            replies -> new Loaded((byte[]) replies.get(0), replies.get(1) != null))
        .thenCompose(
            absence -> {
              if (absence.stored()) {
                return CompletableFuture.<byte @Nullable []>completedFuture(null);
              }
              // Created by somebody else between the two commands: look again.
              return absence.existing() == null
                  ? setIfAbsent(id, value, ttlMillis)
                  : CompletableFuture.<byte @Nullable []>completedFuture(absence.existing());
            });
  }

  /**
   * Stores the value if there is none now and no clear came since this generation was the current
   * one: {@link Loaded#stored} says whether it was, and if not, {@link Loaded#existing} is what
   * there is, or null after a clear.
   */
  CompletionStage<Loaded> setLoaded(
      byte[] seenGeneration, byte[] id, byte[] value, long ttlMillis) {
    byte[] key = layout.entryKey(seenGeneration, id);
    CompletionStage<List<@Nullable Object>> replied =
        joined(
            commands.pipeline(
                List.of(
                    readGeneration,
                    Command.of("GET").arg(key),
                    lasting(setCommand(key, value).arg("NX"), ttlMillis))));
    NearCache copies = near;
    if (copies != null) {
      replied = replied.whenComplete((replies, failure) -> copies.written(id));
    }
    return replied.thenApply(
        replies ->
            Arrays.equals((byte[]) replies.get(0), seenGeneration)
                ? new Loaded((byte[]) replies.get(1), replies.get(2) != null)
                : new Loaded(null, false));
  }

  /**
   * The generation that the latest operation found.
   *
   * @throws ConnectionException when none ever did
   */
  byte[] seenGeneration() {
    byte[] seen = generation;
    if (seen == null) {
      throw new ConnectionException(commands.target() + " was not reached yet.", null);
    }
    return seen;
  }

  /** Stores the value if the present one is this one, byte for byte. Not on the client's thread. */
  CompletionStage<Boolean> compareAndSet(byte[] id, byte[] expected, byte[] value, long ttlMillis) {
    List<String> lifetime = lifetime(ttlMillis);
    return comparing(
        write ->
            changing(
                List.of(new Change(id, value)),
                /* always= */ false,
                gen ->
                    List.of(
                        write.compareAndSet(layout.entryKey(gen, id), expected, value, lifetime)),
                replies -> isDone(replies.get(0))));
  }

  /** Removes the value if it is this one, byte for byte. Not on the client's thread. */
  CompletionStage<Boolean> compareAndDelete(byte[] id, byte[] expected) {
    return compareAndDelete(new Change(id, null), expected);
  }

  /** The same, where it is the end of a new value that has no time to live. */
  CompletionStage<Boolean> compareAndExpire(byte[] id, byte[] expected, byte[] value) {
    return compareAndDelete(new Change(id, value), expected);
  }

  private CompletionStage<Boolean> compareAndDelete(Change change, byte[] expected) {
    return comparing(
        write ->
            changing(
                List.of(change),
                /* always= */ false,
                gen -> List.of(write.compareAndDelete(layout.entryKey(gen, change.id()), expected)),
                replies -> isDone(replies.get(0))));
  }

  private CompletionStage<Boolean> comparing(Function<Form, CompletionStage<Boolean>> operation) {
    return queue == null
        ? conditionalWrites.retryWhenForgotten(operation)
        : operation.apply(Form.QUEUED);
  }

  /** Tells the writer of what changes nothing here; nothing without a queue. */
  CompletionStage<Boolean> tellWriter(byte[] id, byte @Nullable [] value) {
    return queue == null
        ? CompletableFuture.completedFuture(true)
        : changing(
            List.of(new Change(id, value)), /* always= */ true, gen -> List.of(), replies -> true);
  }

  /** Removes the value; whether there was one. */
  CompletionStage<Boolean> delete(byte[] id) {
    return changing(
        List.of(new Change(id, null)),
        /* always= */ true,
        gen -> List.of(Command.of("DEL").arg(layout.entryKey(gen, id))),
        replies -> isOne(replies.get(0)));
  }

  /** Removes the value; the one there was, or null. */
  CompletionStage<byte @Nullable []> getAndDelete(byte[] id) {
    return changing(
        List.of(new Change(id, null)),
        /* always= */ true,
        gen -> List.of(Command.of("GETDEL").arg(layout.entryKey(gen, id))),
        replies -> (byte[]) replies.get(0));
  }

  /** Removes all these; the values there were, null where none, or an empty array if not wanted. */
  CompletionStage<List<byte @Nullable []>> deleteAll(List<byte[]> ids, boolean wantOld) {
    return inBatches(
        ids,
        batch ->
            changing(
                batch.stream().map(id -> new Change(id, null)).toList(),
                /* always= */ true,
                gen ->
                    batch.stream()
                        .map(
                            id ->
                                Command.of(wantOld ? "GETDEL" : "DEL")
                                    .arg(layout.entryKey(gen, id)))
                        .toList(),
                replies -> {
                  List<byte @Nullable []> removed = new ArrayList<>(batch.size());
                  for (Object reply : replies.subList(0, batch.size())) {
                    removed.add(wantOld ? (byte[]) reply : isOne(reply) ? new byte[0] : null);
                  }
                  return removed;
                }));
  }

  /** Lets the value live this long from now; 0 removes it. Nothing happens when there is none. */
  CompletionStage<Boolean> touch(byte[] id, long ttlMillis) {
    if (ttlMillis == Expiry.UNCHANGED) {
      return CompletableFuture.completedFuture(true);
    }
    return writing(
        List.of(id),
        gen -> {
          byte[] key = layout.entryKey(gen, id);
          long capped = Math.min(ttlMillis, ttlCeilingMillis);
          if (capped == 0) {
            return List.of(Command.of("DEL").arg(key));
          }
          return List.of(
              capped == Expiry.ETERNAL
                  ? Command.of("PERSIST").arg(key)
                  : Command.of("PEXPIRE").arg(key).arg(capped));
        },
        replies -> true);
  }

  /** Puts every entry out of reach; the generation that begins. */
  CompletionStage<byte[]> clear() {
    return guarded(this::beginNextGeneration)
        .whenComplete(
            (next, failure) -> {
              if (outage != null && failure != null) {
                outage.missed(null, failure, this::reconcile);
              }
            });
  }

  private CompletionStage<byte[]> beginNextGeneration() {
    List<CompletionStage<@Nullable Object>> replies =
        commands.pipeline(
            List.of(beginGeneration(), Command.of("INCR").arg(layout.generationKey())));
    return joined(replies)
        .whenComplete((values, failure) -> forgetCopies())
        .thenApply(
            values -> {
              byte[] next = bytes(String.valueOf(values.get(1)));
              generation = next;
              return next;
            });
  }

  /** Removes the generation counter: whoever comes next begins a new one, at a later number. */
  CompletionStage<@Nullable Object> forget() {
    return commands.send(Command.of("DEL").arg(layout.generationKey()));
  }

  /** One page of a walk through the entries of a generation that this node has. */
  CompletionStage<Page> scan(Commands node, byte[] generationOfWalk, byte[] cursor, int count) {
    Command scan =
        Command.of("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(layout.pattern(generationOfWalk))
            .arg("COUNT")
            .arg(count);
    return node.send(scan)
        .thenCombine(
            commands.send(readGeneration),
            (reply, current) -> {
              if (!(reply instanceof List<?> page)
                  || !Arrays.equals((byte[]) current, generationOfWalk)) {
                return Page.END;
              }
              List<byte[]> ids = new ArrayList<>();
              for (Object key : (List<?>) page.get(1)) {
                ids.add(layout.id(generationOfWalk, (byte[]) key));
              }
              return new Page((byte[]) page.get(0), ids);
            });
  }

  /** The nodes that a walk has to visit. */
  List<Commands> nodes() {
    return commands.primaries();
  }

  /** The current generation, from the server. */
  CompletionStage<byte[]> currentGeneration() {
    return joined(commands.pipeline(List.of(beginGeneration(), readGeneration)))
        .thenApply(
            replies -> {
              byte[] current = (byte[]) replies.get(1);
              if (current == null) {
                throw new IllegalStateException(
                    commands.target()
                        + " lost the generation counter at once: is it out of memory?");
              }
              generation = current;
              return current;
            });
  }

  private void forgetCopies() {
    if (near != null) {
      near.cleared();
    }
  }

  private Command beginGeneration() {
    long start = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    return Command.of("SET").arg(layout.generationKey()).arg(start).arg("NX");
  }

  /** Reads in the generation that is the current one when the reading is over. */
  <T extends @Nullable Object> CompletionStage<T> reading(
      Function<byte[], List<Command>> build, Function<List<@Nullable Object>, T> read) {
    return guarded(() -> inGeneration(/* checkFirst= */ false, build, read));
  }

  /**
   * Reads strings and nothing else: with the generation that is one command, which costs both sides
   * less than two. What is not a string counts as nothing. On a cluster the keys may live apart.
   */
  private <T extends @Nullable Object> CompletionStage<T> readingStrings(
      List<byte[]> ids, Function<List<@Nullable Object>, T> read) {
    return commands.isCluster()
        ? reading(
            gen -> ids.stream().map(id -> Command.of("GET").arg(layout.entryKey(gen, id))).toList(),
            read)
        : guarded(() -> stringsInGeneration(ids, read));
  }

  private <T extends @Nullable Object> CompletionStage<T> stringsInGeneration(
      List<byte[]> ids, Function<List<@Nullable Object>, T> read) {
    byte[] used = generation;
    if (used == null) {
      return currentGeneration().thenCompose(known -> stringsInGeneration(ids, read));
    }
    Command mget = Command.of("MGET");
    for (byte[] id : ids) {
      mget.arg(layout.entryKey(used, id));
    }
    return commands
        .send(mget.arg(layout.generationKey()))
        .thenCompose(
            reply -> {
              List<@Nullable Object> values = Replies.asList(reply);
              byte[] current = (byte[]) values.get(ids.size());
              if (Arrays.equals(current, used)) {
                return CompletableFuture.completedFuture(read.apply(values));
              }
              generation = current;
              forgetCopies();
              return stringsInGeneration(ids, read);
            });
  }

  private <T extends @Nullable Object> CompletionStage<T> guarded(
      Supplier<CompletionStage<T>> operation) {
    return outage == null ? operation.get() : outage.guard(operation, this::reconcile);
  }

  /** Removes these, or everything when null, past all guards. */
  private CompletionStage<?> reconcile(@Nullable List<byte[]> ids) {
    if (ids == null) {
      return beginNextGeneration();
    }
    return inBatches(
        ids,
        batch ->
            inGeneration(
                /* checkFirst= */ true,
                gen ->
                    withoutLeases(
                        gen,
                        batch,
                        batch.stream()
                            .map(id -> Command.of("DEL").arg(layout.entryKey(gen, id)))
                            .toList()),
                replies -> List.of(true)));
  }

  /** Writes what the writer is to be told of, if there is a queue for that. */
  private <T extends @Nullable Object> CompletionStage<T> changing(
      List<Change> changes,
      boolean always,
      Function<byte[], List<Command>> build,
      Function<List<@Nullable Object>, T> read) {
    WriteQueue behind = queue;
    if (behind == null) {
      return writing(changes.stream().map(Change::id).toList(), build, read);
    }
    int ended = leases ? changes.size() : 0;
    List<byte[]> ids = changes.stream().map(Change::id).toList();
    ToQueue what = new ToQueue(changes, always, behind.roomDeadline());
    return noting(
        ids,
        guarded(
            () ->
                queueing(
                    behind,
                    gen -> leases ? withoutLeases(gen, ids, build.apply(gen)) : build.apply(gen),
                    what,
                    replies -> read.apply(replies.subList(ended, replies.size())))));
  }

  /** What to queue, when, and how long to wait for room. */
  private record ToQueue(List<Change> changes, boolean always, long deadline) {}

  private <T extends @Nullable Object> CompletionStage<T> queueing(
      WriteQueue behind,
      Function<byte[], List<Command>> build,
      ToQueue what,
      Function<List<@Nullable Object>, T> read) {
    byte[] used = generation;
    if (used == null) {
      return currentGeneration().thenCompose(known -> queueing(behind, build, what, read));
    }
    return behind
        .change(used, build.apply(used), what.changes(), what.always())
        .thenCompose(
            outcome -> {
              if (outcome.full()) {
                return behind
                    .room(what.deadline())
                    .thenCompose(now -> queueing(behind, build, what, read));
              }
              if (Arrays.equals(outcome.generation(), used)) {
                return CompletableFuture.completedFuture(read.apply(outcome.replies()));
              }
              generation = outcome.generation();
              forgetCopies();
              return queueing(behind, build, what, read);
            });
  }

  /** Writes in the generation that is the current one when the writing begins. */
  private <T extends @Nullable Object> CompletionStage<T> writing(
      List<byte[]> ids,
      Function<byte[], List<Command>> build,
      Function<List<@Nullable Object>, T> read) {
    CompletionStage<T> written =
        guarded(
            () ->
                leases
                    ? inGeneration(
                        /* checkFirst= */ true,
                        gen -> withoutLeases(gen, ids, build.apply(gen)),
                        replies -> read.apply(replies.subList(ids.size(), replies.size())))
                    : inGeneration(/* checkFirst= */ true, build, read));
    return noting(ids, written);
  }

  /** Keeps copies, and what is remembered of an outage, in step with what was written. */
  private <T extends @Nullable Object> CompletionStage<T> noting(
      List<byte[]> ids, CompletionStage<T> written) {
    if (near == null && outage == null) {
      return written;
    }
    return written.whenComplete(
        (result, failure) -> {
          // Also after a failure, which may come after the deed.
          if (near != null) {
            ids.forEach(near::written);
          }
          if (outage != null && failure != null) {
            outage.missed(ids, failure, this::reconcile);
          }
        });
  }

  /** The entry of this id was changed past this object. */
  void forgetCopy(byte[] id) {
    if (near != null) {
      near.written(id);
    }
  }

  /** Who loads one of these now must not store what this write is about to replace or remove. */
  private List<Command> withoutLeases(byte[] gen, List<byte[]> ids, List<Command> write) {
    List<Command> all = new ArrayList<>(ids.size() + write.size());
    ids.forEach(id -> all.add(Command.of("DEL").arg(layout.leaseKey(layout.entryKey(gen, id)))));
    all.addAll(write);
    return all;
  }

  /** The command that reads the current generation. */
  Command readGeneration() {
    return readGeneration;
  }

  private <T extends @Nullable Object> CompletionStage<T> inGeneration(
      boolean checkFirst,
      Function<byte[], List<Command>> build,
      Function<List<@Nullable Object>, T> read) {
    byte[] used = generation;
    if (used == null) {
      return currentGeneration().thenCompose(known -> inGeneration(checkFirst, build, read));
    }
    List<Command> commandsOfOperation = build.apply(used);
    int count = commandsOfOperation.size();
    List<Command> batch = new ArrayList<>(count + 1);
    batch.addAll(commandsOfOperation);
    batch.add(checkFirst ? 0 : count, readGeneration);
    return joined(commands.pipeline(batch))
        .thenCompose(
            replies -> {
              byte[] current = (byte[]) replies.remove(checkFirst ? 0 : count);
              if (Arrays.equals(current, used)) {
                return CompletableFuture.completedFuture(read.apply(replies));
              }
              generation = current;
              forgetCopies();
              return inGeneration(checkFirst, build, read);
            });
  }

  /** Runs the operation on a part at a time, each when the one before has been answered. */
  private static <A, B> CompletionStage<List<B>> inBatches(
      List<A> all, Function<List<A>, CompletionStage<List<B>>> operation) {
    return inBatches(all, 0, operation, new ArrayList<>(all.size()));
  }

  private static <A, B> CompletionStage<List<B>> inBatches(
      List<A> all,
      int from,
      Function<List<A>, CompletionStage<List<B>>> operation,
      List<B> results) {
    for (int start = from; start < all.size(); start += BATCH) {
      int end = Math.min(all.size(), start + BATCH);
      CompletableFuture<List<B>> batch =
          operation.apply(all.subList(start, end)).toCompletableFuture();
      if (batch.isCompletedExceptionally()) {
        return batch;
      }
      // A loop where answers are there already: a chain would nest as deep as there are batches.
      if (!batch.isDone()) {
        return batch.thenCompose(
            part -> {
              results.addAll(part);
              return inBatches(all, end, operation, results);
            });
      }
      results.addAll(batch.join());
    }
    return CompletableFuture.completedFuture(results);
  }

  /** All replies in order; fails with the first that failed, once all have come. */
  static CompletionStage<List<@Nullable Object>> joined(
      List<CompletionStage<@Nullable Object>> stages) {
    List<CompletableFuture<@Nullable Object>> futures = new ArrayList<>(stages.size());
    stages.forEach(stage -> futures.add(stage.toCompletableFuture()));
    // An embedded engine has answered already: nothing to chain then.
    return haveAllSucceeded(futures)
        ? CompletableFuture.completedFuture(repliesOf(futures))
        : joinedLater(futures);
  }

  private static CompletionStage<List<@Nullable Object>> joinedLater(
      List<CompletableFuture<@Nullable Object>> futures) {
    CompletionStage<@Nullable Object> last = futures.get(futures.size() - 1);
    // One server answers in order: nothing need be chained to the others then.
    return last.handle((reply, failure) -> haveAllSucceeded(futures))
        .thenCompose(
            yes ->
                yes
                    ? CompletableFuture.completedFuture(repliesOf(futures))
                    : CompletableFuture.allOf(futures.toArray(CompletableFuture<?>[]::new))
                        .thenApply(done -> repliesOf(futures)));
  }

  private static boolean haveAllSucceeded(List<CompletableFuture<@Nullable Object>> futures) {
    for (CompletableFuture<@Nullable Object> future : futures) {
      if (!future.isDone() || future.isCompletedExceptionally()) {
        return false;
      }
    }
    return true;
  }

  private static List<@Nullable Object> repliesOf(
      List<CompletableFuture<@Nullable Object>> complete) {
    List<@Nullable Object> replies = new ArrayList<>(complete.size());
    complete.forEach(future -> replies.add(future.join()));
    return replies;
  }

  private Command readAndTouch(byte[] key, long ttlMillis) {
    if (ttlMillis == Expiry.UNCHANGED) {
      return Command.of("GET").arg(key);
    }
    long capped = Math.min(ttlMillis, ttlCeilingMillis);
    if (capped == 0) {
      return Command.of("GETDEL").arg(key);
    }
    Command getex = Command.of("GETEX").arg(key);
    return capped == Expiry.ETERNAL ? getex.arg("PERSIST") : getex.arg("PX").arg(capped);
  }

  private static Command setCommand(byte[] key, byte[] value) {
    return Command.of("SET").arg(key).arg(value);
  }

  private Command lasting(Command set, long ttlMillis) {
    lifetime(ttlMillis).forEach(set::arg);
    return set;
  }

  /** The words of SET that say how long. */
  List<String> lifetime(long ttlMillis) {
    if (ttlMillis == Expiry.UNCHANGED) {
      return List.of("KEEPTTL");
    }
    long capped = Math.min(aged(ttlMillis), ttlCeilingMillis);
    return capped == Expiry.ETERNAL ? List.of() : List.of("PX", Long.toString(capped));
  }

  /** The time that an entry stays: cut at random, and for a while after its life. */
  private long aged(long ttlMillis) {
    if (ttlMillis == Expiry.ETERNAL) {
      return ttlMillis;
    }
    double cut = loading.jitter() == 0 ? 0 : ThreadLocalRandom.current().nextDouble();
    long life = Math.max(1, ttlMillis - (long) (ttlMillis * loading.jitter() * cut));
    return life + loading.staleFor().toMillis();
  }

  private static boolean isOne(@Nullable Object reply) {
    return reply instanceof Long count && count == 1;
  }

  static boolean isDone(@Nullable Object reply) {
    return isOne(reply) || (reply instanceof byte[] status && Arrays.equals(status, OK));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * What is there.
   *
   * @param value null when nothing is
   * @param ttlMillis {@link #NO_TTL}, or how long it lives; below that when it ended meanwhile
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Fetched(byte @Nullable [] value, long ttlMillis) {
    static Fetched of(@Nullable Object value, @Nullable Object ttl) {
      return new Fetched((byte[]) value, ttl instanceof Long millis ? millis : NO_TTL - 1);
    }
  }

  /** What a store for want of a value found. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Loaded(byte @Nullable [] existing, boolean stored) {}

  /** What a put replaced. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Replaced(boolean existed, byte @Nullable [] old, boolean stored) {
    /** Somebody else's value, written during this operation, stands. */
    static final Replaced LOST = new Replaced(true, null, false);

    /** Nothing was there. */
    static final Replaced CREATED = new Replaced(false, null, true);

    /** Null when another client created the entry between the two commands. */
    static @Nullable Replaced of(
        @Nullable Object updateReply, @Nullable Object createReply, boolean wantOld) {
      if (updateReply != null) {
        return new Replaced(true, wantOld ? (byte[]) updateReply : null, true);
      }
      return createReply != null ? CREATED : null;
    }
  }

  /** A page of ids, and where the next one begins. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Page(byte[] cursor, List<byte[]> ids) {
    static final byte[] START = {'0'};
    static final Page END = new Page(START, List.of());

    boolean isLast() {
      return cursor.length == 1 && cursor[0] == '0';
    }
  }
}
