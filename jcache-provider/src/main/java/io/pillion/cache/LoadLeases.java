package io.pillion.cache;

import io.pillion.cache.ConditionalWrites.Form;
import io.pillion.cache.EntryStore.Fetched;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Who of all processes loads a key: whoever holds its lease.
 *
 * <pre>
 * p:products:load:{p:products:1763683200000000:42}   the token of who loads key 42, or "-"
 * p:products:wake:{p:products:1763683200000000:42}   one element, for a second after the load
 * </pre>
 *
 * <p>The brace puts both on the entry's own slot. The token fences: a loaded value is stored only
 * while the lease holds its token, in one step on the server, so neither a process that slept past
 * its lease nor one that was overtaken by a removal can bring back an old value. Whatever changes
 * the entry ends the lease first.
 *
 * <p>Those who wait block on the second key (BLMOVE of its element onto itself, which lets
 * everybody through one after the other), at most as long as the lease still runs.
 *
 * <p>While a load goes on its lease is renewed, for up to ten times its length: a process that is
 * alive may load for longer than others wait for one that has died, one that hangs may not stop
 * them for ever.
 *
 * <p>"-" instead of a token says that there is no value, for as long as the key lives.
 */
final class LoadLeases {
  private static final byte[] NOTHING_THERE = {'-'};
  private static final long WAKE_MILLIS = 1_000;
  private static final long SHORTEST_WAIT_MILLIS = 10;
  private static final int RENEWALS_IN_A_LEASE = 3;
  private static final int LONGEST_LOAD_IN_LEASES = 10;

  /** Keys: entry, lease. Arguments: token, value, and the words of SET. */
  private static final String STORE =
      "if redis.call('GET',KEYS[2])~=ARGV[1] then return 0 end"
          + " redis.call('DEL',KEYS[2])"
          + " if redis.call('SET',KEYS[1],ARGV[2],'NX',unpack(ARGV,3)) then return 1 end return 0";

  /**
   * Keys: entry, lease. Arguments: token, the value there is, the new one, and the words of SET.
   */
  private static final String REPLACE =
      "if redis.call('GET',KEYS[2])~=ARGV[1] or redis.call('GET',KEYS[1])~=ARGV[2] then return 0"
          + " end redis.call('DEL',KEYS[2]) redis.call('SET',KEYS[1],unpack(ARGV,3)) return 1";

  private final Commands commands;
  private final EntryStore store;
  private final KeyLayout layout;
  private final long leaseMillis;
  private final ConditionalWrites conditionalWrites;

  LoadLeases(Commands commands, EntryStore store, KeyLayout layout, long leaseMillis) {
    this.commands = commands;
    this.store = store;
    this.layout = layout;
    this.leaseMillis = leaseMillis;
    this.conditionalWrites = new ConditionalWrites(commands);
  }

