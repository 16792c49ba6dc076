package io.pillion.spring.cache;

import io.pillion.cache.CacheSettings;
import io.pillion.cache.EngineCache;
import io.pillion.cache.Expiry;
import io.pillion.cache.Transactions;
import io.pillion.client.Commands;
import io.pillion.spring.PillionAutoConfiguration;
import io.pillion.spring.PillionProperties;
import io.pillion.spring.TrustedClasses;
import io.pillion.spring.transaction.PillionTransactionAutoConfiguration;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.cache.autoconfigure.CacheManagerCustomizer;
import org.springframework.boot.cache.autoconfigure.CacheManagerCustomizers;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.cache.CacheManager;
import org.springframework.cache.interceptor.CacheAspectSupport;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.env.Environment;

/**
 * The caches behind {@code @EnableCaching}. Leaves the matter to Spring Boot when {@code
 * spring.cache.type} names a type, and to the application when it has a {@code CacheManager}.
 */
@AutoConfiguration(
    after = {PillionAutoConfiguration.class, PillionTransactionAutoConfiguration.class},
    before = CacheAutoConfiguration.class)
@ConditionalOnClass({CacheManager.class, CacheAutoConfiguration.class})
@ConditionalOnBean({CacheAspectSupport.class, Commands.class})
@ConditionalOnMissingBean(value = CacheManager.class, name = "cacheResolver")
@ConditionalOnBooleanProperty(name = "pillion.cache.enabled", matchIfMissing = true)
@Conditional(NoOtherCacheType.class)
public final class PillionCacheAutoConfiguration {

  // Several parts of Spring look the bean up by this name.
  @Bean(name = "cacheManager")
  PillionCacheManager pillionCacheManager(
      Commands commands,
      PillionProperties properties,
      TrustedClasses trusted,
      Environment environment,
      ObjectProvider<Transactions> transactions,
      ObjectProvider<CacheManagerCustomizer<?>> customizers) {
    PillionProperties.Cache settings = properties.cache();
    Set<String> names = new LinkedHashSet<>();
    Binder.get(environment)
        .bind("spring.cache.cache-names", Bindable.listOf(String.class))
        .ifBound(names::addAll);
    boolean onDemand = names.isEmpty();
    names.addAll(settings.caches().keySet());
    PillionCacheManager manager =
        new PillionCacheManager(
            name -> cache(name, commands, settings, trusted, transactions.getIfAvailable()),
            names,
            onDemand);
    return new CacheManagerCustomizers(customizers.orderedStream().toList()).customize(manager);
  }

  private static PillionCache cache(
      String name,
      Commands commands,
      PillionProperties.Cache settings,
      TrustedClasses trusted,
      @Nullable Transactions transactions) {
    PillionProperties.NamedCache own = settings.of(name);
    CacheSettings.Builder<Object, Object> builder =
        CacheSettings.<Object, Object>named(name)
            .prefix(settings.prefix())
            .classLoader(trusted.classLoader())
            .shared(trusted.shared())
            .statistics(settings.statistics());
    trusted.patterns().forEach(builder::allow);
    builder.transactions(transactions);
    if (own.ttl() != null) {
      builder.expiry(Expiry.afterWrite(own.ttl()));
    }
    if (own.compressFrom() != null) {
      builder.compressFrom(Math.toIntExact(own.compressFrom().toBytes()));
    }
    builder.failOnUnreadable(own.unreadable() == PillionProperties.Unreadable.FAIL);
    builder.near(Objects.requireNonNull(own.near()).settings());
    builder.loading(Objects.requireNonNull(own.loading()).settings());
    builder.failure(Objects.requireNonNull(own.failure()).settings());
    return new PillionCache(
        new EngineCache<>(commands, builder.build()),
        /* allowNullValues= */ !Boolean.FALSE.equals(own.allowNullValues()));
  }
}
