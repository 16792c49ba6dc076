package io.pillion.cache;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Writing behind on an engine of this JVM. */
class WriteBehindEmbeddedTest extends WriteBehindContract {
  private static @Nullable Commands one;
  private static @Nullable Commands other;

  @BeforeAll
  static void start() {
    one = PillionClient.connect("embedded:WriteBehindEmbeddedTest");
    other = PillionClient.connect("embedded:WriteBehindEmbeddedTest");
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
