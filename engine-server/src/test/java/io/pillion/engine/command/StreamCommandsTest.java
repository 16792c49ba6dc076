package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Streams: their entries. */
class StreamCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String NOT_AN_INTEGER = "ERR value is not an integer or out of range";
  private static final String SYNTAX = "ERR syntax error";
  private static final String INVALID_ID =
      "ERR Invalid stream ID specified as stream command argument";
  private static final String NOT_BEHIND =
      "ERR The ID specified in XADD is equal or smaller than the target stream top item";
  private static final String MAX = "18446744073709551615";

  private static List<Object> entry(String id, Object... words) {
    return List.of(id, Arrays.asList(words));
  }

  @CommandTest
  void addAndRead(TestClient r) {
    r.line("XADD s 1-1 f v").is("1-1");
    r.line("XADD s 1-2 f v2 g w").is("1-2");
    r.line("XADD s 5 f v3").is("5-0");
    r.line("XLEN s").is(3);
    r.line("XLEN none").is(0);
    r.line("TYPE s").isStatus("stream");
    r.line("OBJECT ENCODING s").is("stream");
    r.line("XRANGE s - +")
        .isList(entry("1-1", "f", "v"), entry("1-2", "f", "v2", "g", "w"), entry("5-0", "f", "v3"));
    r.line("XREVRANGE s + -")
        .isList(entry("5-0", "f", "v3"), entry("1-2", "f", "v2", "g", "w"), entry("1-1", "f", "v"));
    r.line("XRANGE s 1 1").isList(entry("1-1", "f", "v"), entry("1-2", "f", "v2", "g", "w"));
    r.line("XRANGE s (1-1 (5").isList(entry("1-2", "f", "v2", "g", "w"), entry("5-0", "f", "v3"));
    r.line("XRANGE s (1-1 (5-0").isList(entry("1-2", "f", "v2", "g", "w"));
    r.line("XREVRANGE s (5-0 1-2").isList(entry("1-2", "f", "v2", "g", "w"));
    r.line("XRANGE s - + COUNT 1").isList(entry("1-1", "f", "v"));
    r.line("XREVRANGE s + - COUNT 1").isList(entry("5-0", "f", "v3"));
    r.line("XRANGE s - + COUNT 0").isNilArray();
    r.line("XRANGE s - + COUNT -3").isNilArray();
    r.line("XRANGE s + -").isList();
    r.line("XRANGE none - + COUNT 0").isList();
    r.line("XRANGE s 2 3").isList();
    r.hello3().line("XRANGE s 1-1 1-1").isList(entry("1-1", "f", "v"));
    r.line("XRANGE s - + COUNT 0").isNil();
  }

  @CommandTest
  void idsInAllForms(TestClient r) {
    r.line("XADD s 0-1 f v").is("0-1");
    r.line("XADD s 0-1 f v").isError(NOT_BEHIND);
    r.line("XADD s 0-* f v").is("0-2");
    r.line("XADD s 3-* f v").is("3-0");
    r.line("XADD s 3-* f v").is("3-1");
    r.line("XADD s 2-* f v").isError(NOT_BEHIND);
    r.line("XADD s 3 f v").isError(NOT_BEHIND);
    r.call("XADD", "s", " +4-\t000", "f", "v").is("4-0");
    r.line("XADD t 0-0 f v").isError("ERR The ID specified in XADD must be greater than 0-0");
    r.line("XADD t 0 f v").isError("ERR The ID specified in XADD must be greater than 0-0");
    r.line("XADD t 0-* f v").is("0-1");
    for (String bad :
        List.of(
            "x", "1-x", "1-2-3", "-", "+", "1-**", "*-1", "**", "1 -2", "18446744073709551616")) {
      r.call("XADD", "s", bad, "f", "v").isError(INVALID_ID);
    }
    r.call("XADD", "s", "1".repeat(200), "f", "v").isError(INVALID_ID);
    r.call("XADD", "s", MAX + "-" + MAX, "f", "v").is(MAX + "-" + MAX);
    r.line("XADD s * f v")
        .isError("ERR The stream has exhausted the last possible ID, unable to add more items");
    r.call("XADD", "t", MAX + "-*", "f", "v").is(MAX + "-0");
    r.call("XADD", "t", "9223372036854775808-5", "f", "v").isError(NOT_BEHIND);
    r.call("XRANGE", "s", "4-0", "+")
        .isList(entry("4-0", "f", "v"), entry(MAX + "-" + MAX, "f", "v"));
    r.call("XRANGE", "s", "(" + MAX + "-" + MAX, "+")
        .isError("ERR invalid start ID for the interval");
    r.call("XRANGE", "s", "-", "(0-0").isError("ERR invalid end ID for the interval");
    r.call("XRANGE", "s", "(-", "+").isError(INVALID_ID);
    r.call("XRANGE", "s", "(", "+").isError(INVALID_ID);
    r.call("XRANGE", "s", "-", "x").isError(INVALID_ID);
    r.call("XREVRANGE", "s", "x", "-").isError(INVALID_ID);
  }

  @CommandTest(deterministic = false)
  void idsByTheClock(TestClient r) {
    String first = r.line("XADD s * f v").text();
    String second = r.line("XADD s * f v").text();
    assertThat(Long.parseLong(first.split("-", -1)[0])).isGreaterThan(1_600_000_000_000L);
    assertThat(Long.parseLong(second.split("-", -1)[0]))
        .isGreaterThanOrEqualTo(Long.parseLong(first.split("-", -1)[0]));
    r.line("XADD s 9999999999999-5 f v").is("9999999999999-5");
    r.line("XADD s * f v").is("9999999999999-6");
    r.call("XADD", "s", "9999999999999-" + MAX, "f", "v").is("9999999999999-" + MAX);
    r.line("XADD s * f v").is("10000000000000-0");
    r.line("XADD s 10000000000000-* f v").is("10000000000000-1");
  }

  @CommandTest
  void whatXaddRefuses(TestClient r) {
    r.line("XADD s * f").isError("ERR wrong number of arguments for 'xadd' command");
    r.line("XADD s * f v g").isError("ERR wrong number of arguments for 'xadd' command");
    r.line("XADD s MAXLEN 5 *").isError("ERR wrong number of arguments for 'xadd' command");
    r.line("XADD s NOMKSTREAM 1-1 f v").isNil();
    r.line("EXISTS s").is(0);
    r.line("XADD s MAXLEN -1 1-1 f v").isError("ERR The MAXLEN argument must be >= 0.");
    r.line("XADD s MAXLEN x 1-1 f v").isError(NOT_AN_INTEGER);
    r.line("XADD s MINID x 1-1 f v").isError(INVALID_ID);
    r.line("XADD s MAXLEN 1 MINID 1 1-1 f v")
        .isError("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    r.line("XADD s MAXLEN 1 LIMIT 5 1-1 f v")
        .isError("ERR syntax error, LIMIT cannot be used without the special ~ option");
    r.line("XADD s LIMIT 5 1-x f v").isError(INVALID_ID);
    r.line("XADD s LIMIT 5 1-1 f v")
        .isError("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    r.line("XADD s MAXLEN ~ 1 LIMIT -1 1-1 f v").isError("ERR The LIMIT argument must be >= 0.");
    r.line("XADD s MAXLEN ~ 1 LIMIT x 1-1 f v").isError(NOT_AN_INTEGER);
    r.line("EXISTS s").is(0);
    r.line("SET k v").isOk();
    for (String command :
        List.of(
            "XADD k * f v",
            "XLEN k",
            "XRANGE k - +",
            "XREVRANGE k + -",
            "XDEL k 1-1",
            "XTRIM k MAXLEN 1",
            "XSETID k 1-1")) {
      r.line(command).isError(WRONG_TYPE);
    }
    r.line("XRANGE k - + COUNT").isError(SYNTAX);
    r.line("XRANGE k - + COUNT x").isError(NOT_AN_INTEGER);
    r.line("XRANGE k - + LIMIT 3").isError(SYNTAX);
    r.line("XADD s 1-1 f v").is("1-1");
    r.line("LPUSH s a").isError(WRONG_TYPE);
    r.line("GET s").isError(WRONG_TYPE);
  }

  @CommandTest
  void trims(TestClient r, TestServer server) {
    server.config("stream-node-max-entries", "10");
    for (int i = 1; i <= 100; i++) {
      r.call("XADD", "s", i + "-0", "n", i).is(i + "-0");
    }
    r.line("XTRIM s MAXLEN ~ 85").is(10);
    r.line("XTRIM s MAXLEN = 85").is(5);
    r.line("XTRIM s MAXLEN 85").is(0);
    r.line("XTRIM s MINID ~ 33").is(15);
    r.line("XTRIM s MINID 33").is(2);
    r.line("XRANGE s - + COUNT 1").isList(entry("33-0", "n", "33"));
    r.line("XTRIM s MAXLEN ~ 0 LIMIT 30").is(28);
    r.line("XTRIM s MINID ~ 1000 LIMIT 10").is(10);
    r.line("XTRIM s MINID ~ 1000 LIMIT 9").is(0);
    r.line("XLEN s").is(30);
    r.line("XADD s MAXLEN ~ 25 LIMIT 5 101-0 n 101").is("101-0");
    r.line("XLEN s").is(31);
    r.line("XADD s MAXLEN ~ 5 LIMIT 20 102-0 n 102").is("102-0");
    r.line("XLEN s").is(12);
    r.line("XADD s MAXLEN 3 103-* n 103").is("103-0");
    r.line("XADD s MINID ~ 103 104-* n 104").is("104-0");
    r.line("XADD s MINID = 103 NOMKSTREAM 105-* n 105").is("105-0");
    r.line("XRANGE s - +")
        .isList(entry("103-0", "n", "103"), entry("104-0", "n", "104"), entry("105-0", "n", "105"));
    r.line("XADD s MAXLEN 0 106-0 n 106").is("106-0");
    r.line("XLEN s").is(0);
    r.line("EXISTS s").is(1);
    r.line("XRANGE s - +").isList();
    r.line("XADD s 106-0 n 106").isError(NOT_BEHIND);
    r.line("XTRIM s MAXLEN 0").is(0);
    r.line("XTRIM none MAXLEN 0").is(0);
  }

  @CommandTest
  void whatXtrimRefuses(TestClient r) {
    r.line("XTRIM s MAXLEN").isError("ERR wrong number of arguments for 'xtrim' command");
    r.line("XTRIM s LIMIT 5")
        .isError("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    r.line("XTRIM s LIMIT 0")
        .isError("ERR syntax error, XTRIM must be called with a trimming strategy");
    r.line("XTRIM s MAXLEN 1 LIMIT 1")
        .isError("ERR syntax error, LIMIT cannot be used without the special ~ option");
    r.line("XTRIM s MAXLEN = 1 LIMIT 1")
        .isError("ERR syntax error, LIMIT cannot be used without the special ~ option");
    r.line("XTRIM s MAXLEN 1 MAXLEN 1")
        .isError("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    r.line("XTRIM s MAXLEN = ~").isError(NOT_AN_INTEGER);
    r.line("XTRIM s MAXLEN ~").isError(NOT_AN_INTEGER);
    r.line("XTRIM s MAXLEN 1 NOMKSTREAM").isError(SYNTAX);
    r.line("XTRIM s 5 5").isError(SYNTAX);
  }

  @CommandTest
  void deletes(TestClient r, TestServer server) {
    server.config("stream-node-max-entries", "5");
    for (int i = 1; i <= 20; i++) {
      r.call("XADD", "s", i + "-0", "n", i, "x", "y").is(i + "-0");
    }
    r.line("XDEL s 3-0 4 99-0 4-0").is(2);
    r.line("XDEL s 1-0 x").isError(INVALID_ID);
    r.line("XDEL none x").is(0);
    r.line("XLEN s").is(18);
    r.line("XDEL s 1-0 2-0 5-0 20-0 18-0 19-0 17-0 16-0").is(8);
    r.line("XRANGE s - + COUNT 1").isList(entry("6-0", "n", "6", "x", "y"));
    r.line("XREVRANGE s + - COUNT 1").isList(entry("15-0", "n", "15", "x", "y"));
    r.line("XADD s 20-0 n 1").isError(NOT_BEHIND);
    r.line("XADD s 21-0 n 1").is("21-0");
    // Deleted entries count in their page: the next is trimmed by pages as Redis has them.
    r.line("XDEL s 7-0 8-0").is(2);
    r.line("XTRIM s MAXLEN ~ 7").is(0);
    r.line("XTRIM s MAXLEN ~ 6").is(3);
    r.line("XLEN s").is(6);
    for (int i = 6; i <= 21; i++) {
      r.call("XDEL", "s", i);
    }
    r.line("XLEN s").is(0);
    r.line("EXISTS s").is(1);
    r.line("XADD s 22-0 n 1").is("22-0");
  }

  @CommandTest
  void setId(TestClient r) {
    r.line("XSETID s 1-1").isError("ERR no such key");
    r.line("XADD s 5-5 f v").is("5-5");
    r.line("XSETID s 5-4")
        .isError("ERR The ID specified in XSETID is smaller than the target stream top item");
    r.line("XSETID s 200-5").isOk();
    r.line("XADD s 200-4 f v").isError(NOT_BEHIND);
    r.line("XADD s 200-* f v").is("200-6");
    r.line("XSETID s 300 ENTRIESADDED 1 MAXDELETEDID 100")
        .isError(
            "ERR The entries_added specified in XSETID is smaller than the target stream length");
    r.line("XSETID s 300 ENTRIESADDED -1").isError("ERR entries_added must be positive");
    r.line("XSETID s 300 ENTRIESADDED x").isError(NOT_AN_INTEGER);
    r.line("XSETID s 300 MAXDELETEDID 301")
        .isError(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
    r.line("XSETID s 300 MAXDELETEDID x").isError(INVALID_ID);
    r.line("XSETID s x").isError(INVALID_ID);
    r.line("XSETID s 300 MAXDELETEDID").isError(SYNTAX);
    r.line("XSETID s 300 ENTRIESADDED 100 MAXDELETEDID 250-1").isOk();
    r.line("XADD s 300-1 f v").is("300-1");
  }

  @CommandTest
  @Since("7.2")
  void whatOldServersDidNotSeeInIds(TestClient r) {
    r.line("XADD s 5-5 f v").is("5-5");
    r.line("XSETID s 300 ENTRIESADDED 100 MAXDELETEDID 250-1").isOk();
    r.line("XSETID s 240")
        .isError("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
    r.call("XADD", "s", "400-" + MAX, "f", "v").is("400-" + MAX);
    r.line("XADD s 400-* f v").isError(NOT_BEHIND);
  }

  @CommandTest
  void otherCommandsTakeStreams(TestClient r) {
    r.line("XADD s 1-1 a 1").is("1-1");
    r.line("XADD s 2-1 a 2 b 3").is("2-1");
    r.line("COPY s t").is(1);
    r.line("XDEL s 1-1").is(1);
    r.line("XRANGE t - +").isList(entry("1-1", "a", "1"), entry("2-1", "a", "2", "b", "3"));
    r.line("RENAME t u").isOk();
    r.line("XLEN u").is(2);
    r.line("EXPIRE u 1000").is(1);
    r.line("PERSIST u").is(1);
    r.line("SCAN 0 TYPE stream COUNT 100")
        .satisfies(
            page ->
                assertThat(new ArrayList<Object>((List<?>) ((List<?>) page).get(1)))
                    .containsExactlyInAnyOrder("s", "u"));
    r.line("DEL u s").is(2);
  }

  /** The same random commands to all servers; the digests are compared at the end. */
  @CommandTest
  void manyEntries(TestClient r, TestServer server) {
    server.config("stream-node-max-entries", "7");
    Random random = new Random(17);
    List<Long> ids = new ArrayList<>();
    long last = 0;
    for (int i = 0; i < 1500; i++) {
      int action = random.nextInt(10);
      if (action < 7) {
        last += random.nextInt(5) == 0 ? random.nextInt(1_000_000) + 1 : 1;
        r.call("XADD", "s", last + "-7", "f" + random.nextInt(2), "v" + i).is(last + "-7");
        ids.add(last);
      } else if (action < 9 && !ids.isEmpty()) {
        long id = ids.remove(random.nextInt(ids.size()));
        r.call("XDEL", "s", id + "-7").is(1);
      } else if (i % 10 == 0) {
        long trimmed = r.call("XTRIM", "s", "MAXLEN", "~", Math.max(0, ids.size() - 10)).integer();
        ids.subList(0, (int) trimmed).clear();
      }
    }
    List<String> expected = new ArrayList<>();
    ids.forEach(id -> expected.add(id + "-7"));
    assertThat(idsOf(r.line("XRANGE s - +").elements())).isEqualTo(expected);
    Collections.reverse(expected);
    assertThat(idsOf(r.line("XREVRANGE s + -").elements())).isEqualTo(expected);
  }

  private static List<Object> idsOf(List<?> entries) {
    List<Object> ids = new ArrayList<>();
    entries.forEach(entry -> ids.add(((List<?>) entry).get(0)));
    return ids;
  }

  @CommandTest
  void aLargeOneIsFreedLazily(TestClient r, TestServer server) {
    server.config("stream-node-max-entries", "5");
    r.ok("CONFIG", "RESETSTAT");
    for (int i = 1; i <= 1000; i++) {
      r.call("XADD", "s", i + "-0", "f", "v").is(i + "-0");
    }
    r.ok("XGROUP", "CREATE", "s", "g", "0");
    r.call("XREADGROUP", "GROUP", "g", "c", "COUNT", "2", "STREAMS", "s", ">");
    r.call("XADD", "small", "1-0", "f", "v").is("1-0");
    r.ok("XGROUP", "CREATE", "small", "g", "0");
    r.call("XGROUP", "DESTROY", "small", "g").is(1);
    r.call("UNLINK", "s", "small").is(2);
    TestServer.await(
        "one freed object",
        () -> r.call("INFO", "memory").text().contains("lazyfree_pending_objects:0\r\n"));
    assertThat(r.call("INFO", "memory").text()).contains("lazyfreed_objects:1\r\n");
  }
}
