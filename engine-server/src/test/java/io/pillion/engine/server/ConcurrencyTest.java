package io.pillion.engine.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Many clients at once, over TCP and in process, on engines with several network loops: whatever
 * the interleaving, some things must hold. The system property {@code pillion.stress} multiplies
 * the work, {@code pillion.seed} repeats a run's choices.
 */
@Timeout(600)
final class ConcurrencyTest {
  private static final int STRESS = Integer.getInteger("pillion.stress", 1);
  private static final long SEED = Long.getLong("pillion.seed", System.nanoTime());
  private static final int ACCOUNTS = 12;
  private static final int BALANCE = 1000;
  private static final long MONEY = (long) ACCOUNTS * BALANCE;
  private static final int TRACKED = 5;
  private static final String DONE = "done";

  /** A wait that often ends just when it is served, in seconds. */
  private static final String SOON = "0.002";

  private static final String FILL =
      "redis.call('rpush', KEYS[1], ARGV[1]) redis.call('zadd', KEYS[2], ARGV[2], ARGV[1])"
          + " redis.call('xadd', KEYS[3], '*', 'e', ARGV[1])";

  private static final String SUM =
      "local sum = 0 for _, key in ipairs(KEYS) do sum = sum + redis.call('get', key) end"
          + " return sum";

  /** What indexes of no keys may still have. */
  private static final long SLACK_BYTES = 8 << 10;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Future<?>> running = new ArrayList<>();
  private @Nullable EngineServer server;
  private long emptyBytes;

  @AfterEach
  void stop() {
    threads.shutdownNow();
    if (server != null) {
      server.close();
    }
  }

  private EngineServer start(int loops) {
    EngineServer started = EngineServer.withLoops(loops);
    server = started;
    emptyBytes = started.engine().keyspace().arena().usedBytes();
    return started;
  }

  /** Every other client is over TCP. Clients are made by the test's thread. */
  private static TestClient client(EngineServer engine, int number) {
    return number % 2 == 0 ? engine.client() : engine.clientInProcess();
  }

  private void run(Callable<?> work) {
    running.add(threads.submit(work));
  }

  private void awaitAll() throws Exception {
    for (Future<?> future : running) {
      future.get(TestServer.PATIENCE.toSeconds() * 10, TimeUnit.SECONDS);
    }
    running.clear();
  }

  private static String seed() {
    return "-Dpillion.seed=" + SEED;
  }

  // --- transactions and commands of several keys

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void moneyNeitherComesNorGoes(int loops) throws Exception {
    EngineServer engine = start(loops);
    TestClient setup = engine.client();
    List<Object> mset = new ArrayList<>(List.of("MSET"));
    List<Object> mget = new ArrayList<>(List.of("MGET"));
    List<Object> sum = new ArrayList<>(List.of("EVAL", SUM, ACCOUNTS));
    for (int i = 0; i < ACCOUNTS; i++) {
      mset.addAll(List.of("account:" + i, BALANCE));
      mget.add("account:" + i);
      sum.add("account:" + i);
    }
    setup.ok(mset.toArray());
    AtomicBoolean over = new AtomicBoolean();
    int tellers = 4;
    for (int t = 0; t < tellers; t++) {
      TestClient r = client(engine, t);
      Random random = new Random(SEED + t);
      run(
          () -> {
            for (int i = 0; i < 250 * STRESS; i++) {
              transfer(r, random);
              assertRepliesInOrder(r, random);
            }
            return DONE;
          });
    }
    List<Future<?>> working = List.copyOf(running);
    for (int a = 0; a < 2; a++) {
      TestClient auditor = client(engine, a);
      run(
          () -> {
            while (!over.get()) {
              assertBalanced(auditor.call(mget.toArray()).texts());
              auditor.ok("MULTI");
              for (int i = 0; i < ACCOUNTS; i++) {
                auditor.call("GET", "account:" + i).isQueued();
              }
              assertBalanced(auditor.call("EXEC").texts());
              assertThat(auditor.call(sum.toArray()).integer()).as(seed()).isEqualTo(MONEY);
            }
            return DONE;
          });
    }
    try {
      for (Future<?> teller : working) {
        teller.get(TestServer.PATIENCE.toSeconds() * 10, TimeUnit.SECONDS);
      }
    } finally {
      over.set(true);
    }
    awaitAll();
    assertBalanced(setup.call(mget.toArray()).texts());
    assertNothingIsLeft(engine, setup);
  }

