package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Oracle;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Streams: groups, consumers, what is pending, and what is told of them. */
class StreamGroupCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String NOT_AN_INTEGER = "ERR value is not an integer or out of range";
  private static final String SYNTAX = "ERR syntax error";
  private static final String INVALID_ID =
      "ERR Invalid stream ID specified as stream command argument";
  private static final String NO_KEY =
      "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to"
          + " use the MKSTREAM option to create an empty stream automatically.";

  private static List<Object> entry(String id, Object... words) {
    return List.of(id, Arrays.asList(words));
  }

  private static void fill(TestClient r, int entries) {
    for (int i = 1; i <= entries; i++) {
      r.call("XADD", "s", i + "-0", "n", i).is(i + "-0");
    }
  }

  @CommandTest
  void groupsComeAndGo(TestClient r) {
    r.line("XGROUP CREATE s g $").isError(NO_KEY);
    r.line("XGROUP SETID s g $").isError(NO_KEY);
    r.line("XGROUP DESTROY s g").isError(NO_KEY);
    r.line("XGROUP CREATECONSUMER s g c").isError(NO_KEY);
    r.line("XGROUP DELCONSUMER s g c").isError(NO_KEY);
    r.line("XGROUP CREATE s g x MKSTREAM").isError(INVALID_ID);
    r.line("EXISTS s").is(0);
    r.line("XGROUP CREATE s g $ MKSTREAM").isOk();
    r.line("XGROUP CREATE s g $").isError("BUSYGROUP Consumer Group name already exists");
    r.line("XGROUP CREATE s h 0 ENTRIESREAD 3").isOk();
    r.line("XGROUP CREATE s i - ENTRIESREAD 3").isError(INVALID_ID);
    r.line("XGROUP CREATE s i 0 ENTRIESREAD -2")
        .isError("ERR value for ENTRIESREAD must be positive or -1");
    r.line("XGROUP CREATE s i 0 ENTRIESREAD x").isError(NOT_AN_INTEGER);
    r.line("XLEN s").is(0);
    r.line("XGROUP SETID s x 0").isError("NOGROUP No such consumer group 'x' for key name 's'");
    r.line("XGROUP CREATECONSUMER s x c")
        .isError("NOGROUP No such consumer group 'x' for key name 's'");
    r.line("XGROUP DELCONSUMER s x c")
        .isError("NOGROUP No such consumer group 'x' for key name 's'");
    r.line("XGROUP SETID s h 5-5 ENTRIESREAD 7").isOk();
    r.line("XGROUP CREATECONSUMER s g c").is(1);
    r.line("XGROUP CREATECONSUMER s g c").is(0);
    r.line("XGROUP DELCONSUMER s g c").is(0);
    r.line("XGROUP DELCONSUMER s g c").is(0);
    r.line("XGROUP DESTROY s g").is(1);
    r.line("XGROUP DESTROY s g").is(0);
    r.line("XGROUP CREATE s g 0 SOMETHING")
        .isError(
            "ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.");
    r.line("XGROUP CREATE s g 0 ENTRIESREAD")
        .isError(
            "ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.");
    r.line("XGROUP setid s h 0 MKSTREAM")
        .isError(
            "ERR unknown subcommand or wrong number of arguments for 'setid'. Try XGROUP HELP.");
    r.line("XGROUP CREATE s g")
        .isError("ERR wrong number of arguments for 'xgroup|create' command");
    r.line("SET k v").isOk();
    r.line("XGROUP CREATE k g $ MKSTREAM").isError(WRONG_TYPE);
    r.line("XGROUP DESTROY k g").isError(WRONG_TYPE);
    r.line("XACK k g 1").isError(WRONG_TYPE);
    r.line("XPENDING k g").isError(WRONG_TYPE);
    r.line("XCLAIM k g c 0 1").isError(WRONG_TYPE);
    r.line("XAUTOCLAIM k g c 0 0").isError(WRONG_TYPE);
    r.line("XREAD STREAMS k 0").isError(WRONG_TYPE);
    r.line("XREADGROUP GROUP g c STREAMS k >").isError(WRONG_TYPE);
    r.line("XINFO STREAM k").isError(WRONG_TYPE);
  }

  @CommandTest
  void readsBehindIds(TestClient r) {
    fill(r, 3);
    r.line("XADD t 7-7 f v").is("7-7");
    r.line("XREAD STREAMS s t 1-0 0")
        .isList(
            List.of("s", List.of(entry("2-0", "n", "2"), entry("3-0", "n", "3"))),
            List.of("t", List.of(entry("7-7", "f", "v"))));
    r.line("XREAD COUNT 1 STREAMS s t 0 7-7").isList(List.of("s", List.of(entry("1-0", "n", "1"))));
    r.line("XREAD COUNT 0 STREAMS t 0").isList(List.of("t", List.of(entry("7-7", "f", "v"))));
    r.line("XREAD STREAMS s t $ $").isNilArray();
    r.line("XREAD STREAMS none s 0 9").isNilArray();
    r.line("XREAD BLOCK 5 STREAMS none 0").isNilArray();
    r.line("XREAD BLOCK 5 STREAMS s $").isNilArray();
    r.line("XREAD STREAMS s s 2 2")
        .isList(
            List.of("s", List.of(entry("3-0", "n", "3"))),
            List.of("s", List.of(entry("3-0", "n", "3"))));
    r.hello3();
    r.line("XREAD COUNT 1 STREAMS s t 0 0")
        .is(Map.of("s", List.of(entry("1-0", "n", "1")), "t", List.of(entry("7-7", "f", "v"))));
    r.line("XREAD STREAMS s $").isNil();
  }

  @CommandTest
  void whatReadersMayNotSay(TestClient r) {
    fill(r, 1);
    r.line("XGROUP CREATE s g 0").isOk();
    r.line("XREAD STREAMS s >")
        .isError(
            "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group>"
                + " <consumer> option.");
    r.line("XREADGROUP GROUP g c STREAMS s $")
        .isError(
            "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history"
                + " of this consumer by specifying a proper ID, or use the > ID to get new"
                + " messages. The $ ID would just return an empty result set.");
    r.line("XREAD GROUP g c STREAMS s 0")
        .isError("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
    r.line("XREAD NOACK STREAMS s 0")
        .isError("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
    r.line("XREADGROUP COUNT 1 BLOCK 0 STREAMS s >")
        .isError("ERR Missing GROUP option for XREADGROUP");
    r.line("XREADGROUP GROUP x c STREAMS s >")
        .isError("NOGROUP No such key 's' or consumer group 'x' in XREADGROUP with GROUP option");
    r.line("XREADGROUP GROUP g c STREAMS none >")
        .isError(
            "NOGROUP No such key 'none' or consumer group 'g' in XREADGROUP with GROUP option");
    r.line("XREAD COUNT x STREAMS s 0").isError(NOT_AN_INTEGER);
    r.line("XREAD BLOCK x STREAMS s 0").isError("ERR timeout is not an integer or out of range");
    r.line("XREAD BLOCK -1 STREAMS s 0").isError("ERR timeout is negative");
    r.line("XREAD STREAMS s x").isError(INVALID_ID);
    r.line("XREAD STREAMS s -").isError(INVALID_ID);
    r.line("XREAD COUNT 1 s 0").isError(SYNTAX);
    r.line("XREAD COUNT 1 BLOCK 1").isError(SYNTAX);
    r.line("XREAD COUNT 1 STREAMS").isError(SYNTAX);
  }

  @CommandTest
  @Since("7.2")
  void whatOldServersDidNotSee(TestClient r) {
    r.line("XREAD BLOCK 9223372036854775807 STREAMS s 0").isError("ERR timeout is out of range");
    r.line("XREAD STREAMS s t 0")
        .isError(
            "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be"
                + " specified.");
    r.line("XREADGROUP GROUP g c STREAMS s t 0")
        .isError(
            "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be"
                + " specified.");
  }

  @CommandTest
  @Since(valkey = "8.0.0", value = "7.4")
  void theLastEntry(TestClient r) {
    fill(r, 3);
    r.line("XREAD STREAMS s none + +").isList(List.of("s", List.of(entry("3-0", "n", "3"))));
    r.line("XREAD COUNT 5 STREAMS s +").isList(List.of("s", List.of(entry("3-0", "n", "3"))));
    r.line("XREAD STREAMS none +").isNilArray();
    r.line("XGROUP CREATE s g 0").isOk();
    r.line("XREADGROUP GROUP g c STREAMS s +")
        .isError(
            "ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history"
                + " of this consumer by specifying a proper ID, or use the > ID to get new"
                + " messages. The + ID would just return an empty result set.");
  }

  @CommandTest
  void groupsShareTheReading(TestClient r) {
    fill(r, 5);
    r.line("XGROUP CREATE s g 0").isOk();
    r.line("XREADGROUP GROUP g a COUNT 2 STREAMS s >")
        .isList(List.of("s", List.of(entry("1-0", "n", "1"), entry("2-0", "n", "2"))));
    r.line("XREADGROUP GROUP g b COUNT 2 STREAMS s >")
        .isList(List.of("s", List.of(entry("3-0", "n", "3"), entry("4-0", "n", "4"))));
    r.line("XREADGROUP GROUP g a NOACK STREAMS s >")
        .isList(List.of("s", List.of(entry("5-0", "n", "5"))));
    r.line("XREADGROUP GROUP g a STREAMS s >").isNilArray();
    r.line("XREADGROUP GROUP g a STREAMS s 0")
        .isList(List.of("s", List.of(entry("1-0", "n", "1"), entry("2-0", "n", "2"))));
    r.line("XREADGROUP GROUP g a COUNT 1 STREAMS s 1-0")
        .isList(List.of("s", List.of(entry("2-0", "n", "2"))));
    r.line("XPENDING s g").isList(4, "1-0", "4-0", List.of(List.of("a", "2"), List.of("b", "2")));
    r.line("XACK s g 1-0 3-0 99-0 5-0").is(2);
    r.line("XACK s g 1-0").is(0);
    r.line("XACK s g 2-0 x").isError(INVALID_ID);
    r.line("XACK s x 2-0").is(0);
    r.line("XACK none g 2-0").is(0);
    r.line("XPENDING s g").isList(2, "2-0", "4-0", List.of(List.of("a", "1"), List.of("b", "1")));
    r.line("XDEL s 2-0").is(1);
    r.line("XREADGROUP GROUP g a STREAMS s 0")
        .satisfies(
            value ->
                assertThat(String.valueOf(value)).startsWith("[[s, [[2-0, ").doesNotContain("n,"));
    r.line("XGROUP DELCONSUMER s g b").is(1);
    r.line("XPENDING s g").isList(1, "2-0", "2-0", List.of(List.of("a", "1")));
    r.line("XACK s g 2-0").is(1);
    r.line("XPENDING s g")
        .satisfies(value -> assertThat(list(value)).hasSize(4).startsWith(0L, null, null));
    r.line("XREADGROUP GROUP g a STREAMS s 0").isList(List.of("s", List.of()));
    r.line("XGROUP SETID s g 3").isOk();
    r.hello3();
    r.line("XREADGROUP GROUP g b COUNT 1 STREAMS s >")
        .is(Map.of("s", List.of(entry("4-0", "n", "4"))));
  }

  @CommandTest
  void pendingEntryByEntry(TestClient r) {
    fill(r, 5);
    r.line("XGROUP CREATE s g 0").isOk();
    r.line("XREADGROUP GROUP g a COUNT 3 STREAMS s >");
    r.line("XREADGROUP GROUP g b STREAMS s >");
    assertThat(ids(r.line("XPENDING s g - + 10").elements()))
        .isEqualTo(List.of("1-0", "2-0", "3-0", "4-0", "5-0"));
    assertThat(ids(r.line("XPENDING s g - + 10 b").elements())).isEqualTo(List.of("4-0", "5-0"));
    assertThat(ids(r.line("XPENDING s g (1 (4-0 10").elements())).isEqualTo(List.of("2-0", "3-0"));
    assertThat(ids(r.line("XPENDING s g - + 2 a").elements())).isEqualTo(List.of("1-0", "2-0"));
    r.line("XPENDING s g - + 0").isList();
    r.line("XPENDING s g - + -1").isList();
    r.line("XPENDING s g - + 10 nobody").isList();
    r.line("XPENDING s g IDLE 99999999 - + 10").isList();
    assertThat(ids(r.line("XPENDING s g IDLE 0 - + 10 a").elements())).hasSize(3);
    Object first = r.line("XPENDING s g 1 1 1").elements().get(0);
    assertThat(list(first)).hasSize(4).startsWith("1-0", "a").endsWith(1L);
    r.line("XPENDING s g - +").isError(SYNTAX);
    r.line("XPENDING s g IDLE 5 - +").isError(SYNTAX);
    r.line("XPENDING s g IDLE x - + 10").isError(NOT_AN_INTEGER);
    r.line("XPENDING s g - + x").isError(NOT_AN_INTEGER);
    r.line("XPENDING s g x + 1").isError(INVALID_ID);
    r.line("XPENDING s x").isError("NOGROUP No such key 's' or consumer group 'x'");
    r.line("XPENDING none g - + 1").isError("NOGROUP No such key 'none' or consumer group 'g'");
  }

  private static List<@Nullable Object> list(@Nullable Object value) {
    return new ArrayList<>((List<?>) Objects.requireNonNull(value));
  }

  private static List<Object> ids(List<?> entries) {
    List<Object> ids = new ArrayList<>();
    entries.forEach(entry -> ids.add(((List<?>) entry).get(0)));
    return ids;
  }

  @CommandTest
  void claims(TestClient r) {
    fill(r, 6);
    r.line("XGROUP CREATE s g 0").isOk();
    r.line("XREADGROUP GROUP g a COUNT 4 STREAMS s >");
    r.line("XCLAIM s g b 0 1-0 2-0").isList(entry("1-0", "n", "1"), entry("2-0", "n", "2"));
    r.line("XCLAIM s g b 99999999 3-0").isList();
    r.line("XCLAIM s g b 0 3-0 JUSTID").isList("3-0");
    r.line("XCLAIM s g b 0 5-0 99-0").isList();
    r.line("XCLAIM s g b 0 5-0 99-0 FORCE JUSTID").isList("5-0");
    r.line("XCLAIM s g b -5 6 FORCE RETRYCOUNT 7 TIME 1000 JUSTID").isList("6-0");
    r.line("XPENDING s g 6 6 1")
        .satisfies(
            pending -> assertThat(list(list(pending).get(0))).startsWith("6-0", "b").endsWith(7L));
    r.line("XPENDING s g 1 1 1")
        .satisfies(pending -> assertThat(list(list(pending).get(0))).endsWith(2L));
    r.line("XPENDING s g 3 3 1")
        .satisfies(pending -> assertThat(list(list(pending).get(0))).endsWith(1L));
    r.line("XDEL s 2-0").is(1);
    r.line("XCLAIM s g c 0 2-0 4-0 LASTID 9-9").isList(entry("4-0", "n", "4"));
    r.line("XPENDING s g").isList(5, "1-0", "6-0", List.of(List.of("b", "4"), List.of("c", "1")));
    r.line("XADD s 9-9 f v").is("9-9");
    r.line("XREADGROUP GROUP g c STREAMS s >").isNilArray();
    r.line("XCLAIM s g c 0 LASTID 10").isList();
    r.line("XCLAIM s x c 0 1-0").isError("NOGROUP No such key 's' or consumer group 'x'");
    r.line("XCLAIM s g c x 1-0").isError("ERR Invalid min-idle-time argument for XCLAIM");
    r.line("XCLAIM s g c 0 1-0 x").isError("ERR Unrecognized XCLAIM option 'x'");
    r.line("XCLAIM s g c 0 1-0 IDLE").isError("ERR Unrecognized XCLAIM option 'IDLE'");
    r.line("XCLAIM s g c 0 1-0 IDLE x").isError("ERR Invalid IDLE option argument for XCLAIM");
    r.line("XCLAIM s g c 0 1-0 TIME x").isError("ERR Invalid TIME option argument for XCLAIM");
    r.line("XCLAIM s g c 0 1-0 RETRYCOUNT x")
        .isError("ERR Invalid RETRYCOUNT option argument for XCLAIM");
    r.line("XCLAIM s g c 0 1-0 LASTID x").isError(INVALID_ID);
  }

  @CommandTest
  void claimsWhatIsOld(TestClient r) {
    fill(r, 6);
    r.line("XGROUP CREATE s g 0").isOk();
    r.line("XREADGROUP GROUP g a STREAMS s >");
    r.line("XAUTOCLAIM s g b 0 - COUNT 2")
        .isList("3-0", List.of(entry("1-0", "n", "1"), entry("2-0", "n", "2")), List.of());
    r.line("XDEL s 4-0 1-0").is(2);
    r.line("XAUTOCLAIM s g b 0 3 COUNT 2 JUSTID").isList("5-0", List.of("3-0"), List.of("4-0"));
    r.line("XAUTOCLAIM s g b 0 (5 JUSTID").isList("0-0", List.of("6-0"), List.of());
    r.line("XAUTOCLAIM s g c 99999999 0").isList("0-0", List.of(), List.of("1-0"));
    r.line("XPENDING s g").isList(4, "2-0", "6-0", List.of(List.of("a", "1"), List.of("b", "3")));
    r.line("XAUTOCLAIM s g c 0 0 COUNT 0").isError("ERR COUNT must be > 0");
    r.line("XAUTOCLAIM s g c 0 0 COUNT x").isError("ERR COUNT must be > 0");
    r.line("XAUTOCLAIM s g c 0 0 COUNT 8070450532247928833").isError("ERR COUNT must be > 0");
    r.line("XAUTOCLAIM s g c 0 0 COUNT").isError(SYNTAX);
    r.line("XAUTOCLAIM s g c x 0").isError("ERR Invalid min-idle-time argument for XAUTOCLAIM");
    r.line("XAUTOCLAIM s g c 0 x").isError(INVALID_ID);
    r.line("XAUTOCLAIM none g c 0 0").isError("NOGROUP No such key 'none' or consumer group 'g'");
  }

  @CommandTest
  void howFarGroupsAre(TestClient r) {
    r.line("XGROUP CREATE s g $ MKSTREAM").isOk();
    progress(r, null, 0L);
    fill(r, 5);
    progress(r, null, 5L);
    r.line("XREADGROUP GROUP g a COUNT 1 STREAMS s >");
    progress(r, 1L, 4L);
    r.line("XREADGROUP GROUP g a COUNT 2 STREAMS s >");
    progress(r, 3L, 2L);
    r.line("XDEL s 4-0").is(1);
    progress(r, 3L, null);
    r.line("XREADGROUP GROUP g a COUNT 1 STREAMS s >");
    progress(r, 4L, 1L);
    r.line("XADD s 6-0 n 6").is("6-0");
    progress(r, 4L, 2L);
    r.line("XGROUP SETID s g 2-0").isOk();
    progress(r, null, null);
    r.line("XGROUP SETID s g $ ENTRIESREAD 6").isOk();
    progress(r, 6L, 0L);
  }

  private static void progress(TestClient r, @Nullable Long read, @Nullable Long lag) {
    r.line("XINFO GROUPS s")
        .satisfies(
            groups -> {
              List<?> flat = (List<?>) ((List<?>) groups).get(0);
              assertThat(flat.subList(flat.size() - 4, flat.size()))
                  .isEqualTo(Arrays.asList("entries-read", read, "lag", lag));
            });
  }

  @CommandTest
  void info(TestClient r) {
    fill(r, 12);
    r.line("XGROUP CREATE s h 3-0").isOk();
    r.line("XGROUP CREATE s g 0").isOk();
    r.line("XGROUP CREATECONSUMER s g z").is(1);
    r.line("XREADGROUP GROUP g a COUNT 11 STREAMS s >");
    r.line("XDEL s 1-0 7-0").is(2);
    Map<Object, Object> stream = r.line("XINFO STREAM s").pairs();
    assertThat(stream.get("radix-tree-keys")).isEqualTo(1L);
    stream.remove("radix-tree-nodes");
    assertThat(stream)
        .containsEntry("length", 10L)
        .containsEntry("last-generated-id", "12-0")
        .containsEntry("max-deleted-entry-id", "7-0")
        .containsEntry("entries-added", 12L)
        .containsEntry("recorded-first-entry-id", "2-0")
        .containsEntry("groups", 2L)
        .containsEntry("first-entry", entry("2-0", "n", "2"))
        .containsEntry("last-entry", entry("12-0", "n", "12"));
    List<Object> groups = r.line("XINFO GROUPS s").elements();
    assertThat(groups.get(0))
        .isEqualTo(
            Arrays.asList(
                "name",
                "g",
                "consumers",
                2L,
                "pending",
                11L,
                "last-delivered-id",
                "11-0",
                "entries-read",
                11L,
                "lag",
                1L));
    assertThat(groups.get(1))
        .isEqualTo(
            Arrays.asList(
                "name",
                "h",
                "consumers",
                0L,
                "pending",
                0L,
                "last-delivered-id",
                "3-0",
                "entries-read",
                null,
                "lag",
                null));
    r.hello3();
    Map<?, ?> full = r.line("XINFO STREAM s FULL COUNT 2").pairs();
    assertThat(full.get("entries"))
        .isEqualTo(List.of(entry("2-0", "n", "2"), entry("3-0", "n", "3")));
    Map<?, ?> g = (Map<?, ?>) Objects.requireNonNull(list(full.get("groups")).get(0));
    assertThat(list(g.get("pending"))).hasSize(2);
    assertThat(list(list(g.get("pending")).get(0)).subList(0, 2)).isEqualTo(List.of("1-0", "a"));
    assertThat(list(g.get("consumers"))).hasSize(2);
    r.line("XADD t MAXLEN 0 1-1 f v").is("1-1");
    Map<?, ?> empty = r.line("XINFO STREAM t").pairs();
    assertThat(empty.get("first-entry")).isNull();
    assertThat(empty.get("recorded-first-entry-id")).isEqualTo("0-0");
    assertThat(empty.get("radix-tree-keys")).isEqualTo(0L);
    r.line("XINFO STREAM none").isError("ERR no such key");
    r.line("XINFO GROUPS none").isError("ERR no such key");
    r.line("XINFO CONSUMERS none g").isError("ERR no such key");
    r.line("XINFO CONSUMERS s x").isError("NOGROUP No such consumer group 'x' for key name 's'");
    r.line("XINFO STREAM s FULL COUNT")
        .isError(
            "ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.");
    r.line("XINFO STREAM s HALF")
        .isError(
            "ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.");
    r.line("XINFO STREAM s FULL COUNT x").isError(NOT_AN_INTEGER);
  }

  @CommandTest
  @Since("7.2")
  void whenConsumersWereSeen(TestClient r) {
    fill(r, 3);
    r.line("XGROUP CREATE s g 0").isOk();
    r.line("XGROUP CREATECONSUMER s g a").is(1);
    r.line("XREADGROUP GROUP g b COUNT 1 STREAMS s >");
    List<Object> consumers = r.line("XINFO CONSUMERS s g").elements();
    assertThat(list(consumers.get(0)))
        .startsWith("name", "a", "pending", 0L, "idle")
        .endsWith("inactive", -1L);
    assertThat((Long) ((List<?>) consumers.get(1)).get(7)).isBetween(0L, 10_000L);
  }

  @CommandTest
  void copiesKeepGroups(TestClient r) {
    fill(r, 4);
    r.line("XGROUP CREATE s g 0").isOk();
    r.line("XREADGROUP GROUP g a COUNT 3 STREAMS s >");
    r.line("XCLAIM s g b 0 2-0 JUSTID").isList("2-0");
    r.line("COPY s t").is(1);
    r.line("XACK s g 1-0 2-0 3-0").is(3);
    r.line("XPENDING t g").isList(3, "1-0", "3-0", List.of(List.of("a", "2"), List.of("b", "1")));
    r.line("XREADGROUP GROUP g b STREAMS t >")
        .isList(List.of("t", List.of(entry("4-0", "n", "4"))));
    r.line("XACK t g 1-0 2-0 3-0 4-0").is(4);
    r.line("DEL s").is(1);
    r.line("XLEN t").is(4);
  }

  /** Law 8 in full: what the digest does not see, the description of the copy must show. */
  @Test
  void effectsMakeTheSameGroups() {
    Oracle.withOurs(
        r -> {
          for (int i = 1; i <= 40; i++) {
            r.call("XADD", "s", i + "-0", "n", i).is(i + "-0");
          }
          r.line("XGROUP CREATE s g 0").isOk();
          r.line("XGROUP CREATE s h 5 ENTRIESREAD 5").isOk();
          r.line("XREADGROUP GROUP g a COUNT 10 STREAMS s >");
          r.line("XREADGROUP GROUP g b COUNT 10 STREAMS s >");
          r.line("XREADGROUP GROUP g c NOACK COUNT 3 STREAMS s >");
          r.line("XREADGROUP GROUP g d BLOCK 1 STREAMS s 0");
          r.line("XREADGROUP GROUP g a COUNT 3 STREAMS s 0");
          r.line("XREADGROUP GROUP h e STREAMS s >");
          r.line("XREADGROUP GROUP h idle BLOCK 1 STREAMS s >").isNilArray();
          r.line("XDEL s 2-0 12-0 20-0").is(3);
          r.line("XCLAIM s g b 0 1-0 2-0 5-0 RETRYCOUNT 9");
          r.line("XCLAIM s g f 0 99-0");
          r.line("XAUTOCLAIM s g b 0 11 COUNT 4 JUSTID");
          r.line("XACK s g 7-0 8-0 9-0").is(3);
          r.line("XTRIM s MAXLEN ~ 3");
          r.line("XGROUP CREATECONSUMER s h y").is(1);
          r.line("XGROUP DELCONSUMER s h y").is(0);
          String ours = described(r);
          Oracle.replayed(r, copy -> assertThat(described(copy)).isEqualTo(ours));
        });
  }

  /** Without the times at which consumers were seen, which are not repeated. */
  private static String described(TestClient r) {
    return String.valueOf(r.line("XINFO STREAM s FULL COUNT 0").value())
        .replaceAll("(seen|active)-time, -?[0-9]+", "");
  }

  @CommandTest
  void othersWaitInATransactionForNothing(TestClient r) {
    fill(r, 1);
    r.line("XGROUP CREATE s g $").isOk();
    r.line("MULTI").isOk();
    r.line("XREAD BLOCK 0 STREAMS s $").isQueued();
    r.line("XREADGROUP GROUP g c BLOCK 0 STREAMS s >").isQueued();
    r.line("XADD s 2-0 f v").isQueued();
    r.line("XREAD BLOCK 0 STREAMS s 1").isQueued();
    List<Object> replies = r.line("EXEC").elements();
    assertThat(replies.get(3)).isEqualTo(List.of(List.of("s", List.of(entry("2-0", "f", "v")))));
  }

  @CommandTest
  void keysOfReaders(TestClient r) {
    r.line("COMMAND GETKEYS XREAD COUNT 5 STREAMS a b 0 0").isList("a", "b");
    r.line("COMMAND GETKEYS XREADGROUP GROUP g c STREAMS a b > >").isList("a", "b");
    r.line("COMMAND GETKEYS XGROUP CREATE s g 0").isList("s");
  }

  @CommandTest
  void waitAndAreServed(TestClient r, TestServer server) {
    TestClient first = server.client();
    TestClient second = server.client();
    first.send("XREAD", "BLOCK", "0", "STREAMS", "s", "t", "$", "$");
    server.awaitBlocked(1);
    second.send("XREAD", "BLOCK", "0", "COUNT", "1", "STREAMS", "s", "0");
    server.awaitBlocked(2);
    r.line("MULTI").isOk();
    r.line("XADD s 1-1 f a").isQueued();
    r.line("XADD s 1-2 f b").isQueued();
    r.line("EXEC").isList("1-1", "1-2");
    first.receive().isList(List.of("s", List.of(entry("1-1", "f", "a"), entry("1-2", "f", "b"))));
    second.receive().isList(List.of("s", List.of(entry("1-1", "f", "a"))));
    first.hello3().send("XREAD", "BLOCK", "0", "STREAMS", "s", "$");
    server.awaitBlocked(1);
    r.line("XADD s 1-3 f c").is("1-3");
    first.receive().is(Map.of("s", List.of(entry("1-3", "f", "c"))));
  }

  @CommandTest
  void eachEntryGoesToOneOfAGroup(TestClient r, TestServer server) {
    r.line("XGROUP CREATE s g $ MKSTREAM").isOk();
    List<TestClient> waiting = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      TestClient client = server.client();
      client.send(
          "XREADGROUP", "GROUP", "g", "c" + i, "COUNT", "1", "BLOCK", "0", "STREAMS", "s", ">");
      server.awaitBlocked(i + 1);
      waiting.add(client);
    }
    r.line("XADD s 1-1 f a").is("1-1");
    waiting.get(0).receive().isList(List.of("s", List.of(entry("1-1", "f", "a"))));
    server.awaitBlocked(2);
    r.line("MULTI").isOk();
    r.line("XADD s 1-2 f b").isQueued();
    r.line("XADD s 1-3 f c").isQueued();
    r.line("EXEC").isList("1-2", "1-3");
    waiting.get(1).receive().isList(List.of("s", List.of(entry("1-2", "f", "b"))));
    waiting.get(2).receive().isList(List.of("s", List.of(entry("1-3", "f", "c"))));
    r.line("XPENDING s g")
        .isList(
            3, "1-1", "1-3", List.of(List.of("c0", "1"), List.of("c1", "1"), List.of("c2", "1")));
  }

  @CommandTest
  @Since("7.2")
  void theLossOfTheGroupEndsTheWait(TestClient r, TestServer server) {
    String noGroup =
        "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option";
    List<List<String>> losses =
        List.of(
            List.of("XGROUP DESTROY s g", noGroup),
            List.of("DEL s", noGroup),
            List.of("SET s x", WRONG_TYPE),
            List.of("FLUSHALL", noGroup),
            List.of("FLUSHDB ASYNC", noGroup),
            List.of("SWAPDB 0 1", noGroup),
            List.of("RENAME s u", noGroup),
            List.of("PEXPIRE s 1", noGroup));
    for (List<String> loss : losses) {
      r.line("FLUSHALL").isOk();
      r.line("XGROUP CREATE s g $ MKSTREAM").isOk();
      TestClient waiting = server.client();
      waiting.send("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">");
      server.awaitBlocked(1);
      r.line(loss.get(0));
      waiting.receive().isError(loss.get(1));
    }
    r.line("FLUSHALL").isOk();
    r.line("XADD s 1-1 f v").is("1-1");
    TestClient reader = server.client();
    reader.send("XREAD", "BLOCK", "0", "STREAMS", "s", "$");
    server.awaitBlocked(1);
    r.line("DEL s").is(1);
    r.line("SET s x").isOk();
    r.line("DEL s").is(1);
    r.line("XADD s 1-0 f v").is("1-0");
    r.line("XADD s 1-2 f v").is("1-2");
    reader.receive().isList(List.of("s", List.of(entry("1-2", "f", "v"))));
  }
}
