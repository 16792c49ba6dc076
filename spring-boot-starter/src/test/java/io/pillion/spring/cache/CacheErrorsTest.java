package io.pillion.spring.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import io.pillion.spring.PillionAutoConfiguration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.CachingConfigurer;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.interceptor.CacheErrorHandler;
import org.springframework.context.annotation.Configuration;

/** A server that does not answer: nothing returns as if it had. */
class CacheErrorsTest {
  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  PillionAutoConfiguration.class, PillionCacheAutoConfiguration.class))
          .withBean(Commands.class, SilentCommands::new);

  @Test
  void everyOperationThrows() {
    runner
        .withUserConfiguration(Handling.class)
        .run(
            context -> {
              Cache cache =
                  Objects.requireNonNull(context.getBean(CacheManager.class).getCache("books"));
              Class<ConnectionException> failure = ConnectionException.class;
              assertThatThrownBy(() -> cache.get("key")).isInstanceOf(failure);
              assertThatThrownBy(() -> cache.get("key", () -> "value")).isInstanceOf(failure);
              assertThatThrownBy(() -> cache.put("key", "value")).isInstanceOf(failure);
              assertThatThrownBy(() -> cache.putIfAbsent("key", "value")).isInstanceOf(failure);
              assertThatThrownBy(() -> cache.evict("key")).isInstanceOf(failure);
              assertThatThrownBy(() -> cache.evictIfPresent("key")).isInstanceOf(failure);
              assertThatThrownBy(cache::clear).isInstanceOf(failure);
              assertThatThrownBy(cache::invalidate).isInstanceOf(failure);
              assertThatThrownBy(() -> Objects.requireNonNull(cache.retrieve("key")).join())
                  .isInstanceOf(CompletionException.class)
                  .hasCauseInstanceOf(failure);
            });
  }

  @Test
  void theApplicationsErrorHandlerIsAskedEachTime() {
    runner
        .withUserConfiguration(Handling.class)
        .withBean(Books.class)
        .run(
            context -> {
              List<String> errors = context.getBean(Handling.class).errors;
              Books books = context.getBean(Books.class);
              assertThat(books.read("a")).isEqualTo("read a");
              assertThat(books.write("a")).isEqualTo("written a");
              books.forget("a");
              books.forgetAll();
              assertThat(errors).containsExactly("get a", "put a", "put a", "evict a", "clear");
            });
  }

  @Configuration(proxyBeanMethods = false)
  @EnableCaching
  static class Handling implements CachingConfigurer, CacheErrorHandler {
    final List<String> errors = new CopyOnWriteArrayList<>();

    @Override
    public CacheErrorHandler errorHandler() {
      return this;
    }

    @Override
    public void handleCacheGetError(RuntimeException exception, Cache cache, Object key) {
      errors.add("get " + key);
    }

    @Override
    public void handleCachePutError(
        RuntimeException exception, Cache cache, Object key, @Nullable Object value) {
      errors.add("put " + key);
    }

    @Override
    public void handleCacheEvictError(RuntimeException exception, Cache cache, Object key) {
      errors.add("evict " + key);
    }

    @Override
    public void handleCacheClearError(RuntimeException exception, Cache cache) {
      errors.add("clear");
    }
  }

  static class Books {
    @Cacheable("books")
    public String read(String name) {
      return "read " + name;
    }

    @CachePut("books")
    public String write(String name) {
      return "written " + name;
    }

    @CacheEvict("books")
    public void forget(String name) {}

    @CacheEvict(value = "books", allEntries = true)
    public void forgetAll() {}
  }
}
