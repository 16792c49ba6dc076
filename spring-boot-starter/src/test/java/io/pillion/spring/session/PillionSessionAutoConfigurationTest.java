package io.pillion.spring.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.session.PillionSession;
import io.pillion.session.PillionSessionRepository;
import io.pillion.session.SessionSweeper;
import io.pillion.spring.PillionAutoConfiguration;
import java.time.Duration;
import java.util.HashMap;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.session.autoconfigure.SessionAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.session.MapSessionRepository;
import org.springframework.session.SessionRepository;
import org.springframework.session.config.SessionRepositoryCustomizer;
import org.springframework.session.web.http.SessionRepositoryFilter;

/** When HTTP sessions are ours, and what the properties make of them. */
class PillionSessionAutoConfigurationTest {
  private static final AutoConfigurations CONFIGURATIONS =
      AutoConfigurations.of(
          PillionAutoConfiguration.class,
          PillionSessionAutoConfiguration.class,
          SessionAutoConfiguration.class);

  private final WebApplicationContextRunner web =
      new WebApplicationContextRunner().withConfiguration(CONFIGURATIONS);

  @Test
  void keepsTheSessionsOfAWebApplication() {
    web.run(
        context -> {
          assertThat(context)
              .hasSingleBean(PillionSessionRepository.class)
              .hasSingleBean(SessionSweeper.class)
              .hasSingleBean(SessionRepositoryFilter.class);
          PillionSessionRepository sessions = context.getBean(PillionSessionRepository.class);
          PillionSession session = sessions.createSession();
          session.setAttribute("cart", "a book");
          sessions.save(session);
          PillionSession found = Objects.requireNonNull(sessions.findById(session.getId()));
          assertThat(found.<String>getAttribute("cart")).isEqualTo("a book");
          sessions.deleteById(session.getId());
          assertThat(sessions.findById(session.getId())).isNull();
        });
  }

  @Test
  void staysAwayFromOtherApplications() {
    new ApplicationContextRunner()
        .withConfiguration(CONFIGURATIONS)
        .run(context -> assertThat(context).doesNotHaveBean(SessionRepository.class));
  }

  @Test
  void staysAwayWhenSwitchedOff() {
    web.withPropertyValues("pillion.session.enabled=false")
        .run(context -> assertThat(context).doesNotHaveBean(SessionRepository.class));
  }

  @Test
  void staysAwayFromAnApplicationWithARepository() {
    web.withUserConfiguration(OwnRepository.class)
        .run(
            context ->
                assertThat(context)
                    .getBean(SessionRepository.class)
                    .isInstanceOf(MapSessionRepository.class));
  }

  @Test
  void sessionsLiveAsLongAsSpringSaysTheyDo() {
    web.withPropertyValues("spring.session.timeout=17m")
        .run(
            context ->
                assertThat(
                        context
                            .getBean(PillionSessionRepository.class)
                            .createSession()
                            .getMaxInactiveInterval())
                    .isEqualTo(Duration.ofMinutes(17)));
  }

  @Test
  void theApplicationMayCustomizeTheRepository() {
    web.withUserConfiguration(Customizing.class)
        .run(
            context ->
                assertThat(
                        context
                            .getBean(PillionSessionRepository.class)
                            .createSession()
                            .getMaxInactiveInterval())
                    .isEqualTo(Duration.ofHours(3)));
  }

  @Configuration(proxyBeanMethods = false)
  static class OwnRepository {
    @Bean
    MapSessionRepository mine() {
      return new MapSessionRepository(new HashMap<>());
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Customizing {
    @Bean
    SessionRepositoryCustomizer<PillionSessionRepository> customizer() {
      return sessions -> sessions.setDefaultMaxInactiveInterval(Duration.ofHours(3));
    }
  }
}
