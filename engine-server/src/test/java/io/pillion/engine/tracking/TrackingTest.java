package io.pillion.engine.tracking;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TrackingTest {
  private static final Object TOKEN = new Object();

  private static @Nullable Object call(LocalClient client, String... words) {
    List<byte[]> bytes =
        Arrays.stream(words).map(word -> word.getBytes(StandardCharsets.ISO_8859_1)).toList();
    Object reply = client.send(bytes).toCompletableFuture().join();
    return reply instanceof byte[] text ? new String(text, StandardCharsets.ISO_8859_1) : reply;
  }

  private static String text(@Nullable Object value) {
    return new String((byte[]) Objects.requireNonNull(value), StandardCharsets.ISO_8859_1);
  }

  /**
   * Clients that keep what they have read until they are told otherwise never keep what is wrong,
   * once everybody is silent; whatever the mode, and although keys leave the small table by chance.
   */
  @Test
  void copiesAreNeverWrong() {
    Random random = new Random(42);
    try (PillionEngine engine =
        new EngineBuilder().memoryBytes(16 << 20).set("tracking-table-max-keys", "20").start()) {
      LocalClient writer = engine.connect();
      List<LocalClient> readers = new ArrayList<>();
      List<Map<String, Object>> copies = new ArrayList<>();
      for (String options : List.of("", "NOLOOP", "BCAST", "BCAST NOLOOP", "OPTOUT")) {
        LocalClient reader = engine.connect();
        Map<String, Object> copy = new ConcurrentHashMap<>();
        reader.onPush(
            push -> {
              if (push.elements().get(1) instanceof List<?> keys) {
                keys.forEach(key -> copy.remove(text(key)));
              } else {
                copy.clear();
              }
            });
        call(reader, ("CLIENT TRACKING ON " + options).strip().split(" "));
        readers.add(reader);
        copies.add(copy);
      }
      for (int i = 0; i < 20_000; i++) {
        String key = "k" + random.nextInt(40);
        int who = random.nextInt(readers.size());
        switch (random.nextInt(12)) {
          case 0 -> call(writer, "SET", key, Integer.toString(i));
          case 1 -> call(writer, "SET", key, Integer.toString(i), "PX", "1");
          case 2 -> call(writer, "DEL", key, "k1", "k2");
          case 3 -> call(writer, "RENAME", key, "k" + random.nextInt(40));
          case 4 -> {
            if (random.nextInt(100) == 0) {
              call(writer, "FLUSHALL");
            }
          }
          case 5 -> {
            copies.get(who).remove(key);
            call(readers.get(who), "SET", key, "own" + i);
          }
          default -> {
            // An invalidation may come before the value is here: it takes the token away.
            copies.get(who).put(key, TOKEN);
            Object value = call(readers.get(who), "GET", key);
            if (value == null) {
              copies.get(who).remove(key);
            } else {
              copies.get(who).replace(key, TOKEN, value);
            }
          }
        }
      }
      // A last look at each key lets those leave whose time has come.
      Map<String, Object> truth = new HashMap<>();
      for (int i = 0; i < 40; i++) {
        Object value = call(writer, "GET", "k" + i);
        if (value != null) {
          truth.put("k" + i, value);
        }
      }
      for (Map<String, Object> copy : copies) {
        assertThat(truth).containsAllEntriesOf(copy);
      }
      assertThat(String.valueOf(call(writer, "INFO", "stats")))
          .containsPattern("tracking_total_keys:(\\d|1\\d|20)\r\n");
      readers.forEach(LocalClient::close);
      assertThat(String.valueOf(call(writer, "INFO", "stats")))
          .contains("tracking_total_keys:0\r\n", "tracking_total_items:0\r\n");
    }
  }
}
