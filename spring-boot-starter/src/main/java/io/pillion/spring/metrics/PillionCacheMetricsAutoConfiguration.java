package io.pillion.spring.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.pillion.spring.cache.PillionCache;
import io.pillion.spring.cache.PillionCacheAutoConfiguration;
import io.pillion.spring.cache.PillionCacheManager;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.cache.metrics.CacheMeterBinderProvider;
import org.springframework.boot.cache.metrics.CacheMetricsRegistrar;
import org.springframework.context.annotation.Bean;

/** Figures of every cache, whenever it is made, where Micrometer is present. */
@AutoConfiguration(
    after = PillionCacheAutoConfiguration.class,
    beforeName =
        "org.springframework.boot.cache.autoconfigure.metrics.CacheMetricsAutoConfiguration")
@ConditionalOnClass({MeterRegistry.class, MeterBinder.class, CacheMeterBinderProvider.class})
@ConditionalOnBean(PillionCacheManager.class)
public final class PillionCacheMetricsAutoConfiguration {

  @Bean
  CacheMeterBinderProvider<PillionCache> pillionCacheMeterBinderProvider() {
    return (cache, tags) -> new PillionCacheMeterBinder(cache.getNativeCache(), tags);
  }

  /** Spring Boot binds the caches it finds at start; those made later are bound here. */
  @Bean
  SmartInitializingSingleton pillionLateCacheMetrics(
      PillionCacheManager manager, ObjectProvider<CacheMetricsRegistrar> registrars) {
    return () ->
        registrars.ifAvailable(
            registrar ->
                manager.onCreation(
                    cache ->
                        registrar.bindCacheToRegistry(
                            cache, Tag.of("cache.manager", "cacheManager"))));
  }
}
