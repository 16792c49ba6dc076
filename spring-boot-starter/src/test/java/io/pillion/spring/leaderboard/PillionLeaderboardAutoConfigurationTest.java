package io.pillion.spring.leaderboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.leaderboard.Leaderboard;
import io.pillion.spring.PillionAutoConfiguration;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class PillionLeaderboardAutoConfigurationTest {
  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  PillionAutoConfiguration.class, PillionLeaderboardAutoConfiguration.class));

  @Test
  void boardsAreThereByName() {
    runner.run(
        context -> {
          Leaderboard board = context.getBean(Leaderboards.class).board("runners");
          board.clear();
          board.submit("ann", 7);
          board.increment("ben", 9);
          assertThat(context.getBean(Leaderboards.class).board("runners").top(2))
              .extracting(entry -> entry.rank() + " " + entry.member())
              .containsExactly("1 ben", "2 ann");
        });
  }

  @Test
  void canBeSwitchedOff() {
    runner
        .withPropertyValues("pillion.leaderboard.enabled=false")
        .run(context -> assertThat(context).doesNotHaveBean(Leaderboards.class));
  }
}
