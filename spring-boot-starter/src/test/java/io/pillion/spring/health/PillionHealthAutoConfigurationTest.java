package io.pillion.spring.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.spring.PillionAutoConfiguration;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class PillionHealthAutoConfigurationTest {
  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  PillionAutoConfiguration.class, PillionHealthAutoConfiguration.class));

  @Test
  void isUpWhenTheEngineAnswers() {
    runner.run(
        context -> {
          Health health =
              Objects.requireNonNull(
                  context
                      .getBean("pillionHealthContributor", HealthIndicator.class)
                      .health(/* includeDetails= */ true));
          assertThat(health.getStatus()).isEqualTo(Status.UP);
          assertThat(health.getDetails()).containsKeys("target", "pingMicros");
        });
  }

  @Test
  void canBeSwitchedOff() {
    runner
        .withPropertyValues("management.health.pillion.enabled=false")
        .run(context -> assertThat(context).doesNotHaveBean("pillionHealthContributor"));
  }
}
