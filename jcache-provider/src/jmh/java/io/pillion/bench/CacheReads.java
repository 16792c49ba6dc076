package io.pillion.bench;

import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import javax.cache.Cache;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One caller that gets entries which are there. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CacheReads {
  private static final int KEYS = 1_000;

  @Param public Provider provider;

  @Param({"bean", "string"})
  public String values;

  private final String[] keys =
      IntStream.range(0, KEYS).mapToObj(i -> "key:" + i).toArray(String[]::new);
  private Cache<String, ?> cache;
  private int next;

  @Setup
  public void fill() {
    if (values.equals("bean")) {
      cache = filled(Product.class, Product::new);
    } else {
      cache = filled(String.class, i -> "a string of some length, number " + i);
    }
    for (String key : keys) {
      cache.get(key);
    }
  }

  private <V> Cache<String, V> filled(Class<V> type, java.util.function.IntFunction<V> value) {
    Cache<String, V> created = provider.createCache("reads-" + values, type);
    for (int i = 0; i < KEYS; i++) {
      created.put(keys[i], value.apply(i));
    }
    return created;
  }

  @Benchmark
  public Object get() {
    int i = next;
    next = i + 1 == KEYS ? 0 : i + 1;
    return cache.get(keys[i]);
  }
}
