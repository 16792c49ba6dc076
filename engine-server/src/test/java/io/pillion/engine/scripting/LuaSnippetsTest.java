package io.pillion.engine.scripting;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Some hundreds of small scripts and what valkey-server 8.0.1 answers, errors word by word: the
 * grammar, arithmetic, formats, patterns, metatables, coroutines and each library.
 */
@Since(valkey = "8.0")
final class LuaSnippetsTest {
  @CommandTest(deterministic = false)
  void answersAsValkeyDoes(TestClient r) throws IOException {
    String all;
    try (InputStream in = LuaSnippetsTest.class.getResourceAsStream("snippets.txt")) {
      assertThat(in).isNotNull();
      all = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }
    for (String each : all.strip().split("\n---\n", -1)) {
      int arrow = each.lastIndexOf("\n==> ");
      String script = each.substring(0, arrow);
      String expected = each.substring(arrow + "\n==> ".length());
      Answer answer = r.call("EVAL", script, "1", "k", "a1", "a2");
      assertThat(shown(answer.value())).as(script).isEqualTo(expected);
    }
  }

  private static String shown(@Nullable Object value) {
    if (value instanceof Answer.Status status) {
      return "+" + status.text();
    }
    if (value instanceof Answer.Failure failure) {
      return "-" + failure.text();
    }
    if (value instanceof Long number) {
      return ":" + number;
    }
    if (value instanceof List<?> list) {
      return list.stream().map(LuaSnippetsTest::shown).collect(joining(", ", "[", "]"));
    }
    return value instanceof String text ? '"' + text + '"' : "_";
  }
}
