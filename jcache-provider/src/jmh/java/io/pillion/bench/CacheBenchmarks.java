package io.pillion.bench;

import com.sun.management.OperatingSystemMXBean;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import javax.cache.Cache;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Runs all, and prints what each costs beside its peers and its bar, as a table for the docs. */
public final class CacheBenchmarks {
  private static final int ROUNDS = 7;
  private static final int CALLS = 40_000;
  private static final int CALLERS = 8;
  private static final int ENTRIES = 1_000_000;
  private static final byte[] VALUE =
      "a string of some length, which is stored".getBytes(StandardCharsets.UTF_8);

  private final List<String> rows = new ArrayList<>();

  private CacheBenchmarks() {}

  public static void main(String[] args) throws RunnerException {
    System.out.println("before: " + load());
    CacheBenchmarks table = new CacheBenchmarks();
    table.reads();
    table.clientCosts();
    table.bulkAndClear();
    System.out.println("after: " + load());
    System.out.println();
    System.out.println("| what | measured | bar |");
    System.out.println("|---|---|---|");
    table.rows.forEach(System.out::println);
    System.exit(0);
  }

  private static String load() {
    return String.format(
        "load %.1f on %d processors, Java %s",
        system().getSystemLoadAverage(),
        system().getAvailableProcessors(),
        System.getProperty("java.version"));
  }

