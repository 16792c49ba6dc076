package io.pillion.spring.transaction;

import io.pillion.cache.Transactions;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Spring's transactions, for all caches, unless {@code pillion.cache.transactional} says no. */
@AutoConfiguration
@ConditionalOnClass(TransactionSynchronizationManager.class)
@ConditionalOnBooleanProperty(name = "pillion.cache.transactional", matchIfMissing = true)
public final class PillionTransactionAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean
  Transactions pillionTransactions() {
    return new SpringTransactions();
  }
}
