package io.pillion.spring.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.spring.PillionAutoConfiguration;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.cache.autoconfigure.CacheManagerCustomizer;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** When the caches are ours, and what the properties make of them. */
class PillionCacheAutoConfigurationTest {
  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  PillionAutoConfiguration.class,
                  PillionCacheAutoConfiguration.class,
                  DataRedisAutoConfiguration.class,
                  CacheAutoConfiguration.class));
  private final ApplicationContextRunner caching = runner.withUserConfiguration(Caching.class);

  @Test
  void providesTheCacheManagerToAnApplicationThatCaches() {
    caching.run(
        context -> {
          assertThat(context).hasSingleBean(CacheManager.class).hasBean("cacheManager");
          assertThat(context.getBean(CacheManager.class)).isInstanceOf(PillionCacheManager.class);
        });
  }

  @Test
  void staysAwayWithoutEnableCaching() {
    runner.run(context -> assertThat(context).doesNotHaveBean(CacheManager.class));
  }

  @ParameterizedTest
  @CsvSource({
    "simple,org.springframework.cache.concurrent.ConcurrentMapCacheManager",
    "none,org.springframework.cache.support.NoOpCacheManager",
    "caffeine,org.springframework.cache.caffeine.CaffeineCacheManager",
    "redis,org.springframework.data.redis.cache.RedisCacheManager"
  })
  void staysAwayWhenAnotherTypeIsNamed(String type, Class<?> manager) {
    caching
        .withPropertyValues("spring.cache.type=" + type)
        .run(context -> assertThat(context).getBean(CacheManager.class).isInstanceOf(manager));
  }

  @Test
  void aTypeThatIsNotThereFailsAsItDoesWithoutPillion() {
    caching
        .withPropertyValues("spring.cache.type=hazelcast")
        .run(context -> assertThat(context).hasFailed());
  }

  @Test
  void staysAwayFromAnApplicationWithACacheManager() {
    caching
        .withUserConfiguration(OwnManager.class)
        .run(
            context ->
                assertThat(context)
                    .getBean(CacheManager.class)
                    .isInstanceOf(ConcurrentMapCacheManager.class));
  }

  @Test
  void staysAwayWhenSwitchedOff() {
    caching
        .withPropertyValues("pillion.cache.enabled=false")
        .run(context -> assertThat(context).doesNotHaveBean(PillionCacheManager.class));
  }

  @Test
  void makesCachesOnDemand() {
    caching.run(
        context -> {
          CacheManager caches = context.getBean(CacheManager.class);
          assertThat(caches.getCacheNames()).isEmpty();
          assertThat(caches.getCache("books")).isSameAs(caches.getCache("books")).isNotNull();
          assertThat(caches.getCacheNames()).containsExactly("books");
        });
  }

  @Test
  void namedCachesAreAllThereAre() {
    caching
        .withPropertyValues(
            "spring.cache.cache-names=books,films", "pillion.cache.caches.songs.ttl=1m")
        .run(
            context -> {
              CacheManager caches = context.getBean(CacheManager.class);
              assertThat(caches.getCacheNames())
                  .containsExactlyInAnyOrder("books", "films", "songs");
              assertThat(caches.getCache("others")).isNull();
            });
  }

  @Test
  void aCacheLivesAsLongAsItsOwnSettingOrElseTheCommonOneSays() {
    String prefix = "ttl-" + UUID.randomUUID();
    caching
        .withPropertyValues(
            "pillion.cache.prefix=" + prefix,
            "pillion.cache.ttl=10m",
            "pillion.cache.caches.short.ttl=5m")
        .run(
            context -> {
              CacheManager caches = context.getBean(CacheManager.class);
              Objects.requireNonNull(caches.getCache("short")).put("key", "value");
              Objects.requireNonNull(caches.getCache("other")).put("key", "value");
              Commands commands = context.getBean(Commands.class);
              assertThat(ttlOf(prefix + ":short", commands)).isBetween(200_000L, 300_000L);
              assertThat(ttlOf(prefix + ":other", commands)).isBetween(500_000L, 600_000L);
            });
  }

  private static long ttlOf(String prefix, Commands commands) {
    List<?> keys =
        (List<?>) Objects.requireNonNull(commands.call(Command.of("KEYS", prefix + ":*:key")));
    assertThat(keys).hasSize(1);
    String key = new String((byte[]) keys.get(0), StandardCharsets.UTF_8);
    return (Long) Objects.requireNonNull(commands.call(Command.of("PTTL", key)));
  }

  @Test
  void aCacheRefusesNullsWhenToldTo() {
    caching
        .withPropertyValues("pillion.cache.caches.strict.allow-null-values=false")
        .run(
            context -> {
              CacheManager caches = context.getBean(CacheManager.class);
              Objects.requireNonNull(caches.getCache("lenient")).put("key", null);
              assertThatIllegalArgumentException()
                  .isThrownBy(
                      () -> Objects.requireNonNull(caches.getCache("strict")).put("key", null));
            });
  }

  @Test
  void resetEmptiesEveryCache() {
    caching.run(
        context -> {
          CacheManager caches = context.getBean(CacheManager.class);
          Objects.requireNonNull(caches.getCache("a")).put("key", 1);
          Objects.requireNonNull(caches.getCache("b")).put("key", 2);
          caches.resetCaches();
          assertThat(Objects.requireNonNull(caches.getCache("a")).get("key")).isNull();
          assertThat(Objects.requireNonNull(caches.getCache("b")).get("key")).isNull();
        });
  }

  @Test
  void theApplicationMayCustomizeTheManager() {
    caching
        .withUserConfiguration(Customizing.class)
        .run(
            context ->
                assertThat(context.getBean(CacheManager.class).getCacheNames())
                    .containsExactly("made-by-customizer"));
  }

  @Test
  void annotatedMethodsOfEveryKindAreCached() {
    caching
        .withBean(Library.class)
        .run(
            context -> {
              Library library = context.getBean(Library.class);
              library.forget();
              for (int i = 0; i < 3; i++) {
                assertThat(library.book("a", 1)).isEqualTo("book a1, call 1");
                assertThat(library.bookOnce("b")).isEqualTo("book b, call 2");
                assertThat(library.bookLater("c").join()).isEqualTo("book c, call 3");
                assertThat(library.bookMono("d").block()).isEqualTo("book d, call 4");
                assertThat(library.bookMonoOnce("e").block()).isEqualTo("book e, call 5");
                assertThat(library.books("f").collectList().block())
                    .containsExactly("book f, call 6", "and another");
                assertThat(library.nothing("g")).isNull();
              }
              assertThat(library.calls()).isEqualTo(7);
              library.forget();
              assertThat(library.book("a", 1)).isEqualTo("book a1, call 8");
            });
  }

  @Configuration(proxyBeanMethods = false)
  @EnableCaching
  static class Caching {}

  @Configuration(proxyBeanMethods = false)
  static class OwnManager {
    @Bean
    CacheManager mine() {
      return new ConcurrentMapCacheManager();
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Customizing {
    @Bean
    CacheManagerCustomizer<PillionCacheManager> customizer() {
      return manager -> manager.getCache("made-by-customizer");
    }
  }

  static class Library {
    private final AtomicInteger calls = new AtomicInteger();

    // A method, since the bean that tests see is a subclass with fields of its own.
    public int calls() {
      return calls.get();
    }

    @Cacheable("library")
    public String book(String name, int volume) {
      return answer(name + volume);
    }

    @Cacheable(value = "library", sync = true)
    public String bookOnce(String name) {
      return answer(name);
    }

    @Cacheable("library")
    public CompletableFuture<String> bookLater(String name) {
      return CompletableFuture.supplyAsync(() -> answer(name));
    }

    @Cacheable("library")
    public Mono<String> bookMono(String name) {
      return Mono.fromSupplier(() -> answer(name));
    }

    @Cacheable(value = "library", sync = true)
    public Mono<String> bookMonoOnce(String name) {
      return Mono.fromSupplier(() -> answer(name));
    }

    @Cacheable("library")
    public Flux<String> books(String name) {
      return Flux.defer(() -> Flux.just(answer(name), "and another"));
    }

    @Cacheable("library")
    public @Nullable String nothing(String name) {
      calls.incrementAndGet();
      return null;
    }

    @CacheEvict(value = "library", allEntries = true)
    public void forget() {}

    private String answer(String name) {
      return "book " + name + ", call " + calls.incrementAndGet();
    }
  }
}
