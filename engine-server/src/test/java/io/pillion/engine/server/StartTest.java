package io.pillion.engine.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How an engine begins. */
@Timeout(60)
final class StartTest {
  /** Else a signal might come when somebody's change is acknowledged, and nobody would save it. */
  @Test
  void nobodyIsServedBeforeSomebodyKnowsWhoMustBeEnded() {
    CompletableFuture<@Nullable Object> reply = new CompletableFuture<>();
    try (PillionEngine engine =
        new EngineBuilder()
            .beforeServing(
                begun -> {
                  new Thread(() -> reply.complete(ping(begun))).start();
                  assertThat(begun.engine().restrictions().isLoading()).isFalse();
                  // It waits for the lock.
                  assertThatThrownBy(() -> reply.get(100, TimeUnit.MILLISECONDS))
                      .isInstanceOf(TimeoutException.class);
                })
            .start()) {
      assertThat(reply.orTimeout(10, TimeUnit.SECONDS).join()).isEqualTo("PONG".getBytes(US_ASCII));
      assertThat(engine.engine().isClosed()).isFalse();
    }
  }

  private static @Nullable Object ping(PillionEngine engine) {
    try (LocalClient client = engine.connect()) {
      return client.send(List.of("PING".getBytes(US_ASCII))).toCompletableFuture().join();
    }
  }
}