  /**
   * What came of asking for the lease of a key.
   *
   * @param token not null when this caller holds the lease now and is to load
   * @param entryKey the entry's key in the generation for which the lease is
   * @param found the entry, when there was one: then nothing is to be loaded
   * @param absent it is known that there is no value
   * @param waitMillis how long the lease of somebody else still runs
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Claim(
      byte @Nullable [] token,
      byte[] generation,
      byte[] entryKey,
      Fetched found,
      boolean absent,
      long waitMillis) {

    boolean mayLoad() {
      return token != null && found.value() == null;
    }
  }

  /** Asks for the lease, and looks at the entry once more. Releasing it is up to the caller. */
  CompletionStage<Claim> claim(byte[] id) {
    byte[] token = UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII);
    byte[][] used = new byte[2][];
    return store
        .<Claim>reading(
            generation -> {
              byte[] key = layout.entryKey(generation, id);
              used[0] = generation;
              used[1] = key;
              byte[] lease = layout.leaseKey(key);
              return List.of(
                  take(lease, token),
                  Command.of("GET").arg(lease),
                  Command.of("PTTL").arg(lease),
                  Command.of("GET").arg(key),
                  Command.of("PTTL").arg(key));
            },
            replies ->
                claimed(
                    used,
                    replies.get(0) != null ? token : null,
                    (byte[]) replies.get(1),
                    replies.get(2) instanceof Long left ? left : 0,
                    Fetched.of(replies.get(3), replies.get(4))))
        .thenApply(
            claim -> {
              if (claim.token() != null) {
                // What woke those who waited for an earlier load must not wake those of this one.
                send(Command.of("DEL").arg(layout.wakeKey(claim.entryKey())));
              }
              return claim;
            });
  }

  private static Claim claimed(
      byte[][] used, byte @Nullable [] token, byte @Nullable [] holder, long left, Fetched found) {
    boolean absent = token == null && Arrays.equals(holder, NOTHING_THERE);
    long wait = Math.max(SHORTEST_WAIT_MILLIS, left);
    return new Claim(token, used[0], used[1], found, absent, wait);
  }

  /**
   * Asks for the lease to load an entry anew, and looks at the entry once more: somebody else may
   * have done so since it was read, and have given the lease back.
   */
  CompletionStage<Claim> claimToRefresh(byte[] id) {
    byte[] token = UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII);
    byte[][] used = new byte[2][];
    return store.reading(
        generation -> {
          used[0] = generation;
          used[1] = layout.entryKey(generation, id);
          return List.of(take(layout.leaseKey(used[1]), token), Command.of("GET").arg(used[1]));
        },
        replies ->
            claimed(
                used,
                replies.get(0) != null ? token : null,
                null,
                0,
                new Fetched((byte[]) replies.get(1), EntryStore.NO_TTL)));
  }

  private Command take(byte[] lease, byte[] token) {
    return Command.of("SET").arg(lease).arg(token).arg("NX").arg("PX").arg(leaseMillis);
  }

  /**
   * Stores what was loaded and ends the lease, if it still holds, what the claim found is still
   * there, and no clear came; whether it did. Not on the client's thread, as all that follows.
   */
  CompletionStage<Boolean> keep(Claim claim, byte[] value, List<String> lifetime) {
    byte[] token = claim.token();
    if (token == null) {
      throw new IllegalStateException("No lease is held");
    }
    // Asked now: later it would be on the thread that reads the answer.
    Form form = conditionalWrites.form();
    boolean scripts = commands.supported(Set.of("EVAL")).contains("EVAL");
    List<Command> batch = new ArrayList<>();
    batch.add(store.readGeneration());
    if (scripts) {
      batch.add(storeByScript(claim, token, value, lifetime));
    } else {
      batch.add(storeFirst(form, claim, value, lifetime));
      batch.add(Command.of("GET").arg(layout.leaseKey(claim.entryKey())));
    }
    int outcome = batch.size();
    if (scripts) {
      addWake(batch, claim);
    }
    return EntryStore.joined(commands.pipeline(batch))
        .thenCompose(
            replies -> {
              boolean current = Arrays.equals((byte[]) replies.get(0), claim.generation());
              if (scripts) {
                boolean stored = replies.get(1) instanceof Long done && done == 1;
                return CompletableFuture.completedFuture(stored && current);
              }
              boolean stored = EntryStore.isDone(replies.get(1));
              boolean held = Arrays.equals((byte[]) replies.get(outcome - 1), token);
              CompletionStage<?> after =
                  stored && !held
                      ? deleteIf(claim.entryKey(), value)
                      : CompletableFuture.completedFuture(null);
              return after
                  .thenCompose(done -> release(claim))
                  .thenApply(d -> stored && held && current);
            });
  }

  private Command storeByScript(Claim claim, byte[] token, byte[] value, List<String> lifetime) {
    byte[] there = claim.found().value();
    Command eval = Command.of("EVAL", there == null ? STORE : REPLACE, "2").arg(claim.entryKey());
    eval.arg(layout.leaseKey(claim.entryKey())).arg(token);
    if (there != null) {
      eval.arg(there);
    }
    eval.arg(value);
    lifetime.forEach(eval::arg);
    return eval.keyAt(2);
  }

  /** Without scripts what turns out to be fenced is taken back. */
  private static Command storeFirst(Form form, Claim claim, byte[] value, List<String> lifetime) {
    byte[] there = claim.found().value();
    if (there != null) {
      return form.compareAndSet(claim.entryKey(), there, value, lifetime);
    }
    Command set = Command.of("SET").arg(claim.entryKey()).arg(value).arg("NX");
    lifetime.forEach(set::arg);
    return set;
  }

  /** Forgets that there is no value: somebody is about to look again. */
  CompletionStage<Boolean> forgetAbsent(Claim claim) {
    return deleteIf(layout.leaseKey(claim.entryKey()), NOTHING_THERE);
  }

  /** Remembers that there is no value, and ends the lease so. */
  CompletionStage<?> keepAbsent(Claim claim, long absentMillis) {
    byte[] token = claim.token();
    if (token == null) {
      throw new IllegalStateException("No lease is held");
    }
    List<String> lifetime = List.of("PX", Long.toString(absentMillis));
    byte[] lease = layout.leaseKey(claim.entryKey());
    return conditionalWrites
        .retryWhenForgotten(
            form ->
                commands
                    .send(form.compareAndSet(lease, token, NOTHING_THERE, lifetime))
                    .thenApply(EntryStore::isDone))
        .thenCompose(done -> wake(claim));
  }

  /** Renews the lease again and again until that is closed, or somebody else has it. */
  Renewal renewing(Claim claim) {
    Renewal renewal = new Renewal(claim);
    renewal.pause();
    return renewal;
  }

  /** A lease that is held while a load goes on. */
  final class Renewal {
    private final Claim claim;
    private int left = RENEWALS_IN_A_LEASE * LONGEST_LOAD_IN_LEASES;
    private volatile boolean over;
    private volatile CompletableFuture<Boolean> due = new CompletableFuture<>();

    private Renewal(Claim claim) {
      this.claim = claim;
    }

    private void pause() {
      CompletableFuture<Boolean> next = new CompletableFuture<>();
      due = next;
      if (!over && left-- > 0) {
        CompletionStage<?> unused =
            next.completeOnTimeout(true, leaseMillis / RENEWALS_IN_A_LEASE, TimeUnit.MILLISECONDS)
                .thenAcceptAsync(
                    time -> {
                      if (time && !over) {
                        renew();
                      }
                    },
                    CacheThreads.WORKERS);
      }
    }

    private void renew() {
      byte[] token = claim.token();
      if (token == null) {
        return;
      }
      byte[] lease = layout.leaseKey(claim.entryKey());
      List<String> lifetime = List.of("PX", Long.toString(leaseMillis));
      CompletionStage<?> unused =
          conditionalWrites
              .retryWhenForgotten(
                  form ->
                      commands
                          .send(form.compareAndSet(lease, token, token, lifetime))
                          .thenApply(EntryStore::isDone))
              .whenComplete(
                  (held, failure) -> {
                    // What had no answer may have been done, and is tried again.
                    if (failure != null || held) {
                      pause();
                    }
                  });
    }

    /** The load is over. */
    void end() {
      over = true;
      due.complete(false);
    }
  }

  /** Ends the lease without a value. */
  CompletionStage<?> release(Claim claim) {
    byte[] token = claim.token();
    if (token == null) {
      return CompletableFuture.completedFuture(null);
    }
    return deleteIf(layout.leaseKey(claim.entryKey()), token).thenCompose(done -> wake(claim));
  }

  private CompletionStage<Boolean> deleteIf(byte[] key, byte[] expected) {
    return conditionalWrites.retryWhenForgotten(
        form -> commands.send(form.compareAndDelete(key, expected)).thenApply(EntryStore::isDone));
  }

  private CompletionStage<?> wake(Claim claim) {
    List<Command> batch = new ArrayList<>();
    addWake(batch, claim);
    return EntryStore.joined(commands.pipeline(batch));
  }

  private void addWake(List<Command> batch, Claim claim) {
    byte[] wake = layout.wakeKey(claim.entryKey());
    batch.add(Command.of("RPUSH").arg(wake).arg("1"));
    batch.add(Command.of("PEXPIRE").arg(wake).arg(WAKE_MILLIS));
  }

  /** Completes when whoever holds the lease is done, or it has run out. Never fails. */
  CompletionStage<?> ended(Claim claim) {
    byte[] wake = layout.wakeKey(claim.entryKey());
    Command wait = Command.of("BLMOVE").arg(wake).arg(wake).arg("RIGHT").arg("LEFT");
    CompletionStage<@Nullable Object> woken =
        commands.sendBlocking(wait.arg(claim.waitMillis() / 1000.0));
    return woken
        .handle((reply, failure) -> failure == null)
        .thenCompose(
            waited ->
                waited
                    ? CompletableFuture.completedFuture(null)
                    // Too many wait on connections of their own, or it broke: not at once again.
                    : CompletableFuture.runAsync(
                        () -> {},
                        CompletableFuture.delayedExecutor(
                            Math.min(50, claim.waitMillis()),
                            TimeUnit.MILLISECONDS,
                            CacheThreads.WORKERS)));
  }

  private void send(Command command) {
    CompletionStage<?> unused = commands.send(command).exceptionally(failure -> null);
  }
}