  private static void assertBalanced(List<String> balances) {
    assertThat(balances.stream().mapToLong(Long::parseLong).sum()).as(seed()).isEqualTo(MONEY);
  }

  private static void transfer(TestClient r, Random random) {
    String from = "account:" + random.nextInt(ACCOUNTS);
    String to = "account:" + random.nextInt(ACCOUNTS);
    int amount = random.nextInt(100);
    switch (random.nextInt(3)) {
      case 0 -> {
        r.send("MULTI");
        r.send("DECRBY", from, amount);
        r.send("INCRBY", to, amount);
        r.send("EXEC");
        r.receive().isOk();
        r.receive().isQueued();
        r.receive().isQueued();
        assertThat(r.receive().elements()).as(seed()).hasSize(2);
      }
      case 1 -> {
        // Read, then write only if nobody else has written meanwhile.
        r.ok("WATCH", from, to);
        long a = Long.parseLong(r.call("GET", from).text());
        long b = Long.parseLong(r.call("GET", to).text());
        r.ok("MULTI");
        if (!from.equals(to)) {
          r.call("MSET", from, a - amount, to, b + amount).isQueued();
        }
        r.call("EXEC");
      }
      default ->
          r.call(
                  "EVAL",
                  "redis.call('decrby',KEYS[1],ARGV[1]) redis.call('incrby',KEYS[2],ARGV[1])",
                  2,
                  from,
                  to,
                  amount)
              .isNil();
    }
  }

  /** A pipeline's replies come in the order of its commands, a wait among them included. */
  private static void assertRepliesInOrder(TestClient r, Random random) {
    int commands = 1 + random.nextInt(20);
    boolean[] waits = new boolean[commands];
    for (int i = 0; i < commands; i++) {
      waits[i] = random.nextInt(200) == 0;
      if (waits[i]) {
        r.send("BLPOP", "nobody fills this", "0.001");
      } else {
        r.send("ECHO", i);
      }
    }
    for (int i = 0; i < commands; i++) {
      if (waits[i]) {
        r.receive().isNilArray();
      } else {
        r.receive().is(Integer.toString(i));
      }
    }
  }

  // --- elements

