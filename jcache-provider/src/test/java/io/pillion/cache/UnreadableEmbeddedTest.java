package io.pillion.cache;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Values that cannot be read, on an engine of this JVM. */
class UnreadableEmbeddedTest extends UnreadableContract {
  private static @Nullable Commands commands;

  @BeforeAll
  static void start() {
    commands = PillionClient.connect("embedded:UnreadableEmbeddedTest");
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(commands).close();
  }

  @Override
  Commands commands() {
    return Objects.requireNonNull(commands);
  }
}
