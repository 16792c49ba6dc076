package io.pillion.cache;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Loading on an engine of this JVM. */
class LoadingEmbeddedTest extends LoadingContract {
  private static @Nullable Commands one;
  private static @Nullable Commands other;

  @BeforeAll
  static void start() {
    one = PillionClient.connect("embedded:LoadingEmbeddedTest");
    other = PillionClient.connect("embedded:LoadingEmbeddedTest");
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(one).close();
    Objects.requireNonNull(other).close();
  }

  @Override
  Commands one() {
    return Objects.requireNonNull(one);
  }

  @Override
  Commands other() {
    return Objects.requireNonNull(other);
  }
}
