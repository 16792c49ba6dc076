package io.pillion.spring.jcache;

import io.pillion.cache.Transactions;
import io.pillion.client.Commands;
import io.pillion.jcache.PillionCacheManager;
import io.pillion.spring.PillionAutoConfiguration;
import io.pillion.spring.PillionProperties;
import io.pillion.spring.TrustedClasses;
import io.pillion.spring.transaction.PillionTransactionAutoConfiguration;
import javax.cache.CacheManager;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;

/**
 * A JSR-107 cache manager over the application's client, for applications that make JCache caches
 * themselves. Only on request, because Spring Boot takes such a bean for the one that its own
 * JCache support should use.
 */
@AutoConfiguration(
    after = {PillionAutoConfiguration.class, PillionTransactionAutoConfiguration.class},
    before = CacheAutoConfiguration.class)
@ConditionalOnBean(Commands.class)
@Conditional(JCacheWanted.class)
public final class PillionJCacheAutoConfiguration {

  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean(CacheManager.class)
  PillionCacheManager pillionJCacheManager(
      Commands commands,
      PillionProperties properties,
      TrustedClasses trusted,
      ObjectProvider<Transactions> transactions) {
    return PillionCacheManager.over(
        commands,
        trusted.shared(),
        trusted.classLoader(),
        ManagerProperties.of(properties, trusted),
        transactions.getIfAvailable());
  }
}
