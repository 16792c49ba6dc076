package io.pillion.spring.leaderboard;

import io.pillion.client.Commands;
import io.pillion.spring.PillionAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** Leaderboards, ready to be injected. */
@AutoConfiguration(after = PillionAutoConfiguration.class)
@ConditionalOnBean(Commands.class)
@ConditionalOnBooleanProperty(name = "pillion.leaderboard.enabled", matchIfMissing = true)
public final class PillionLeaderboardAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean
  Leaderboards pillionLeaderboards(Commands commands) {
    return new Leaderboards(commands);
  }
}
