package io.pillion.spring.session;

import io.pillion.client.Commands;
import io.pillion.session.JdkAttributeCodec;
import io.pillion.session.PillionSessionRepository;
import io.pillion.session.SessionSweeper;
import io.pillion.spring.PillionAutoConfiguration;
import io.pillion.spring.PillionProperties;
import io.pillion.spring.TrustedClasses;
import java.time.Duration;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.session.autoconfigure.SessionAutoConfiguration;
import org.springframework.boot.session.autoconfigure.SessionTimeout;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.session.SessionRepository;
import org.springframework.session.config.SessionRepositoryCustomizer;
import org.springframework.session.config.annotation.web.http.SpringHttpSessionConfiguration;

/**
 * HTTP sessions of servlet applications. Cookies, filters and the timeout stay as Spring Boot
 * configures them; a repository of the application's own goes first.
 */
@AutoConfiguration(
    after = PillionAutoConfiguration.class,
    before = SessionAutoConfiguration.class,
    beforeName = {
      "org.springframework.boot.session.data.redis.autoconfigure.SessionDataRedisAutoConfiguration",
      "org.springframework.boot.session.jdbc.autoconfigure.JdbcSessionAutoConfiguration"
    })
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnClass({SessionRepository.class, SessionAutoConfiguration.class})
@ConditionalOnBean(Commands.class)
@ConditionalOnMissingBean(SessionRepository.class)
@ConditionalOnBooleanProperty(name = "pillion.session.enabled", matchIfMissing = true)
@Import(SpringHttpSessionConfiguration.class)
public final class PillionSessionAutoConfiguration {

  @Bean
  PillionSessionRepository sessionRepository(
      Commands commands,
      PillionProperties properties,
      TrustedClasses trusted,
      ApplicationEventPublisher events,
      ObjectProvider<SessionTimeout> timeouts,
      ObjectProvider<SessionRepositoryCustomizer<PillionSessionRepository>> customizers) {
    PillionSessionRepository sessions = new PillionSessionRepository(commands);
    sessions.setNamespace(properties.session().namespace());
    sessions.setAttributeCodec(new JdkAttributeCodec(trusted.patterns()));
    sessions.setApplicationEventPublisher(events);
    timeouts.ifAvailable(
        timeout -> {
          Duration interval = timeout.getTimeout();
          if (interval != null) {
            sessions.setDefaultMaxInactiveInterval(interval);
          }
        });
    customizers.orderedStream().forEach(customizer -> customizer.customize(sessions));
    return sessions;
  }

  /** Announces sessions that have expired; one of all instances does it at a time. */
  @Bean(destroyMethod = "close")
  SessionSweeper pillionSessionSweeper(
      PillionSessionRepository sessions, PillionProperties properties) {
    SessionSweeper sweeper = new SessionSweeper(sessions);
    sweeper.start(properties.session().sweepInterval());
    return sweeper;
  }
}
