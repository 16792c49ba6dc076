package io.pillion.samples.storefront.reads;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.springframework.stereotype.Component;

/**
 * Times reads and counts those that reached the database. Whatever runs on a miss (a
 * {@code @Cacheable} method's body, a {@code CacheLoader}) says so with {@link #loaded}; caches
 * load on the thread that asked.
 */
@Component
public class ReadMeter {
  private static final ThreadLocal<Integer> LOADED = ThreadLocal.withInitial(() -> 0);

  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();

  /** Tells the read under way on this thread that so many keys came from the database. */
  public static void loaded(int keys) {
    LOADED.set(LOADED.get() + keys);
  }

  /** Runs a read of one key. */
  public <T> Metered<T> measure(String cache, String via, Supplier<T> read) {
    return measure(cache, via, 1, read);
  }

  /** Runs a read of so many keys. */
  public <T> Metered<T> measure(String cache, String via, int keys, Supplier<T> read) {
    LOADED.set(0);
    long start = System.nanoTime();
    try {
      T value = read.get();
      long micros = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - start);
      int loaded = Math.min(keys, LOADED.get());
      misses.add(loaded);
      hits.add(keys - loaded);
      return new Metered<>(value, new Read(cache, via, keys, loaded, micros));
    } finally {
      LOADED.remove();
    }
  }

  /** Keys answered without the database since this instance started. */
  public long hits() {
    return hits.sum();
  }

  /** Keys read from the database since this instance started. */
  public long misses() {
    return misses.sum();
  }
}
