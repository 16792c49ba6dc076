package io.pillion.bench;

import com.sun.management.OperatingSystemMXBean;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import javax.cache.Cache;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Runs all, and prints what each costs beside its peers. */
public final class CacheBenchmarks {
  private static final int ROUNDS = 5;
  private static final int CALLS = 40_000;
  private static final int ENTRIES = 1_000_000;
  private static final byte[] VALUE =
      "a string of some length, which is stored".getBytes(StandardCharsets.UTF_8);

  private CacheBenchmarks() {}

  public static void main(String[] args) throws RunnerException {
    Map<String, Double> reads = reads();
    Map<String, double[]> costs = clientCosts();
    System.out.println();
    reads.forEach((what, nanos) -> System.out.printf("get, %-25s %10.3f us%n", what, nanos / 1e3));
    line("near, by value / caffeine by value", reads, "PILLION_NEAR bean", "CAFFEINE bean");
    line("near, immutable / caffeine by value", reads, "PILLION_NEAR string", "CAFFEINE string");
    line("redisson / near, by value", reads, "REDISSON bean", "PILLION_NEAR bean");
    line("redisson / near, immutable", reads, "REDISSON string", "PILLION_NEAR string");
    System.out.println();
    costs.forEach(
        (what, cost) ->
            System.out.printf(
                "%-22s CPU %7.2f us (%.2f-%.2f)%n",
                what, cost[ROUNDS / 2], cost[0], cost[ROUNDS - 1]));
    for (String operation : new String[] {"get", "put"}) {
      double own = costs.get("pillion " + operation)[ROUNDS / 2];
      System.out.printf(
          "client CPU of %s: %.2f times lettuce, %.2f times redisson%n",
          operation,
          own / costs.get("lettuce " + operation)[ROUNDS / 2],
          own / costs.get("redisson " + operation)[ROUNDS / 2]);
    }
    bulkAndClear();
    System.exit(0);
  }

  private static void line(String what, Map<String, Double> reads, String one, String other) {
    System.out.printf("%-40s %8.2f%n", what, reads.get(one) / reads.get(other));
  }

  private static Map<String, Double> reads() throws RunnerException {
    Map<String, Double> reads = new LinkedHashMap<>();
    for (RunResult result :
        new Runner(
                new OptionsBuilder()
                    .include(CacheReads.class.getName())
                    .jvmArgsAppend("-Dpillion.bench.port=" + Provider.port())
                    .build())
            .run()) {
      reads.put(
          result.getParams().getParam("provider") + " " + result.getParams().getParam("values"),
          result.getPrimaryResult().getScore());
    }
    return reads;
  }

  /** CPU time of this process per call, in microseconds, ascending; rounds are interleaved. */
  private static Map<String, double[]> clientCosts() {
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
    Map<String, double[]> costs = new LinkedHashMap<>();
    calls.forEach((what, call) -> cost(call));
    for (int round = 0; round < ROUNDS; round++) {
      int column = round;
      calls.forEach(
          (what, call) ->
              costs.computeIfAbsent(what, name -> new double[ROUNDS])[column] = cost(call));
    }
    costs.values().forEach(Arrays::sort);
    client.shutdown();
    return costs;
  }

  private static double cost(IntConsumer call) {
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long before = system.getProcessCpuTime();
    for (int i = 0; i < CALLS; i++) {
      call.accept(i);
    }
    return (system.getProcessCpuTime() - before) / 1e3 / CALLS;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void bulkAndClear() {
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
    System.out.printf(
        "clear of %,d entries: %.2f ms (%.2f-%.2f)%n", ENTRIES, clears[1], clears[0], clears[2]);
  }

  private static void getAll(Cache<String, String> cache) {
    double[] one = new double[ROUNDS];
    double[] hundred = new double[ROUNDS];
    for (int round = -2; round < ROUNDS; round++) {
      double single = micros(2_000, i -> cache.get("key:" + i));
      double bulk =
          micros(
              2_000,
              i -> {
                Set<String> keys = new LinkedHashSet<>();
                for (int k = 0; k < 100; k++) {
                  keys.add("key:" + (i * 100 + k) % ENTRIES);
                }
                cache.getAll(keys);
              });
      if (round >= 0) {
        one[round] = single;
        hundred[round] = bulk;
      }
    }
    Arrays.sort(one);
    Arrays.sort(hundred);
    System.out.printf(
        "getAll of 100: %.1f us, get: %.1f us, ratio %.2f%n",
        hundred[ROUNDS / 2], one[ROUNDS / 2], hundred[ROUNDS / 2] / one[ROUNDS / 2]);
  }

  private static double micros(int calls, IntConsumer call) {
    long start = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      call.accept(i);
    }
    return (System.nanoTime() - start) / 1e3 / calls;
  }
}
