package io.pillion.engine.replication;

import static io.pillion.engine.replication.ReplicaGroup.ENGINES;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.protocol.ErrorValue;
import io.pillion.engine.server.LocalClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Three engines in one simulated world, whose clients write at the replicas while links are cut and
 * replicas crash: everybody reads what they wrote, nothing is done twice, nothing that was answered
 * is lost, a transaction sees every change of what it watches, and nobody waits for ever.
 */
final class ForwardingWorldTest {
  private static final int CLIENTS_OF_EACH = 4;
  private static final int STEPS = Integer.getInteger("pillion.forwarding.steps", 1500);
  private static final int SEEDS = Integer.getInteger("pillion.forwarding.seeds", 3);
  private static final int PATIENCE_MILLIS = 30_000;

  private static final class Outcome {
    final @Nullable Object value;

    Outcome(@Nullable Object value) {
      this.value = value;
    }

    String error() {
      return value instanceof ErrorValue error ? error.message() : "";
    }

    /** It was not carried out, and never will be. */
    boolean isRefused() {
      String error = error();
      return error.startsWith("READONLY")
          || error.startsWith("LOADING")
          || error.startsWith("EXECABORT")
          || error.startsWith("UNBLOCKED");
    }

    boolean isInDoubt() {
      return error().startsWith("INDOUBT") || error().startsWith("ERR the client is closed");
    }

    String text() {
      return ReplicaGroup.text(value);
    }
  }

  /** One life of a group, and what its clients have seen of it. */
  private static final class Run implements AutoCloseable {
    private final long seed;
    private final boolean mayLose;
    private final SplittableRandom random;
    private final ReplicaGroup group;
    private final List<Caller> callers = new ArrayList<>();

    // What there must be in the end.
    private long counted;
    private long maybeCounted;
    private long raised;
    private long maybeRaised;
    private final Set<String> pushed = new HashSet<>();
    private final Set<String> maybePushed = new HashSet<>();
    private final Set<String> popped = new HashSet<>();
    private long maybePopped;
    private long answered;
    private long refused;
    private long conflicts;

    /** How often somebody has begun to follow somebody else, or anew. */
    private int movements;

    /** A client of one engine, which does one thing after the other. */
    private final class Caller {
      final int number;
      final int engine;
      LocalClient client;
      @Nullable CompletableFuture<@Nullable Object> pending;
      long sinceNanos;
      int stage;
      int plan;
      String last = "";
      final Set<String> possible = new HashSet<>(Set.of("null"));
      long watched;
      int written;
      int before;

      Caller(int number, int engine) {
        this.number = number;
        this.engine = engine;
        client = group.connect(engine);
      }

      void send(String... words) {
        sinceNanos = group.world().nanos();
        pending = ReplicaGroup.send(client, words).toCompletableFuture();
      }

      void step() {
        CompletableFuture<@Nullable Object> waits = pending;
        if (waits == null) {
          begin();
          return;
        }
        if (!waits.isDone()) {
          assertThat((group.world().nanos() - sinceNanos) / 1_000_000)
              .as("seed %s: client %s waits with plan %s, stage %s", seed, number, plan, stage)
              .isLessThan(PATIENCE_MILLIS);
          return;
        }
        pending = null;
        Outcome outcome = new Outcome(waits.join());
        if (outcome.error().startsWith("LOADING")) {
          stage = 0;
          ReplicaGroup.send(client, "RESET");
          return;
        }
        if (outcome.isRefused()) {
          refused++;
        } else {
          answered++;
        }
        switch (plan) {
          case 0 -> readsItsWrites(outcome);
          case 1 -> counts(outcome);
          case 2 -> raises(outcome);
          case 3 -> pushes(outcome);
          default -> pops(outcome);
        }
      }

      void begin() {
        stage = 0;
        plan = random.nextInt(5);
        switch (plan) {
          case 0 -> {
            last = "v" + written++;
            before = movements;
            send("SET", "own" + number, last);
          }
          case 1 -> send("INCR", "counted");
          case 2 -> send("WATCH", "raised");
          case 3 -> {
            last = number + "." + written++;
            send("RPUSH", "queue", last);
          }
          default -> send("BLPOP", "queue", "0.5");
        }
      }

      void readsItsWrites(Outcome outcome) {
        if (stage == 0) {
          // Nothing is promised while all data come anew, and none are there, or older ones.
          if (outcome.isRefused()) {
            before = -1;
          } else if (outcome.isInDoubt()) {
            possible.add(last);
          } else {
            assertThat(outcome.text()).as("seed %s", seed).isEqualTo("OK");
            possible.clear();
            possible.add(last);
          }
          stage = 1;
          send("GET", "own" + number);
        } else if (before == movements && !mayLose && outcome.error().isEmpty()) {
          assertThat(possible)
              .as("seed %s: what client %s of engine %s may read", seed, number, engine)
              .contains(outcome.text());
        }
      }

      void counts(Outcome outcome) {
        if (outcome.isInDoubt()) {
          maybeCounted++;
        } else if (!outcome.isRefused()) {
          counted++;
        }
      }

      void raises(Outcome outcome) {
        if (!outcome.error().isEmpty() && stage < 4) {
          // Whatever was begun is over.
          ReplicaGroup.send(client, "RESET");
          return;
        }
        switch (stage++) {
          case 0 -> send("GET", "raised");
          case 1 -> {
            watched = outcome.value == null ? 0 : Long.parseLong(outcome.text());
            send("MULTI");
          }
          case 2 -> send("SET", "raised", Long.toString(watched + 1));
          case 3 -> send("EXEC");
          default -> {
            if (outcome.isInDoubt()) {
              maybeRaised++;
            } else if (outcome.value instanceof List) {
              raised++;
            } else {
              conflicts++;
            }
          }
        }
      }

