package io.pillion.spring.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import io.pillion.spring.PillionAutoConfiguration;
import io.pillion.spring.jcache.PillionJCacheAutoConfiguration;
import java.util.Collection;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import javax.cache.CacheException;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.integration.CacheWriter;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Configuration;

/** Each cache fails as it was told to, and what a server cannot do is refused beforehand. */
class FailureByCacheTest {
  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  PillionAutoConfiguration.class,
                  PillionCacheAutoConfiguration.class,
                  PillionJCacheAutoConfiguration.class))
          .withUserConfiguration(Caching.class)
          .withPropertyValues(
              "pillion.jcache.enabled=true",
              "pillion.cache.failure.failures-to-open=2",
              "pillion.cache.failure.retry-after=1h",
              "pillion.cache.caches.open.failure.mode=open",
              "pillion.cache.caches.fast.failure.mode=fast");
  private final ApplicationContextRunner silent =
      runner.withBean(Commands.class, SilentCommands::new);

  @Test
  void anApplicationGoesOnWithoutACacheThatFailsOpen() {
    silent.run(
        context -> {
          Cache open = cache(context, "open");
          for (int i = 0; i < 5; i++) {
            assertThat(open.get("key")).isNull();
            assertThat(open.get("key", () -> "loaded")).isEqualTo("loaded");
            open.put("key", "value");
            open.evict("key");
            open.clear();
            assertThat(open.retrieve("key", () -> CompletableFuture.completedFuture("v")).join())
                .isEqualTo("v");
          }
          SilentCommands server = (SilentCommands) context.getBean(Commands.class);
          int sent = server.sent();
          open.put("key", "value");
          assertThat(server.sent()).isEqualTo(sent);
        });
  }

  @Test
  void anApplicationHearsOfACacheThatFailsFastAndTheServerIsLeftAlone() {
    silent.run(
        context -> {
          Cache fast = cache(context, "fast");
          for (int i = 0; i < 5; i++) {
            assertThatThrownBy(() -> fast.put("key", "value"))
                .isInstanceOf(ConnectionException.class);
          }
          SilentCommands server = (SilentCommands) context.getBean(Commands.class);
          int sent = server.sent();
          assertThatThrownBy(() -> fast.get("key")).isInstanceOf(ConnectionException.class);
          assertThat(server.sent()).isEqualTo(sent);

          Cache plain = cache(context, "plain");
          for (int i = 0; i < 5; i++) {
            assertThatThrownBy(() -> plain.get("key")).isInstanceOf(ConnectionException.class);
          }
          assertThat(server.sent()).isGreaterThan(sent + 4);
        });
  }

  @Test
  void theSameHoldsForJCacheCaches() {
    silent.run(
        context -> {
          javax.cache.CacheManager manager = context.getBean(javax.cache.CacheManager.class);
          javax.cache.Cache<Object, Object> open =
              manager.createCache("open", new MutableConfiguration<>());
          open.put("key", "value");
          assertThat(open.get("key")).isNull();
          javax.cache.Cache<Object, Object> fast =
              manager.createCache("fast", new MutableConfiguration<>());
          assertThatThrownBy(() -> fast.get("key"))
              .isInstanceOf(CacheException.class)
              .hasCauseInstanceOf(ConnectionException.class);
        });
  }

  @Test
  void writeBehindIsRefusedOnAClusterWhenTheCacheIsMade() {
    runner
        .withBean(Commands.class, () -> new SilentCommands(/* isCluster= */ true))
        .withPropertyValues("pillion.cache.caches.behind.write-behind.enabled=true")
        .run(
            context ->
                assertThatThrownBy(
                        () ->
                            context
                                .getBean(javax.cache.CacheManager.class)
                                .createCache("behind", writing()))
                    .isInstanceOf(CacheException.class)
                    .hasMessageContaining("Cache 'behind' cannot write behind on a cluster")
                    .hasMessageContaining("Write through, or use one primary"));
  }

  @Test
  void writeBehindIsRefusedWhereChangesMayBeMissed() {
    silent
        .withPropertyValues("pillion.cache.caches.open.write-behind.enabled=true")
        .run(
            context ->
                assertThatThrownBy(
                        () ->
                            context
                                .getBean(javax.cache.CacheManager.class)
                                .createCache("open", writing()))
                    .isInstanceOf(CacheException.class)
                    .hasMessageContaining(
                        "Cache 'open' cannot write behind and go on without its server"));
  }

  private static MutableConfiguration<Object, Object> writing() {
    return new MutableConfiguration<Object, Object>()
        .setWriteThrough(true)
        .setCacheWriterFactory(NoRows::new);
  }

  private static Cache cache(ApplicationContext context, String name) {
    return Objects.requireNonNull(context.getBean(CacheManager.class).getCache(name));
  }

  /** Is never asked. */
  private static final class NoRows implements CacheWriter<Object, Object> {
    @Override
    public void write(javax.cache.Cache.Entry<? extends Object, ? extends Object> entry) {
      throw new AssertionError("Nothing is written");
    }

    @Override
    public void writeAll(
        Collection<javax.cache.Cache.Entry<? extends Object, ? extends Object>> all) {
      throw new AssertionError("Nothing is written");
    }

    @Override
    public void delete(Object key) {
      throw new AssertionError("Nothing is deleted");
    }

    @Override
    public void deleteAll(Collection<?> keys) {
      throw new AssertionError("Nothing is deleted");
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableCaching
  static class Caching {}
}