  /** A worker: what it was given, in order. */
  private record Taken(Collection<String> elements) {
    Taken() {
      this(new ConcurrentLinkedQueue<>());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void elementsAreNeitherLostNorDoubled(int loops) throws Exception {
    EngineServer engine = start(loops);
    TestClient setup = engine.client();
    setup.ok("XGROUP", "CREATE", "stream", "group", "$", "MKSTREAM");
    int producers = 3;
    int each = 200 * STRESS;
    int all = producers * each;
    List<Taken> fromList = new ArrayList<>();
    List<Taken> fromSet = new ArrayList<>();
    List<Taken> fromStream = new ArrayList<>();
    // Two consumers of each kind; those of lists take what was moved through another list.
    for (int c = 0; c < 2; c++) {
      TestClient mover = client(engine, c);
      run(() -> move(mover, SOON));
      TestClient popper = client(engine, c + 1);
      Taken list = new Taken();
      fromList.add(list);
      run(() -> pop(popper, list, SOON));
      TestClient setPopper = client(engine, c);
      Taken set = new Taken();
      fromSet.add(set);
      run(() -> popLowest(setPopper, set, SOON));
      TestClient reader = client(engine, c + 1);
      String name = "consumer" + c;
      Taken stream = new Taken();
      fromStream.add(stream);
      run(() -> read(reader, name, stream));
    }
    List<Future<?>> producing = new ArrayList<>();
    for (int p = 0; p < producers; p++) {
      TestClient r = client(engine, p);
      int number = p;
      Random random = new Random(SEED + p);
      producing.add(threads.submit(() -> produce(r, number, each, random)));
    }
    for (Future<?> future : producing) {
      future.get(TestServer.PATIENCE.toSeconds() * 10, TimeUnit.SECONDS);
    }
    TestServer.await(
        "all elements to be taken: " + seed(),
        () -> count(fromList) >= all && count(fromSet) >= all && count(fromStream) >= all);
    // One end marker for each consumer and mover.
    for (int i = 0; i < 2; i++) {
      setup.call("RPUSH", "second", DONE);
      setup.call("ZADD", "set", 1e9 + i, DONE + i);
    }
    setup.call("RPUSH", "first", DONE, DONE);
    setup.call("SET", DONE, "1");
    awaitAll();
    for (List<Taken> taken : List.of(fromList, fromSet, fromStream)) {
      assertComplete(taken, producers, each);
    }
    setup.call("LLEN", "first").is(0);
    setup
        .call("XPENDING", "stream", "group")
        .satisfies(
            summary ->
                assertThat(((List<?>) Objects.requireNonNull(summary)).get(0))
                    .as(seed())
                    .isEqualTo(0L));
    assertNothingIsLeft(engine, setup);
  }

  private static int count(List<Taken> taken) {
    return taken.stream().mapToInt(each -> each.elements().size()).sum();
  }

  private static Object produce(TestClient r, int number, int each, Random random) {
    for (int i = 0; i < each; i++) {
      String element = number + ":" + i;
      int way = random.nextInt(3);
      if (way == 0) {
        r.call("EVAL", FILL, 3, "first", "set", "stream", element, i).isNil();
      } else if (way == 1) {
        r.call("RPUSH", "first", element);
        r.call("ZADD", "set", i, element);
        r.call("XADD", "stream", "*", "e", element);
      } else {
        r.send("MULTI");
        r.send("RPUSH", "first", element);
        r.send("ZADD", "set", i, element);
        r.send("XADD", "stream", "*", "e", element);
        r.send("EXEC");
        for (int reply = 0; reply < 5; reply++) {
          r.receive();
        }
      }
    }
    return DONE;
  }

  private static Object move(TestClient r, String seconds) {
    while (true) {
      Answer moved = r.call("BLMOVE", "first", "second", "LEFT", "RIGHT", seconds);
      if (moved.value() instanceof String element && element.equals(DONE)) {
        r.call("LREM", "second", "1", DONE);
        return DONE;
      }
    }
  }

  private static Object pop(TestClient r, Taken taken, String seconds) {
    while (true) {
      Answer popped = r.call("BLPOP", "second", seconds);
      if (popped.value() instanceof List<?> pair) {
        String element = String.valueOf(pair.get(1));
        if (element.equals(DONE)) {
          return DONE;
        }
        taken.elements().add(element);
      }
    }
  }

  private static Object popLowest(TestClient r, Taken taken, String seconds) {
    while (true) {
      Answer popped = r.call("BZPOPMIN", "set", seconds);
      if (popped.value() instanceof List<?> triple) {
        String element = String.valueOf(triple.get(1));
        if (element.startsWith(DONE)) {
          return DONE;
        }
        taken.elements().add(element);
      }
    }
  }

  private static Object read(TestClient r, String name, Taken taken) {
    while (true) {
      Answer read =
          r.call(
              "XREADGROUP",
              "GROUP",
              "group",
              name,
              "COUNT",
              "3",
              "BLOCK",
              "2",
              "STREAMS",
              "stream",
              ">");
      if (read.value() instanceof List<?> streams) {
        for (Object entry : (List<?>) ((List<?>) Objects.requireNonNull(streams.get(0))).get(1)) {
          List<?> idAndFields = (List<?>) Objects.requireNonNull(entry);
          taken
              .elements()
              .add(String.valueOf(((List<?>) Objects.requireNonNull(idAndFields.get(1))).get(1)));
          r.call("XACK", "stream", "group", String.valueOf(idAndFields.get(0))).is(1);
        }
      } else if (r.call("EXISTS", DONE).integer() == 1) {
        return DONE;
      }
    }
  }

  private static void assertComplete(List<Taken> taken, int producers, int each) {
    List<String> all = new ArrayList<>();
    taken.forEach(one -> all.addAll(one.elements()));
    List<String> expected = new ArrayList<>();
    for (int p = 0; p < producers; p++) {
      for (int i = 0; i < each; i++) {
        expected.add(p + ":" + i);
      }
    }
    Collections.sort(all);
    Collections.sort(expected);
    assertThat(all).as(seed()).isEqualTo(expected);
  }

  /** A list keeps each producer's order, however many take from it: one mover, one consumer. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void aQueueKeepsItsOrder(int loops) throws Exception {
    EngineServer engine = start(loops);
    TestClient setup = engine.client();
    Taken taken = new Taken();
    TestClient mover = client(engine, 0);
    TestClient popper = client(engine, 1);
    // Nobody looks again by himself: whoever is not woken waits in vain.
    run(() -> move(mover, "0"));
    run(() -> pop(popper, taken, "0"));
    int producers = 3;
    int each = 200 * STRESS;
    List<Future<?>> producing = new ArrayList<>();
    for (int p = 0; p < producers; p++) {
      TestClient r = client(engine, p);
      int number = p;
      producing.add(
          threads.submit(
              () -> {
                for (int i = 0; i < each; i++) {
                  r.call("RPUSH", "first", number + ":" + i);
                }
              }));
    }
    for (Future<?> future : producing) {
      future.get(TestServer.PATIENCE.toSeconds() * 10, TimeUnit.SECONDS);
    }
    TestServer.await("all elements to be taken", () -> taken.elements().size() == producers * each);
    setup.call("RPUSH", "first", DONE);
    TestServer.await("the mover to end", () -> running.get(0).isDone());
    setup.call("RPUSH", "second", DONE);
    awaitAll();
    assertInOrder(taken.elements());
    assertNothingIsLeft(engine, setup);
  }

  /** What each producer numbered comes in its order, with nothing left out. */
  private static void assertInOrder(Collection<String> elements) {
    Map<String, Integer> last = new HashMap<>();
    for (String element : elements) {
      String producer = element.substring(0, 1);
      int number = Integer.parseInt(element.substring(2));
      assertThat(number)
          .as("of producer %s, %s", producer, seed())
          .isEqualTo(last.getOrDefault(producer, -1) + 1);
      last.put(producer, number);
    }
  }

  /** Questions and answers in turn: nobody comes later who would wake whoever was not woken. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void everyWaiterIsWoken(int loops) throws Exception {
    EngineServer engine = start(loops);
    TestClient setup = engine.client();
    int questions = 100 * STRESS;
    for (int pair = 0; pair < 3; pair++) {
      TestClient asking = client(engine, pair);
      TestClient answering = client(engine, pair / 2);
      String ask = "ask:" + pair;
      String answer = "answer:" + pair;
      Random random = new Random(SEED + pair);
      Random other = new Random(SEED - pair);
      run(
          () -> {
            for (int i = 0; i < questions; i++) {
              push(asking, ask, i, random);
              asking.call("BLPOP", answer, "0").isList(answer, Integer.toString(i));
            }
            return DONE;
          });
      run(
          () -> {
            for (int i = 0; i < questions; i++) {
              answering.call("BLMOVE", ask, "heard", "LEFT", "RIGHT", "0").is(Integer.toString(i));
              push(answering, answer, i, other);
            }
            return DONE;
          });
    }
    awaitAll();
    assertNothingIsLeft(engine, setup);
  }

  private static void push(TestClient r, String key, int element, Random random) {
    switch (random.nextInt(3)) {
      case 0 -> r.call("RPUSH", key, element).is(1);
      case 1 -> r.call("EVAL", "return redis.call('rpush', KEYS[1], ARGV[1])", 1, key, element);
      default -> {
        r.ok("MULTI");
        r.call("RPUSH", key, element).isQueued();
        r.call("EXEC");
      }
    }
  }

  /** Who waits longest is served first, wherever he is connected. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void waitersAreServedInOrder(int loops) {
    EngineServer engine = start(loops);
    TestClient setup = engine.client();
    Random random = new Random(SEED);
    int waiters = 12;
    List<TestClient> clients =
        IntStream.range(0, waiters).mapToObj(i -> client(engine, i)).toList();
    for (int round = 0; round < 5 * STRESS; round++) {
      for (int i = 0; i < waiters; i++) {
        switch (random.nextInt(3)) {
          case 0 -> clients.get(i).send("BLPOP", "other", "queue", "0");
          case 1 -> clients.get(i).send("BLMOVE", "queue", "moved", "LEFT", "RIGHT", "0");
          default -> clients.get(i).send("BLMPOP", "0", "1", "queue", "LEFT");
        }
        engine.awaitBlocked(i + 1);
      }
      List<Object> push = new ArrayList<>(List.of("RPUSH", "queue"));
      IntStream.range(0, waiters).forEach(push::add);
      setup.call(push.toArray()).is(waiters);
      for (int i = 0; i < waiters; i++) {
        Object value = clients.get(i).receive().value();
        Object element = value;
        while (element instanceof List<?> list) {
          element = list.get(list.size() - 1);
        }
        assertThat(element).as(seed()).isEqualTo(Integer.toString(i));
      }
      setup.call("DEL", "moved");
    }
    assertNothingIsLeft(engine, setup);
  }

  // --- what clients keep copies of

  /**
   * A client that is told that its copy is void, and asks again, gets something newer; and in the
   * end every copy that was not taken back is right.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void invalidationsNeverComeBeforeTheirValues(int loops) throws Exception {
    EngineServer engine = start(loops);
    TestClient setup = engine.client();
    for (int k = 0; k < TRACKED; k++) {
      setup.ok("SET", "tracked:" + k, "0");
    }
    AtomicBoolean over = new AtomicBoolean();
    List<Future<?>> writing = new ArrayList<>();
    for (int w = 0; w < 2; w++) {
      TestClient r = client(engine, w);
      Random random = new Random(SEED + w);
      writing.add(
          threads.submit(
              () -> {
                for (int i = 0; i < 400 * STRESS; i++) {
                  increment(r, "tracked:" + random.nextInt(TRACKED), random);
                }
              }));
    }
    Map<TestClient, Map<String, Long>> kept = new HashMap<>();
    for (int c = 0; c < 3; c++) {
      TestClient reader = client(engine, c);
      boolean broadcast = c == 2;
      reader.hello3();
      if (broadcast) {
        reader.ok("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "tracked:");
      } else {
        reader.ok("CLIENT", "TRACKING", "ON");
      }
      Random random = new Random(SEED - c);
      Map<String, Long> copies = new HashMap<>();
      kept.put(reader, copies);
      run(() -> keepCopies(reader, random, over, broadcast, copies));
    }
    try {
      for (Future<?> writer : writing) {
        writer.get(TestServer.PATIENCE.toSeconds() * 10, TimeUnit.SECONDS);
      }
    } finally {
      over.set(true);
    }
    awaitAll();
    kept.forEach(
        (reader, copies) -> {
          // Nobody writes any more; whatever took a copy back is before this answer.
          reader.call("PING");
          takeBack(reader, copies);
          copies.forEach((key, value) -> setup.call("GET", key).is(Long.toString(value)));
        });
    assertNothingIsLeft(engine, setup);
  }

  private static void increment(TestClient r, String key, Random random) {
    switch (random.nextInt(3)) {
      case 0 -> r.call("INCR", key);
      case 1 -> r.call("EVAL", "return redis.call('incr', KEYS[1])", 1, key);
      default -> {
        r.ok("MULTI");
        r.call("INCR", key).isQueued();
        r.call("EXEC");
      }
    }
  }

  /** Reads, in one of the ways of reading, of which one also writes. */
  private static long read(TestClient r, String key, Random random) {
    switch (random.nextInt(4)) {
      case 0 -> {
        return Long.parseLong(r.call("GET", key).text());
      }
      case 1 -> {
        return Long.parseLong(r.call("EVAL", "return redis.call('get', KEYS[1])", 1, key).text());
      }
      case 2 -> {
        r.send("ECHO", "before");
        r.send("MGET", key);
        r.receive().is("before");
        return Long.parseLong(r.receive().texts().get(0));
      }
      default -> {
        r.ok("MULTI");
        r.call("GET", key).isQueued();
        r.call("INCR", key).isQueued();
        return Long.parseLong(String.valueOf(r.call("EXEC").elements().get(0)));
      }
    }
  }

  private static Object keepCopies(
      TestClient r,
      Random random,
      AtomicBoolean over,
      boolean broadcast,
      Map<String, Long> copies) {
    Map<String, Long> seen = new HashMap<>();
    boolean last;
    do {
      last = over.get();
      for (int i = 0; i < 20; i++) {
        String key = "tracked:" + random.nextInt(TRACKED);
        if (copies.containsKey(key)) {
          r.call("PING");
          takeBack(r, copies);
          continue;
        }
        long value = read(r, key, random);
        // What came before this value says nothing of it: were it meant, it would be lost here.
        takeBack(r, copies);
        // Void means changed: what is read afterwards is newer than any copy before. A broadcast
        // is told at the end of a turn, which may have answered this client with the new value.
        long least = seen.getOrDefault(key, -1L) + (broadcast ? 0 : 1);
        assertThat(value).as("%s %s", key, seed()).isGreaterThanOrEqualTo(least);
        seen.put(key, value);
        copies.put(key, value);
      }
    } while (!last);
    return DONE;
  }

  /** Forgets the copies that pushes received so far say are void. */
  private static void takeBack(TestClient r, Map<String, Long> copies) {
    for (Answer.Push push : r.takePushes()) {
      if (push.elements().get(1) instanceof List<?> voided) {
        voided.forEach(key -> copies.remove(String.valueOf(key)));
      } else {
        copies.clear();
      }
    }
  }

  // --- the end

  /**
   * After everything was deleted, no key is left, nobody waits or watches, and there is no memory
   * but the engine's own.
   */
  private void assertNothingIsLeft(EngineServer engine, TestClient r) {
    for (String key : r.call("KEYS", "*").texts()) {
      r.call("DEL", key).is(1);
    }
    r.call("DBSIZE").is(0);
    engine.awaitBlocked(0);
    engine
        .engine()
        .hold(
            () -> {
              assertThat(engine.engine().keyspace().database(0).awaitedKeys().keys())
                  .as(seed())
                  .isEmpty();
              assertThat(engine.engine().deadlineCount()).as(seed()).isZero();
              assertThat(engine.engine().watchedKeyCount()).as(seed()).isZero();
            });
    TestServer.await(
        "the memory to be free: " + seed(),
        () -> engine.engine().keyspace().arena().usedBytes() <= emptyBytes + SLACK_BYTES);
  }
}