      void pushes(Outcome outcome) {
        if (outcome.isInDoubt()) {
          maybePushed.add(last);
        } else if (!outcome.isRefused()) {
          pushed.add(last);
        }
      }

      void pops(Outcome outcome) {
        if (outcome.isInDoubt()) {
          maybePopped++;
        } else if (outcome.value instanceof List<?> pair) {
          String element = new Outcome(pair.get(1)).text();
          assertThat(popped.add(element) || mayLose)
              .as("seed %s: %s popped once", seed, element)
              .isTrue();
        }
      }
    }

    /**
     * @param mayLose whether replicas are promoted, so that what was answered may be lost
     */
    Run(long seed, boolean mayLose) throws IOException {
      this.seed = seed;
      this.mayLose = mayLose;
      random = new SplittableRandom(seed);
      group =
          new ReplicaGroup(seed, (number, builder) -> builder.set("replica-forward-writes", "yes"));
      for (int i = 0; i < ENGINES * CLIENTS_OF_EACH; i++) {
        callers.add(new Caller(i, i % ENGINES));
      }
    }

    private void disturb() throws IOException {
      int primary = group.primary();
      int replica = (primary + 1 + random.nextInt(ENGINES - 1)) % ENGINES;
      int other = ENGINES - primary - replica;
      switch (random.nextInt(mayLose ? 6 : 5)) {
        case 0, 1 -> group.network().cutOne();
        case 2 -> group.cutPrimary();
        case 3 -> {
          movements++;
          group.follow(other, primary);
          group.follow(replica, random.nextBoolean() ? other : primary);
        }
        case 4 -> {
          movements++;
          crash(replica);
        }
        default -> group.promote(replica);
      }
    }

    private void crash(int number) throws IOException {
      group.crash(number, random.nextInt(500));
      for (Caller each : callers) {
        if (each.engine == number) {
          each.step();
          each.client = group.connect(number);
          each.pending = null;
        }
      }
    }

    void live() throws IOException {
      for (int step = 0; step < STEPS; step++) {
        group.world().advanceMillis(1 + random.nextInt(4));
        callers.forEach(Caller::step);
        if (random.nextInt(150) == 0) {
          disturb();
        }
      }
      group.followPrimary();
      for (int i = 0; i < 200 && !isSettled(); i++) {
        group.world().advanceMillis(200);
        callers.stream().filter(each -> each.pending != null).forEach(this::finish);
      }
      check();
    }

    private void finish(Caller caller) {
      CompletableFuture<@Nullable Object> pending = caller.pending;
      if (pending != null && pending.isDone()) {
        caller.step();
      }
    }

    private boolean isSettled() {
      return group.areSame() && callers.stream().allMatch(each -> each.pending == null);
    }

    private String atPrimary(String... words) {
      return group.call(group.primary(), words);
    }

    private void check() {
      assertThat(callers).as("seed %s: who waits", seed).allMatch(each -> each.pending == null);
      for (int i = 0; i < ENGINES; i++) {
        assertThat(group.digest(i))
            .as("seed %s: engine %s", seed, i)
            .isEqualTo(group.digest(group.primary()));
      }
      String list = atPrimary("LRANGE", "queue", "0", "-1");
      List<String> left =
          list.equals("[]") ? List.of() : List.of(list.substring(1, list.length() - 1).split(", "));
      assertThat(left).as("seed %s", seed).doesNotHaveDuplicates();
      if (mayLose) {
        return;
      }
      assertThat(left).as("seed %s", seed).doesNotContainAnyElementsOf(popped);
      assertThat(Long.parseLong(atPrimary("GET", "counted")))
          .as("seed %s: INCR", seed)
          .isBetween(counted, counted + maybeCounted);
      assertThat(Long.parseLong(atPrimary("GET", "raised")))
          .as("seed %s: WATCH", seed)
          .isBetween(raised, raised + maybeRaised);
      Set<String> missing = new HashSet<>(pushed);
      missing.removeAll(popped);
      left.forEach(missing::remove);
      assertThat(missing)
          .as("seed %s: pushed, and gone", seed)
          .hasSizeLessThanOrEqualTo((int) maybePopped);
      Set<String> known = new HashSet<>(pushed);
      known.addAll(maybePushed);
      assertThat(known).as("seed %s", seed).containsAll(left).containsAll(popped);
    }

    @Override
    public void close() {
      group.close();
    }
  }

  @Test
  void everybodyReadsWhatTheyWrote() throws IOException {
    long answered = 0;
    long refused = 0;
    long conflicts = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      try (Run run = new Run(seed, /* mayLose= */ false)) {
        run.live();
        answered += run.answered;
        refused += run.refused;
        conflicts += run.conflicts;
      }
    }
    assertThat(answered).isGreaterThan(refused);
    assertThat(conflicts).as("changes between WATCH and EXEC").isPositive();
  }

  @Test
  void nobodyWaitsForEverWhenRolesChange() throws IOException {
    for (int seed = 101; seed <= 100 + SEEDS; seed++) {
      try (Run run = new Run(seed, /* mayLose= */ true)) {
        run.live();
      }
    }
  }
}
