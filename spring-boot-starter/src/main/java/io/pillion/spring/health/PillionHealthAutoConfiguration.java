package io.pillion.spring.health;

import io.pillion.client.Commands;
import io.pillion.spring.PillionAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** The engine as {@code pillion} in the health endpoint, where Boot's health module is present. */
@AutoConfiguration(after = PillionAutoConfiguration.class)
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnBean(Commands.class)
@ConditionalOnEnabledHealthIndicator("pillion")
public final class PillionHealthAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean(name = {"pillionHealthIndicator", "pillionHealthContributor"})
  HealthContributor pillionHealthContributor(Commands commands) {
    return new PillionHealthIndicator(commands);
  }
}
