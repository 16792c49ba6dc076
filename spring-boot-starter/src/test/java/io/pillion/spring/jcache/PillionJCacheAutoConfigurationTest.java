package io.pillion.spring.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.spring.PillionAutoConfiguration;
import io.pillion.spring.cache.PillionCacheAutoConfiguration;
import java.util.List;
import java.util.Objects;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableConfiguration;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.jcache.JCacheCacheManager;
import org.springframework.context.annotation.Configuration;

class PillionJCacheAutoConfigurationTest {
  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  PillionAutoConfiguration.class,
                  PillionCacheAutoConfiguration.class,
                  PillionJCacheAutoConfiguration.class,
                  CacheAutoConfiguration.class));

  @Test
  void isThereOnRequestOnly() {
    runner.run(context -> assertThat(context).doesNotHaveBean(CacheManager.class));
  }

  @Test
  void sharesEntriesWithTheSpringCacheOfTheSameName() {
    runner
        .withUserConfiguration(Caching.class)
        .withPropertyValues("pillion.jcache.enabled=true")
        .run(
            context -> {
              Cache<Object, Object> cache =
                  context
                      .getBean(CacheManager.class)
                      .createCache("shared", new MutableConfiguration<>());
              cache.put("key", "value");
              org.springframework.cache.Cache same =
                  Objects.requireNonNull(
                      context
                          .getBean(org.springframework.cache.CacheManager.class)
                          .getCache("shared"));
              assertThat(same.get("key", String.class)).isEqualTo("value");
            });
  }

  @Test
  void valuesThatCannotBeReadFailWhereThePropertySaysSo() {
    runner
        .withPropertyValues(
            "pillion.jcache.enabled=true",
            "pillion.cache.unreadable=fail",
            "pillion.cache.caches.lenient.unreadable=miss")
        .run(
            context -> {
              CacheManager manager = context.getBean(CacheManager.class);
              for (String name : List.of("lenient", "strict")) {
                MutableConfiguration<String, Integer> numbers =
                    new MutableConfiguration<String, Integer>()
                        .setTypes(String.class, Integer.class);
                manager.createCache(name, numbers).put("key", 7);
                manager.getCache(name, String.class, Integer.class).close();
              }
              MutableConfiguration<String, String> texts =
                  new MutableConfiguration<String, String>().setTypes(String.class, String.class);
              assertThat(manager.createCache("lenient", texts).get("key")).isNull();
              Cache<String, String> strict = manager.createCache("strict", texts);
              assertThatThrownBy(() -> strict.get("key")).isInstanceOf(CacheException.class);
            });
  }

  @Test
  void isWhatSpringsOwnJCacheSupportUses() {
    runner
        .withUserConfiguration(Caching.class)
        .withPropertyValues("spring.cache.type=jcache")
        .run(
            context -> {
              JCacheCacheManager manager = context.getBean(JCacheCacheManager.class);
              assertThat(manager.getCacheManager()).isSameAs(context.getBean(CacheManager.class));
            });
  }

  @Test
  void staysAwayWhenSpringIsToUseAnotherProvider() {
    runner
        .withPropertyValues("spring.cache.type=jcache", "spring.cache.jcache.provider=other")
        .run(context -> assertThat(context).doesNotHaveBean(CacheManager.class));
  }

  @Configuration(proxyBeanMethods = false)
  @EnableCaching
  static class Caching {}
}
