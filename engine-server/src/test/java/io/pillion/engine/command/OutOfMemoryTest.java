package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.protocol.ErrorValue;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands of many elements that run out of memory half-way change nothing. */
class OutOfMemoryTest {
  private static final String LARGE = "x".repeat(1 << 20);

  private final PillionEngine engine = new EngineBuilder().memoryBytes(8 << 20).start();
  private final LocalClient client = engine.connect();

  @BeforeEach
  void onlyTheArenaIsTheLimit() throws Exception {
    engine.parameters().change(List.of(new Parameters.Setting("maxmemory", "0")), true);
  }

  @AfterEach
  void close() {
    client.close();
    engine.close();
  }

  private @Nullable Object call(List<String> words) {
    List<byte[]> bytes = new ArrayList<>();
    words.forEach(word -> bytes.add(word.getBytes(StandardCharsets.ISO_8859_1)));
    return client.send(bytes).toCompletableFuture().join();
  }

  private @Nullable Object call(String line) {
    return call(List.of(line.split(" ", -1)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "RPUSH l",
        "LPUSH l",
        "RPUSH new",
        "ZADD z",
        "ZADD large",
        "ZADD fresh",
        "HSET h",
        "HSET manyfields",
        "HSET newhash",
        "SADD s",
        "SADD integers",
        "SADD manymembers",
        "SADD newset"
      })
  void undoesWhatItHasDone(String begin) {
    call("RPUSH l a 1 b");
    call("ZADD z 1 a 2 b");
    call("HSET h m0 value m1 another a 1");
    call("SADD s m1 a");
    call("SADD integers 1 2 3");
    for (int i = 0; i < 200; i++) {
      call("ZADD large " + i + " m" + i);
      call("HSET manyfields m" + i + " " + i);
      call("SADD manymembers m" + i);
    }
    String before = dump();
    List<String> words = new ArrayList<>(List.of(begin.split(" ", -1)));
    for (int i = 0; i < 12; i++) {
      if (begin.startsWith("Z")) {
        words.add(String.valueOf(i * 3 + 0.5));
        words.add(i < 3 ? "m" + i : i == 3 ? "a" : LARGE + i);
      } else if (begin.startsWith("H")) {
        words.add("m" + i);
        words.add(i < 3 ? "longer value " + i : LARGE + i);
      } else if (begin.startsWith("S")) {
        words.add(i < 3 ? "m" + i : LARGE + i);
      } else {
        words.add(i < 3 ? "small" + i : LARGE + i);
      }
    }
    Object answer = call(words);
    assertThat(answer).isInstanceOf(ErrorValue.class);
    assertThat(String.valueOf(answer)).contains("OOM");
    assertThat(dump()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "MSET VALUES",
        "MSETNX VALUES",
        "MSETEX 12 VALUES",
        "MSETEX 12 VALUES EX 100",
        "MSETEX 12 VALUES KEEPTTL"
      })
  void severalStringsAreSetOrNone(String command) {
    boolean onlyNew = command.startsWith("MSETNX");
    call("SET old1 a");
    call("SET old2 b EX 1000");
    call("RPUSH l a");
    for (int i = 0; i < 200; i++) {
      call("SET other" + i + " x");
    }
    String before = strings();
    List<String> values = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      String old = i == 1 ? "old1" : i == 2 ? "old2" : i == 3 ? "l" : i == 4 ? "old1" : "new" + i;
      values.add(onlyNew ? "new" + i / 2 : old);
      values.add(i == 1 || i == 5 ? "c" : LARGE + i);
    }
    List<String> words = new ArrayList<>();
    for (String word : command.split(" ", -1)) {
      words.addAll(word.equals("VALUES") ? values : List.of(word));
    }
    assertThat(String.valueOf(call(words))).contains("OOM");
    assertThat(strings()).isEqualTo(before);
    assertThat(texts(call("MSET old1 d new1 e l f old1 gg"))).isEqualTo("OK");
    assertThat(texts(call("MGET old1 new1 l"))).isEqualTo("gg e f ");
  }

  private String strings() {
    return texts(call("MGET old1 old2 new0 new1 other7"))
        + texts(call("LRANGE l 0 -1"))
        + call("PEXPIRETIME old2")
        + call("DBSIZE")
        + engine.engine().keyspace().database(0).expiry().size()
        + " "
        + engine.engine().keyspace().arena().usedBytes();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SETBIT new 80000000 1",
        "SETBIT small 80000000 1",
        "BITFIELD new SET u8 80000000 1",
        "BITFIELD small GET u8 0 INCRBY u8 80000000 1",
        "BITOP NOT new big",
        "BITOP NOT l big",
        "BITOP OR small small big",
        "BITOP NOT big big"
      })
  void bitmapsStayAsTheyAre(String line) {
    call("RPUSH l a 1 b");
    call("SET big v PXAT 4102444800123");
    call("SETBIT big 40000007 1");
    call("SET small v PXAT 4102444800123");
    String before = bitmaps();
    assertThat(String.valueOf(call(line))).contains("OOM");
    assertThat(bitmaps()).isEqualTo(before);
  }

  private String bitmaps() {
    return dump()
        + texts(call("GET small"))
        + call("PEXPIRETIME small")
        + call("STRLEN big")
        + call("BITCOUNT big")
        + call("BITPOS big 1")
        + call("PEXPIRETIME big");
  }

  /** All the data, in an order of their own. */
  private String dump() {
    return texts(call("LRANGE l 0 -1"))
        + texts(call("ZRANGE z 0 -1 WITHSCORES"))
        + texts(call("ZRANGE large 0 -1 WITHSCORES"))
        + fields("h")
        + fields("manyfields")
        + members("s")
        + members("integers")
        + members("manymembers")
        + call("DBSIZE");
  }

  private String fields(String key) {
    List<String> fields = new ArrayList<>();
    List<?> all = (List<?>) Objects.requireNonNull(call("HGETALL " + key));
    for (int i = 0; i < all.size(); i += 2) {
      fields.add(texts(all.get(i)) + "=" + texts(all.get(i + 1)));
    }
    fields.sort(null);
    return fields + " ";
  }

  private String members(String key) {
    List<String> members = new ArrayList<>();
    List<?> all = (List<?>) Objects.requireNonNull(call("SMEMBERS " + key));
    all.forEach(member -> members.add(texts(member)));
    members.sort(null);
    return members + " ";
  }

  private static String texts(@Nullable Object value) {
    if (value instanceof List<?> list) {
      StringBuilder text = new StringBuilder();
      list.forEach(element -> text.append(texts(element)).append(' '));
      return text.toString();
    }
    return value instanceof byte[] bytes
        ? new String(bytes, StandardCharsets.ISO_8859_1)
        : String.valueOf(value);
  }
}
