package io.pillion.cache;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The cache core on an engine of this JVM, which compares by itself. */
class EngineCacheEmbeddedTest extends EngineCacheContract {
  private static @Nullable Commands commands;

  @BeforeAll
  static void start() {
    commands = PillionClient.connect("embedded:EngineCacheEmbeddedTest");
  }

  @AfterAll
  static void stop() {
    if (commands != null) {
      commands.close();
    }
  }

  @Override
  protected Commands commands() {
    return Objects.requireNonNull(commands);
  }
}
