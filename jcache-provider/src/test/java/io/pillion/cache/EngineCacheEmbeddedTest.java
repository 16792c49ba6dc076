package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The cache core on an engine of this JVM, which compares by itself. */
class EngineCacheEmbeddedTest extends EngineCacheContract {
  private static @Nullable Commands commands;

  @BeforeAll
  static void start() {
    commands = PillionClient.connect("embedded:EngineCacheEmbeddedTest");
  }

  @AfterAll
  static void stop() {
    if (commands != null) {
      commands.close();
    }
  }

  @Override
  protected Commands commands() {
    return Objects.requireNonNull(commands);
  }

  @Test
  void bulkOperationsNeedNoStackForTheirSize() throws Exception {
    EngineCache<Integer, Integer> cache =
        new EngineCache<>(commands(), CacheSettings.<Integer, Integer>named("large bulk").build());
    Map<Integer, Integer> entries = new HashMap<>();
    IntStream.range(0, 200_000).forEach(i -> entries.put(i, i));
    AtomicInteger found = new AtomicInteger();
    Thread small =
        new Thread(
            null,
            () -> {
              cache.putAll(entries);
              found.set(cache.getAll(entries.keySet()).size());
              cache.removeAll(entries.keySet());
            },
            "small-stack",
            256 * 1024);
    small.start();
    small.join();
    assertThat(found).hasValue(200_000);
    assertThat(cache.iterator().hasNext()).isFalse();
  }
}
