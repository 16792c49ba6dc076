package io.pillion.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.cache.DeadLetter;
import io.pillion.cache.EngineCache;
import io.pillion.cache.WriteBehind;
import io.pillion.cache.WriteBehindSettings;
import io.pillion.client.Awaiting;
import java.net.URI;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.FactoryBuilder;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.integration.CacheWriter;
import org.junit.jupiter.api.Test;

/** The example of docs/jcache.md, and the same in properties. */
class WriteBehindExampleTest {
  private static final Map<Object, Object> ROWS = new ConcurrentHashMap<>();

  @Test
  @SuppressWarnings("unchecked") // the standard asks with a raw class
  void theExample() {
    CacheWriter<Integer, String> writer = new Rows<>();
    try (CacheManager manager =
        new PillionCachingProvider()
            .getCacheManager(URI.create("embedded:write-behind-example"), null)) {
      // docs: begin
      PillionConfiguration<Integer, String> configuration =
          new PillionConfiguration<Integer, String>()
              .setWriteBehind(
                  WriteBehindSettings.defaults()
                      .withBatchSize(200)
                      .withMaxDelay(Duration.ofMillis(50))
                      .withCapacity(50_000, Duration.ofSeconds(2)));
      configuration
          .setTypes(Integer.class, String.class)
          .setWriteThrough(true)
          .setCacheWriterFactory(new FactoryBuilder.SingletonFactory<>(writer));
      Cache<Integer, String> names = manager.createCache("names", configuration);
      names.put(1, "Ada");

      WriteBehind<Integer, String> behind =
          Objects.requireNonNull(names.unwrap(EngineCache.class).writeBehind());
      long waiting = behind.length(); // changes on their way to the writer
      Duration lag = behind.age(); // how long the oldest has waited
      for (DeadLetter<Integer, String> letter : behind.deadLetters(100)) {
        behind.retry(letter.id()); // or discard
      }
      // docs: end
      assertThat(waiting).isNotNegative();
      assertThat(lag).isBetween(Duration.ZERO, Duration.ofMinutes(1));
      Awaiting.until(() -> behind.length() == 0);
      assertThat(behind.age()).isZero();
      assertThat(ROWS).containsEntry(1, "Ada");
      assertThat(new PillionConfiguration<>(configuration)).isEqualTo(configuration);
    }
  }

  @Test
  void propertiesSayTheSame() {
    Properties properties = new Properties();
    properties.setProperty("pillion.write-behind", "true");
    properties.setProperty("pillion.write-behind.batch-size", "10");
    properties.setProperty("pillion.write-behind.max-delay", "PT1H");
    properties.setProperty("pillion.write-behind.retries", "3");
    properties.setProperty("pillion.write-behind.back-off", "PT0.01S");
    properties.setProperty("pillion.write-behind.max-back-off", "PT1S");
    properties.setProperty("pillion.write-behind.capacity", "100");
    properties.setProperty("pillion.write-behind.full-wait", "PT0S");
    properties.setProperty("pillion.write-behind.lease", "PT2S");
    properties.setProperty("pillion.caches.drained.write-behind.drain", "PT9S");
    try (CacheManager manager =
        new PillionCachingProvider()
            .getCacheManager(URI.create("embedded:write-behind-properties"), null, properties)) {
      Cache<Object, Object> cache =
          manager.createCache(
              "drained",
              new MutableConfiguration<Object, Object>()
                  .setWriteThrough(true)
                  .setCacheWriterFactory(new FactoryBuilder.SingletonFactory<>(new Rows<>())));
      cache.put("later", "1");
      assertThat(ROWS).doesNotContainKey("later");
      cache.close();
      assertThat(ROWS).containsEntry("later", "1");
    }
  }

  /** Stands for a table. */
  private static final class Rows<K, V> implements CacheWriter<K, V> {
    @Override
    public void write(Cache.Entry<? extends K, ? extends V> entry) {
      ROWS.put(entry.getKey(), entry.getValue());
    }

    @Override
    public void writeAll(Collection<Cache.Entry<? extends K, ? extends V>> entries) {
      entries.forEach(this::write);
      entries.clear();
    }

    @Override
    public void delete(Object key) {
      ROWS.remove(key);
    }

    @Override
    public void deleteAll(Collection<?> keys) {
      keys.forEach(this::delete);
      keys.clear();
    }
  }
}
