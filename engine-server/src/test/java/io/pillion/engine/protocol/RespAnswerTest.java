package io.pillion.engine.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Answers of another server become objects; what is no answer is refused. */
final class RespAnswerTest {
  private static @Nullable Object object(String resp) {
    ObjectReply reply = new ObjectReply(3);
    reply.answer(resp.getBytes(StandardCharsets.ISO_8859_1));
    List<@Nullable Object> all = reply.take();
    assertThat(all).hasSize(1);
    Object value = all.get(0);
    return value instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : value;
  }

  @Test
  void everyKindIsUnderstood() {
    assertThat(object("+OK\r\n")).isEqualTo("OK");
    assertThat(object("+QUEUED\r\n")).isEqualTo("QUEUED");
    assertThat(object("-WRONGTYPE no\r\n")).isEqualTo(new ErrorValue("WRONGTYPE no"));
    assertThat(object(":-12\r\n")).isEqualTo(-12L);
    assertThat(object("$4\r\na\r\nb\r\n")).isEqualTo("a\r\nb");
    assertThat(object("$0\r\n\r\n")).isEqualTo("");
    assertThat(object("$-1\r\n")).isNull();
    assertThat(object("*-1\r\n")).isNull();
    assertThat(object("_\r\n")).isNull();
    assertThat(object("#t\r\n")).isEqualTo(true);
    assertThat(object("#f\r\n")).isEqualTo(false);
    assertThat(object(",1.5\r\n")).isEqualTo(1.5);
    assertThat(object(",-inf\r\n")).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(object(",inf\r\n")).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(object(",nan\r\n")).isEqualTo(Double.NaN);
    assertThat(object("(12345678901234567890\r\n")).isEqualTo("12345678901234567890");
    assertThat(object("=7\r\ntxt:abc\r\n")).isEqualTo("abc");
    assertThat(object("*2\r\n:1\r\n*1\r\n:2\r\n")).isEqualTo(List.of(1L, List.of(2L)));
    assertThat(object("%1\r\n:1\r\n:2\r\n")).isEqualTo(List.of(1L, 2L));
    assertThat(object("~0\r\n")).isEqualTo(List.of());
  }

  @Test
  void whatIsNoAnswerIsRefused() {
    List<String> broken =
        List.of(
            "",
            "+OK",
            "+OK\r\n+OK\r\n",
            ":x\r\n",
            "$5\r\nabc\r\n",
            "$-2\r\n",
            "$99999999999\r\n",
            "*2\r\n:1\r\n",
            "~-1\r\n",
            ",x\r\n",
            "=2\r\nab\r\n",
            ">1\r\n:1\r\n",
            "|1\r\n:1\r\n:1\r\n:1\r\n",
            "hello\r\n",
            "*1\r\n".repeat(200) + ":1\r\n");
    for (String each : broken) {
      assertThatThrownBy(() -> object(each)).as(each).isInstanceOf(CommandException.class);
    }
  }
}