  private static OperatingSystemMXBean system() {
    return (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  }

  private void row(String what, String measured, String bar, boolean met) {
    rows.add(String.format("| %s | %s | %s%s |", what, measured, bar, met ? "" : " (missed)"));
  }

  private void atMost(String what, String measured, double value, double bar, String unit) {
    row(what, measured, String.format("≤ %s%s", number(bar), unit), value <= bar);
  }

  private static String number(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }

  private void reads() throws RunnerException {
    Map<String, Double> micros = measuredReads();
    double near = micros.get("PILLION_NEAR string");
    double nearByValue = micros.get("PILLION_NEAR bean");
    double caffeine = micros.get("CAFFEINE bean");
    double redisson = micros.get("REDISSON string");
    double embedded = micros.get("PILLION_EMBEDDED string");
    atMost(
        "near hit, by value: times caffeine-jcache by value",
        String.format("%.2f (%.2f µs; %.2f µs)", nearByValue / caffeine, nearByValue, caffeine),
        nearByValue / caffeine,
        1,
        "");
    atMost("near hit, immutable value", String.format("%.3f µs", near), near, 0.2, " µs");
    row(
        "Redisson's get: times a near hit, immutable value",
        String.format("%.0f (%.1f µs)", redisson / near, redisson),
        "≥ 100",
        redisson / near >= 100);
    atMost(
        "embedded get",
        String.format("%.2f µs (by value %.2f µs)", embedded, micros.get("PILLION_EMBEDDED bean")),
        embedded,
        8,
        " µs");
    rows.add(String.format("| remote get | %.1f µs | |", micros.get("PILLION_REMOTE string")));
  }

  /** Microseconds of a read, of what the table shows. */
  private static Map<String, Double> measuredReads() throws RunnerException {
    Map<String, Double> micros = new LinkedHashMap<>();
    measure("bean", "PILLION_NEAR,CAFFEINE,PILLION_EMBEDDED", micros);
    measure("string", "PILLION_NEAR,PILLION_EMBEDDED,PILLION_REMOTE,REDISSON", micros);
    return micros;
  }

  private static void measure(String values, String providers, Map<String, Double> micros)
      throws RunnerException {
    for (RunResult result :
        new Runner(
                new OptionsBuilder()
                    .include(CacheReads.class.getName())
                    .param("values", values)
                    .param("provider", providers.split(","))
                    .jvmArgsAppend("-Dpillion.bench.port=" + Provider.port())
                    .output(System.getProperty("pillion.bench.log") + "." + values)
                    .build())
            .run()) {
      micros.put(
          result.getParams().getParam("provider") + " " + values,
          result.getPrimaryResult().getScore() / 1e3);
    }
  }

  /** CPU time of this process per call; rounds are interleaved. */
  private void clientCosts() {
    Cache<String, String> pillion = Provider.PILLION_REMOTE.createCache("cpu", String.class);
    Cache<String, String> redisson = Provider.REDISSON.createCache("cpu-redisson", String.class);
    RedisClient client = RedisClient.create("redis://127.0.0.1:" + Provider.port());
    StatefulRedisConnection<byte[], byte[]> lettuce = client.connect(ByteArrayCodec.INSTANCE);
    String value = new String(VALUE, StandardCharsets.UTF_8);
    Map<String, IntConsumer> calls = new LinkedHashMap<>();
    calls.put("pillion put", i -> pillion.put("key:" + i % 1_000, value));
    calls.put("lettuce put", i -> lettuce.sync().set(bytes("key:" + i % 1_000), VALUE));
    calls.put("redisson put", i -> redisson.put("key:" + i % 1_000, value));
    calls.put("pillion get", i -> pillion.get("key:" + i % 1_000));
    calls.put("lettuce get", i -> lettuce.sync().get(bytes("key:" + i % 1_000)));
    calls.put("redisson get", i -> redisson.get("key:" + i % 1_000));
    for (int callers : new int[] {1, CALLERS}) {
      clientCosts(calls, callers);
    }
    client.shutdown();
  }

  private void clientCosts(Map<String, IntConsumer> calls, int callers) {
    Map<String, double[]> costs = new LinkedHashMap<>();
    calls.forEach((what, call) -> cost(call, callers));
    for (int round = 0; round < ROUNDS; round++) {
      int column = round;
      calls.forEach(
          (what, call) ->
              costs.computeIfAbsent(what, name -> new double[ROUNDS])[column] =
                  cost(call, callers));
    }
    costs.values().forEach(Arrays::sort);
    for (String operation : new String[] {"get", "put"}) {
      String what = operation + ", " + (callers == 1 ? "one caller" : callers + " callers");
      double[] own = costs.get("pillion " + operation);
      beside(what, own, "plain Lettuce", costs.get("lettuce " + operation), 1.3);
      beside(what, own, "Redisson", costs.get("redisson " + operation), 0.6);
    }
  }

  private void beside(String what, double[] own, String whose, double[] peer, double bar) {
    double ratio = own[ROUNDS / 2] / peer[ROUNDS / 2];
    atMost(
        "client CPU of " + what + ": times " + whose,
        String.format("%.2f (%s; %s)", ratio, spread(own), spread(peer)),
        ratio,
        bar,
        "");
  }

  private static String spread(double[] sorted) {
    return String.format(
        "%.1f µs, %.1f–%.1f", sorted[ROUNDS / 2], sorted[0], sorted[sorted.length - 1]);
  }

  private static double cost(IntConsumer call, int callers) {
    long before = system().getProcessCpuTime();
    AtomicInteger next = new AtomicInteger();
    Runnable caller =
        () -> {
          for (int i = next.getAndIncrement(); i < CALLS; i = next.getAndIncrement()) {
            call.accept(i);
          }
        };
    List<Thread> others = new ArrayList<>();
    for (int i = 1; i < callers; i++) {
      Thread other = new Thread(caller);
      others.add(other);
      other.start();
    }
    caller.run();
    for (Thread other : others) {
      try {
        other.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    return (system().getProcessCpuTime() - before) / 1e3 / CALLS;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void bulkAndClear() {
    Cache<String, String> cache = Provider.PILLION_REMOTE.createCache("bulk", String.class);
    double[] clears = new double[3];
    for (int round = 0; round < clears.length; round++) {
      Map<String, String> some = new HashMap<>();
      for (int i = 0; i < ENTRIES; i++) {
        some.put("key:" + i, "value " + i);
        if (some.size() == 1_000) {
          cache.putAll(some);
          some.clear();
        }
      }
      if (round == 0) {
        getAll(cache);
      }
      long start = System.nanoTime();
      cache.clear();
      clears[round] = (System.nanoTime() - start) / 1e6;
    }
    Arrays.sort(clears);
    atMost(
        String.format("clear of %,d entries, at the caller", ENTRIES),
        String.format("%.2f ms (%.2f–%.2f)", clears[1], clears[0], clears[2]),
        clears[1],
        5,
        " ms");
  }

  private void getAll(Cache<String, String> cache) {
    List<Set<String>> asked = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      Set<String> keys = new LinkedHashSet<>();
      for (int k = 0; k < 100; k++) {
        keys.add("key:" + (i * 100 + k) % ENTRIES);
      }
      asked.add(keys);
    }
    double[] one = new double[ROUNDS];
    double[] hundred = new double[ROUNDS];
    for (int round = -2; round < ROUNDS; round++) {
      double single = micros(2_000, i -> cache.get("key:" + i));
      double bulk = micros(2_000, i -> cache.getAll(asked.get(i)));
      if (round >= 0) {
        one[round] = single;
        hundred[round] = bulk;
      }
    }
    Arrays.sort(one);
    Arrays.sort(hundred);
    double ratio = hundred[ROUNDS / 2] / one[ROUNDS / 2];
    atMost(
        "getAll of 100: times one get",
        String.format("%.2f (%s; %s)", ratio, spread(hundred), spread(one)),
        ratio,
        3,
        "");
  }

  private static double micros(int calls, IntConsumer call) {
    long start = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      call.accept(i);
    }
    return (System.nanoTime() - start) / 1e3 / calls;
  }
}
