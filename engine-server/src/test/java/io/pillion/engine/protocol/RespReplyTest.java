package io.pillion.engine.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.SlabPool;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RespReplyTest {
  private static String write(int version, Consumer<Reply> writer) {
    RespReply reply = new RespReply();
    reply.version(version);
    writer.accept(reply);
    return new String(reply.array(), 0, reply.size(), UTF_8);
  }

  private static void assertBytes(Consumer<Reply> writer, String resp2, String resp3) {
    assertThat(write(2, writer)).isEqualTo(resp2);
    assertThat(write(3, writer)).isEqualTo(resp3);
  }

  @Test
  void scalars() {
    assertBytes(Reply::ok, "+OK\r\n", "+OK\r\n");
    assertBytes(reply -> reply.simple("PONG"), "+PONG\r\n", "+PONG\r\n");
    assertBytes(Reply::nil, "$-1\r\n", "_\r\n");
    assertBytes(Reply::nilArray, "*-1\r\n", "_\r\n");
    assertBytes(reply -> reply.bool(true), ":1\r\n", "#t\r\n");
    assertBytes(reply -> reply.bool(false), ":0\r\n", "#f\r\n");
    assertBytes(reply -> reply.number(3.25), "$4\r\n3.25\r\n", ",3.25\r\n");
    assertBytes(reply -> reply.number(Double.NEGATIVE_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n");
    assertBytes(reply -> reply.bigNumber("123"), "$3\r\n123\r\n", "(123\r\n");
    assertBytes(reply -> reply.verbatim("txt", "hi"), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n");
    assertBytes(reply -> reply.bulk("ü"), "$2\r\nü\r\n", "$2\r\nü\r\n");
    assertBytes(reply -> reply.bulk(new byte[0]), "$0\r\n\r\n", "$0\r\n\r\n");
  }

  @ParameterizedTest
  @ValueSource(
      longs = {0, 1, 9, 10, 99, 100, -1, -9, -10, -99, Long.MAX_VALUE, Long.MIN_VALUE, 123456})
  void integers(long value) {
    assertThat(write(2, reply -> reply.integer(value))).isEqualTo(":" + value + "\r\n");
    String text = Long.toString(value);
    assertThat(write(2, reply -> reply.bulk(value)))
        .isEqualTo("$" + text.length() + "\r\n" + text + "\r\n");
  }

  @Test
  void anErrorStaysOnItsLine() {
    assertThat(write(2, reply -> reply.error("ERR a\r\n+OK\nb\r\n")))
        .isEqualTo("-ERR a  +OK b\r\n");
  }

  @Test
  void aggregates() {
    assertBytes(reply -> reply.array(12), "*12\r\n", "*12\r\n");
    assertBytes(reply -> reply.map(2), "*4\r\n", "%2\r\n");
    assertBytes(reply -> reply.set(2), "*2\r\n", "~2\r\n");
    assertBytes(reply -> reply.push(2), "*2\r\n", ">2\r\n");
  }

  @Test
  void deferredAggregatesNest() {
    Consumer<Reply> nested =
        reply -> {
          int outer = reply.deferred();
          int inner = reply.deferred();
          for (int i = 0; i < 11; i++) {
            reply.integer(i % 10);
          }
          reply.resolveArray(inner, 11);
          reply.bulk("x");
          reply.resolveMap(outer, 1);
        };
    String elements = "*11\r\n:0\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n:0\r\n";
    assertBytes(nested, "*2\r\n" + elements + "$1\r\nx\r\n", "%1\r\n" + elements + "$1\r\nx\r\n");
    ObjectReply objects = new ObjectReply(3);
    nested.accept(objects);
    List<?> whole = (List<?>) objects.take().get(0);
    assertThat(whole).hasSize(2);
    assertThat((List<?>) whole.get(0)).hasSize(11);
    assertThat(((List<?>) whole.get(0)).get(1)).isEqualTo(1L);
    assertThat(objects.isEmpty()).isTrue();
  }

  @Test
  void valuesThatAreNotCopiedKeepTheirPlace() {
    try (Arena arena = new Arena(SlabPool.shared(), 8 << 20)) {
      long block = arena.allocate(1 << 20);
      arena.clear(block, 1 << 20);
      RespReply reply = RespReply.sharing(new BufferPool());
      int mark = reply.deferred();
      reply.shared(arena, block, 20_000);
      int position = reply.position();
      reply.shared(arena, block, 30_000);
      reply.rewind(position);
      RespReply later = (RespReply) reply.fresh();
      later.shared(arena, block + 8, 1_000_000);
      later.shared(arena, block, 100);
      reply.append(later);
      reply.resolveArray(mark, 3);
      String written = new String(reply.array(), 0, reply.size(), ISO_8859_1);
      assertThat(written)
          .isEqualTo("*3\r\n$20000\r\n\r\n$1000000\r\n\r\n$100\r\n" + "\0".repeat(100) + "\r\n");
      assertThat(reply.sharedBytes()).isEqualTo(1_020_000);
      List<RespReply.Shared> shared = reply.takeShared();
      assertThat(shared.stream().map(RespReply.Shared::at)).containsExactly(12, 24);
      arena.free(block);
      shared.forEach(each -> each.lease().release());
      arena.takeBack();
      assertThat(arena.usedBytes()).isZero();
    }
  }

  @Test
  void aReplyThatWouldExhaustTheHeapIsAnError() {
    RespReply reply = new RespReply(5000, null, /* shares= */ false);
    reply.bulk("x".repeat(4000));
    int position = reply.position();
    assertThatThrownBy(() -> reply.bulk("x".repeat(1000)))
        .isInstanceOf(CommandException.class)
        .hasMessageStartingWith("ERR the reply would exceed 5000 bytes");
    reply.rewind(position);
    reply.integer(1);
    assertThat(reply.size()).isEqualTo(position + 4);
  }

  @Test
  void whatIsRewoundWasNeverSaid() {
    Consumer<Reply> writer =
        reply -> {
          reply.integer(1);
          int position = reply.position();
          reply.array(3);
          reply.bulk("gone");
          reply.rewind(position);
          reply.error("ERR no");
        };
    assertBytes(writer, ":1\r\n-ERR no\r\n", ":1\r\n-ERR no\r\n");
    ObjectReply objects = new ObjectReply(2);
    writer.accept(objects);
    assertThat(objects.take()).containsExactly(1L, new ErrorValue("ERR no"));
  }

  @Test
  void objectsAreWhatTheClientsOfThisProcessExpect() {
    ObjectReply reply = new ObjectReply(3);
    reply.map(2);
    reply.bulk("a");
    reply.number(1.5);
    reply.simple("b");
    reply.nil();
    reply.bool(true);
    List<Object> replies = reply.take();
    assertThat(replies).hasSize(2);
    List<?> map = (List<?>) replies.get(0);
    assertThat(map.get(0)).isEqualTo(new byte[] {'a'});
    assertThat(map.get(1)).isEqualTo(1.5);
    assertThat(map.get(2)).isEqualTo(new byte[] {'b'});
    assertThat(map.get(3)).isNull();
    assertThat(replies.get(1)).isEqualTo(true);
  }
}
