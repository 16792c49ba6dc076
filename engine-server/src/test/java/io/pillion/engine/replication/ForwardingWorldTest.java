package io.pillion.engine.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.protocol.ErrorValue;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.testkit.SimulatedNetwork;
import io.pillion.engine.world.SimulatedWorld;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
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
  private static final int ENGINES = 3;
  private static final int FIRST_PORT = 7000;
  private static final int CLIENTS_OF_EACH = 4;
  private static final int STEPS = Integer.getInteger("pillion.forwarding.steps", 1500);
  private static final int SEEDS = Integer.getInteger("pillion.forwarding.seeds", 3);
  private static final int PATIENCE_MILLIS = 30_000;

  private SimulatedWorld world = new SimulatedWorld(0);
  private SimulatedNetwork network = new SimulatedNetwork(world, 0);
  private SplittableRandom random = new SplittableRandom(0);
  private final List<PillionEngine> engines = new ArrayList<>();
  private final List<Caller> callers = new ArrayList<>();
  private int primary;
  private boolean mayLose;
  private long seed;

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
      return value instanceof byte[] bytes
          ? new String(bytes, StandardCharsets.UTF_8)
          : String.valueOf(value);
    }
  }

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
      client = engines.get(engine).connect();
    }

    void send(String... words) {
      sinceNanos = world.nanos();
      pending =
          client
              .send(
                  Arrays.stream(words).map(word -> word.getBytes(StandardCharsets.UTF_8)).toList())
              .toCompletableFuture();
    }

    void step() {
      CompletableFuture<@Nullable Object> waits = pending;
      if (waits == null) {
        begin();
        return;
      }
      if (!waits.isDone()) {
        assertThat((world.nanos() - sinceNanos) / 1_000_000)
            .as("seed %s: client %s waits with plan %s, stage %s", seed, number, plan, stage)
            .isLessThan(PATIENCE_MILLIS);
        return;
      }
      pending = null;
      Outcome outcome = new Outcome(waits.join());
      if (outcome.error().startsWith("LOADING")) {
        stage = 0;
        client.send(List.of("RESET".getBytes(StandardCharsets.UTF_8)));
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
        client.send(List.of("RESET".getBytes(StandardCharsets.UTF_8)));
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

  private PillionEngine start(int number, int leader) throws IOException {
    String dir = "/engine" + number;
    if (!world.disk().isFolder(dir)) {
      world.disk().createFolder(dir);
    }
    EngineBuilder builder =
        new EngineBuilder()
            .world(world)
            .memoryBytes(16 << 20)
            .set("dir", dir)
            .set("port", Integer.toString(FIRST_PORT + number))
            .set("repl-backlog-size", "20kb")
            .set("repl-timeout", "5")
            .set("repl-ping-replica-period", "1")
            .set("repl-diskless-sync-delay", "0")
            .set("replica-forward-writes", "yes")
            .set("enable-debug-command", "yes")
            .warm();
    if (leader >= 0) {
      builder.set("replicaof", "127.0.0.1", Integer.toString(FIRST_PORT + leader));
    }
    PillionEngine engine = builder.start();
    network.listen(FIRST_PORT + number, engine.engine());
    return engine;
  }

  private String call(int engine, String... words) {
    LocalClient client = engines.get(engine).connect();
    Object answer =
        client
            .send(Arrays.stream(words).map(word -> word.getBytes(StandardCharsets.UTF_8)).toList())
            .toCompletableFuture()
            .join();
    client.close();
    return answer instanceof List<?> list
        ? list.stream().map(each -> new Outcome(each).text()).toList().toString()
        : new Outcome(answer).text();
  }

  private void follow(int engine, int leader) {
    call(engine, "REPLICAOF", "127.0.0.1", Integer.toString(FIRST_PORT + leader));
  }

  private void disturb() throws IOException {
    int replica = (primary + 1 + random.nextInt(ENGINES - 1)) % ENGINES;
    int other = ENGINES - primary - replica;
    switch (random.nextInt(mayLose ? 6 : 5)) {
      case 0, 1 -> network.cutOne();
      case 2 -> network.cut(FIRST_PORT + primary);
      case 3 -> {
        movements++;
        follow(other, primary);
        follow(replica, random.nextBoolean() ? other : primary);
      }
      case 4 -> {
        movements++;
        crash(replica, primary);
      }
      default -> promote(replica);
    }
  }

  private void crash(int number, int leader) throws IOException {
    network.cut(FIRST_PORT + number);
    network.listen(FIRST_PORT + number, null);
    engines.get(number).close();
    world.advanceMillis(random.nextInt(500));
    engines.set(number, start(number, leader));
    for (Caller each : callers) {
      if (each.engine == number) {
        each.step();
        each.client = engines.get(number).connect();
        each.pending = null;
      }
    }
  }

  private void promote(int replica) {
    if (!call(replica, "INFO", "replication").contains("master_link_status:up")) {
      return;
    }
    call(replica, "REPLICAOF", "NO", "ONE");
    primary = replica;
    for (int i = 0; i < ENGINES; i++) {
      if (i != primary) {
        follow(i, primary);
      }
    }
  }

  private void run(long newSeed, boolean promotes) throws IOException {
    seed = newSeed;
    mayLose = promotes;
    world = new SimulatedWorld(seed);
    network = new SimulatedNetwork(world, seed);
    random = new SplittableRandom(seed);
    primary = 0;
    for (int i = 0; i < ENGINES; i++) {
      engines.add(start(i, i == 0 ? -1 : 0));
    }
    for (int i = 0; i < ENGINES * CLIENTS_OF_EACH; i++) {
      callers.add(new Caller(i, i % ENGINES));
    }
    for (int step = 0; step < STEPS; step++) {
      world.advanceMillis(1 + random.nextInt(4));
      callers.forEach(Caller::step);
      if (random.nextInt(150) == 0) {
        disturb();
      }
    }
    for (int i = 0; i < ENGINES; i++) {
      if (i != primary) {
        follow(i, primary);
      }
    }
    for (int i = 0; i < 200 && !areSame(); i++) {
      world.advanceMillis(200);
      callers.stream().filter(each -> each.pending != null).forEach(this::finish);
    }
    check();
    engines.forEach(PillionEngine::close);
    engines.clear();
    callers.clear();
  }

  private void finish(Caller caller) {
    CompletableFuture<@Nullable Object> pending = caller.pending;
    if (pending != null && pending.isDone()) {
      caller.step();
    }
  }

  private boolean areSame() {
    for (int i = 0; i < ENGINES; i++) {
      if (i != primary
          && (!call(i, "INFO", "replication").contains("master_link_status:up")
              || !call(i, "DEBUG", "DIGEST").equals(call(primary, "DEBUG", "DIGEST")))) {
        return false;
      }
    }
    return callers.stream().allMatch(each -> each.pending == null);
  }

  private void check() {
    assertThat(callers).as("seed %s: who waits", seed).allMatch(each -> each.pending == null);
    for (int i = 0; i < ENGINES; i++) {
      assertThat(call(i, "DEBUG", "DIGEST"))
          .as("seed %s: engine %s", seed, i)
          .isEqualTo(call(primary, "DEBUG", "DIGEST"));
    }
    String list = call(primary, "LRANGE", "queue", "0", "-1");
    List<String> left =
        list.equals("[]") ? List.of() : List.of(list.substring(1, list.length() - 1).split(", "));
    assertThat(left).as("seed %s", seed).doesNotHaveDuplicates();
    if (mayLose) {
      return;
    }
    assertThat(left).as("seed %s", seed).doesNotContainAnyElementsOf(popped);
    assertThat(Long.parseLong(call(primary, "GET", "counted")))
        .as("seed %s: INCR", seed)
        .isBetween(counted, counted + maybeCounted);
    assertThat(Long.parseLong(call(primary, "GET", "raised")))
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

  @Test
  void everybodyReadsWhatTheyWrote() throws IOException {
    for (int each = 1; each <= SEEDS; each++) {
      counted = 0;
      maybeCounted = 0;
      raised = 0;
      maybeRaised = 0;
      maybePopped = 0;
      pushed.clear();
      maybePushed.clear();
      popped.clear();
      run(each, /* promotes= */ false);
    }
    assertThat(answered).isGreaterThan(refused);
    assertThat(conflicts).as("changes between WATCH and EXEC").isPositive();
  }

  @Test
  void nobodyWaitsForEverWhenRolesChange() throws IOException {
    for (int each = 1; each <= SEEDS; each++) {
      run(100 + each, /* promotes= */ true);
    }
  }
}
