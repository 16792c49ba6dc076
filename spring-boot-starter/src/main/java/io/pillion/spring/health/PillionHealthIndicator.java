package io.pillion.spring.health;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Up when the engine answers PING within the command timeout. */
final class PillionHealthIndicator extends AbstractHealthIndicator {
  private final Commands commands;

  PillionHealthIndicator(Commands commands) {
    super("Pillion health check failed");
    this.commands = commands;
  }

  @Override
  protected void doHealthCheck(Health.Builder builder) {
    builder.withDetail("target", commands.target());
    long start = System.nanoTime();
    commands.call(Command.of("PING"));
    long micros = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - start);
    builder.up().withDetail("pingMicros", micros);
  }
}
