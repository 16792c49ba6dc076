package io.pillion.engine.persistence;

import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client of an engine in this process that waits for each answer. Words are texts (each character
 * a byte), {@code byte[]} or numbers.
 */
final class WordClient implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 60;

  private final LocalClient client;

  WordClient(PillionEngine engine) {
    client = engine.connect();
  }

  @Nullable Object send(Object... words) {
    List<byte[]> bytes = new ArrayList<>();
    for (Object word : words) {
      bytes.add(
          word instanceof byte[] raw
              ? raw
              : String.valueOf(word).getBytes(StandardCharsets.ISO_8859_1));
    }
    return client
        .send(bytes)
        .toCompletableFuture()
        .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .join();
  }

  /** The answer as a text, each byte a character. */
  String text(Object... words) {
    Object answer = send(words);
    return answer instanceof byte[] bytes
        ? new String(bytes, StandardCharsets.ISO_8859_1)
        : String.valueOf(answer);
  }

  @Override
  public void close() {
    client.close();
  }
}
