package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** As the documentation of Redis 7.4 and 8, and of Valkey 9, has it. */
@Since("8.0")
final class HashFieldExpiryCommandsTest {
  private static final String NO_FIELDS =
      "ERR Mandatory argument FIELDS is missing or not at the right position";
  private static final String MISMATCH =
      "ERR The `numfields` parameter must match the number of arguments";
  private static final long FAR = 4_000_000_000_000L;

  private static void fill(TestClient r) {
    r.call("HSET", "h", "a", "1", "b", "2", "c", "3").is(3);
  }

  private static void large(TestServer server) {
    server.config("hash-max-listpack-entries", "1");
  }

  private static void awaitGone(TestClient r, String key, String field) {
    TestServer.await(field + " to leave", () -> r.call("HEXISTS", key, field).integer() == 0);
  }

  @CommandTest
  void conditions(TestClient r) {
    fill(r);
    r.line("HEXPIRE h 100 NX FIELDS 2 a none").isList(1, -2);
    r.line("HEXPIRE h 100 NX FIELDS 2 a b").isList(0, 1);
    r.line("HEXPIRE h 200 XX FIELDS 2 a c").isList(1, 0);
    r.line("HEXPIRE h 150 GT FIELDS 3 a b c").isList(0, 1, 0);
    r.line("HEXPIRE h 120 LT FIELDS 3 a b c").isList(1, 1, 1);
    r.line("HTTL h FIELDS 4 a b c none").isList(120, 120, 120, -2);
    r.line("hexpire h 100 lt fields 1 a").isList(1);
    r.line("HEXPIRE none 100 FIELDS 2 a b").isList(-2, -2);
    r.line("HTTL none FIELDS 2 a b").isList(-2, -2);
    r.line("HPERSIST none FIELDS 2 a b").isList(-2, -2);
  }

  @CommandTest
  void times(TestClient r) {
    fill(r);
    r.line("HPEXPIREAT h " + FAR + " FIELDS 1 a").isList(1);
    r.line("HEXPIREAT h " + (FAR / 1000 + 7) + " FIELDS 1 b").isList(1);
    r.line("HPEXPIRETIME h FIELDS 4 a b c none").isList(FAR, FAR + 7000, -1, -2);
    r.line("HEXPIRETIME h FIELDS 3 a b c").isList(FAR / 1000, FAR / 1000 + 7, -1);
    r.line("HPEXPIREAT h " + (FAR + 1) + " FIELDS 1 a").isList(1);
    r.line("HEXPIRETIME h FIELDS 1 a").isList(FAR / 1000 + 1);
    r.line("HPEXPIRE h 5000 FIELDS 1 c").isList(1);
    assertThat((Long) r.line("HPTTL h FIELDS 1 c").elements().get(0)).isBetween(4000L, 5000L);
    r.line("HTTL h FIELDS 1 c").isList(5);
    r.line("HPERSIST h FIELDS 3 a a none").isList(1, -1, -2);
    r.line("HTTL h FIELDS 1 a").isList(-1);
  }

  @CommandTest
  void aTimeThatHasPassedDeletes(TestClient r) {
    fill(r);
    r.line("HEXPIRE h 100 FIELDS 1 c").isList(1);
    r.line("HPEXPIREAT h 1000 NX FIELDS 4 a a none c").isList(2, -2, -2, 0);
    r.line("HEXPIRE h 0 FIELDS 1 b").isList(2);
    r.call("HGETALL", "h").isList("c", "3");
    r.line("HPEXPIRE h 0 FIELDS 1 c").isList(2);
    r.call("EXISTS", "h").is(0);
  }

  @CommandTest
  void mistakes(TestClient r) {
    fill(r);
    r.line("HEXPIRE h x FIELDS 1 a").isError("ERR value is not an integer or out of range");
    r.line("HEXPIRE h -1 FIELDS 1 a").isError("ERR invalid expire time, must be >= 0");
    r.line("HEXPIRE h 70368744177 FIELDS 1 a")
        .isError("ERR invalid expire time in 'hexpire' command");
    r.line("HPEXPIREAT h 70368744177664 FIELDS 1 a")
        .isError("ERR invalid expire time in 'hpexpireat' command");
    r.line("HPEXPIREAT h 70368744177663 FIELDS 1 a").isList(1);
    r.line("HEXPIRE h 9223372036854775807 FIELDS 1 a")
        .isError("ERR invalid expire time in 'hexpire' command");
    r.line("HEXPIRE h 10 XY FIELDS 1 a").isError(NO_FIELDS);
    r.line("HEXPIRE h 10 1 FIELDS a b").isError(NO_FIELDS);
    r.line("HEXPIRE h 10 NX XX FIELDS 1 a").isError(NO_FIELDS);
    r.line("HEXPIRE h 10 FIELDS 0 a").isError("ERR Parameter `numFields` should be greater than 0");
    r.line("HEXPIRE h 10 FIELDS x a").isError("ERR Parameter `numFields` should be greater than 0");
    r.line("HEXPIRE h 10 FIELDS 2 a").isError(MISMATCH);
    r.line("HEXPIRE h 10 FIELDS 1 a b").isError(MISMATCH);
    r.line("HEXPIRE h 10 FIELDS 1").isError("ERR wrong number of arguments for 'hexpire' command");
    for (String command :
        List.of("HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME", "HPERSIST", "HGETDEL")) {
      r.line(command + " h FIELDX 1 a").isError(NO_FIELDS);
      r.line(command + " h FIELDS 0 a").isError("ERR Number of fields must be a positive integer");
      r.line(command + " h FIELDS 2 a").isError(MISMATCH);
      r.line(command + " h FIELDS 1 a b").isError(MISMATCH);
      r.line(command + " h FIELDS 1")
          .isErrorLike(
              "ERR wrong number of arguments for '" + command.toLowerCase(java.util.Locale.ROOT));
    }
    r.ok("SET", "k", "v");
    for (String line :
        List.of(
            "HEXPIRE k 10 FIELDS 1 a",
            "HTTL k FIELDS 1 a",
            "HPERSIST k FIELDS 1 a",
            "HGETEX k FIELDS 1 a",
            "HGETDEL k FIELDS 1 a",
            "HSETEX k FIELDS 1 a b")) {
      r.line(line).isErrorLike("WRONGTYPE ");
    }
  }

  @CommandTest
  void whatKeepsADeadline(TestClient r) {
    fill(r);
    r.line("HPEXPIREAT h " + FAR + " FIELDS 3 a b c").isList(1, 1, 1);
    r.call("HINCRBY", "h", "a", "5").is(6);
    r.call("HINCRBYFLOAT", "h", "b", "0.5").is("2.5");
    r.call("HSETNX", "h", "c", "x").is(0);
    r.line("HPEXPIRETIME h FIELDS 3 a b c").isList(FAR, FAR, FAR);
    r.call("HSET", "h", "a", "1").is(0);
    r.ok("HMSET", "h", "c", "3");
    r.line("HPEXPIRETIME h FIELDS 3 a b c").isList(-1, FAR, -1);
    r.call("HDEL", "h", "b").is(1);
    r.call("HSET", "h", "b", "new").is(1);
    r.line("HTTL h FIELDS 1 b").isList(-1);
  }

  @CommandTest
  void fieldsLeaveOnTime(TestClient r, TestServer server) {
    for (String key : List.of("h", "g")) {
      r.call("HSET", key, "a", "1", "b", "2", "c", "3").is(3);
      r.line("HPEXPIRE " + key + " 20 FIELDS 2 a b").isList(1, 1);
      large(server);
    }
    // No command touches the hash: that its length falls is the timer's work.
    TestServer.await("fields to leave", () -> r.call("HLEN", "h").integer() == 1);
    awaitGone(r, "g", "a");
    r.call("HGETALL", "g").isList("c", "3");
    r.call("HMGET", "h", "a", "b", "c").isList(null, null, "3");
    r.line("HPEXPIRE h 1 FIELDS 1 c").isList(1);
    r.line("HPEXPIRE g 1 FIELDS 1 c").isList(1);
    TestServer.await("keys to leave", () -> r.call("DBSIZE").integer() == 0);
  }

  @CommandTest
  void whatIsDueIsInvisibleThoughNobodyRemovesIt(TestClient r, TestServer server) {
    r.ok("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    for (int limit : List.of(512, 1)) {
      server.config("hash-max-listpack-entries", Integer.toString(limit));
      r.call("DEL", "h", "o", "p");
      fill(r);
      r.call("HSET", "o", "x", "1").is(1);
      // First the one that is not waited for: it is due no later than the other.
      r.line("HPEXPIRE o 1 FIELDS 1 x").isList(1);
      r.line("HPEXPIRE h 1 FIELDS 2 a b").isList(1, 1);
      awaitGone(r, "h", "b");
      r.call("HLEN", "h").is(1);
      r.call("HGETALL", "h").isList("c", "3");
      r.call("HKEYS", "h").isList("c");
      r.call("HVALS", "h").isList("3");
      r.call("HGET", "h", "a").isNil();
      r.call("HSTRLEN", "h", "a").is(0);
      r.call("HRANDFIELD", "h", "5").isList("c");
      r.call("HSCAN", "h", "0").isList("0", List.of("c", "3"));
      r.line("HTTL h FIELDS 2 a c").isList(-2, -1);
      r.call("HSETNX", "h", "a", "again").is(1);
      r.line("HTTL h FIELDS 1 a").isList(-1);
      r.call("HDEL", "h", "b").is(0);
      r.call("HRANDFIELD", "o").isNil();
      r.call("EXISTS", "o").is(0);
    }
    r.ok("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  }

  /** More are due than a read removes, so that it must look past the rest. */
  @CommandTest
  void readsLookPastManyFieldsThatAreDue(TestClient r, TestServer server) {
    r.ok("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    for (int limit : List.of(512, 1)) {
      server.config("hash-max-listpack-entries", Integer.toString(limit));
      r.call("DEL", "h");
      List<Object> words = new ArrayList<>(List.of("HSET", "h", "stay", "1"));
      List<Object> expire = new ArrayList<>(List.of("HPEXPIRE", "h", "1", "FIELDS", "400"));
      for (int i = 0; i < 400; i++) {
        words.addAll(List.of("f" + i, "v"));
        expire.add("f" + i);
      }
      r.call(words.toArray()).is(401);
      r.call(expire.toArray());
      awaitGone(r, "h", "f399");
      r.call("HLEN", "h").is(1);
      r.call("HGETALL", "h").isList("stay", "1");
      r.call("HRANDFIELD", "h").is("stay");
      r.call("HGET", "h", "f398").isNil();
      r.call("HINCRBY", "h", "f398", "1").is(1);
      r.call("HLEN", "h").is(2);
    }
    r.ok("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  }

  @CommandTest
  void deadlinesGoWhereTheHashGoes(TestClient r, TestServer server) {
    for (int limit : List.of(512, 1)) {
      server.config("hash-max-listpack-entries", Integer.toString(limit));
      r.ok("FLUSHALL");
      fill(r);
      r.line("HPEXPIREAT h " + FAR + " FIELDS 1 a").isList(1);
      r.line("HPEXPIRE h 60 FIELDS 1 b").isList(1);
      r.call("COPY", "h", "copy").is(1);
      r.ok("RENAME", "h", "g");
      r.call("EXPIRE", "g", "1000").is(1);
      r.line("HPEXPIRETIME g FIELDS 1 a").isList(FAR);
      r.line("HPEXPIRETIME copy FIELDS 2 a c").isList(FAR, -1);
      r.call("PERSIST", "g").is(1);
      r.call("MOVE", "g", "1").is(1);
      r.ok("SWAPDB", "0", "1");
      r.line("HPEXPIRETIME g FIELDS 1 a").isList(FAR);
      TestServer.await("b to leave", () -> r.call("HLEN", "g").integer() == 2);
      r.ok("SELECT", "1");
      TestServer.await("b to leave", () -> r.call("HLEN", "copy").integer() == 2);
      r.ok("SELECT", "0");
    }
  }

  @CommandTest
  void encodings(TestClient r, TestServer server) {
    fill(r);
    r.call("OBJECT", "ENCODING", "h").is("listpack");
    r.line("HEXPIRE h 100 FIELDS 1 a").isList(1);
    r.call("OBJECT", "ENCODING", "h").is("listpackex");
    large(server);
    r.call("HSET", "h", "d", "4").is(1);
    r.call("OBJECT", "ENCODING", "h").is("hashtable");
    r.line("HTTL h FIELDS 2 a d").isList(100, -1);
  }

  @CommandTest
  void setWithADeadline(TestClient r) {
    r.line("HSETEX h EX 100 FIELDS 2 a 1 b 2").is(1);
    r.line("HTTL h FIELDS 2 a b").isList(100, 100);
    r.line("HSETEX h FNX FIELDS 2 b 3 c 3").is(0);
    r.line("HSETEX h FXX FIELDS 2 b 3 c 3").is(0);
    r.line("HSETEX none FXX FIELDS 1 b 3").is(0);
    r.call("EXISTS", "none").is(0);
    r.line("HSETEX h FXX KEEPTTL FIELDS 2 a 5 b 6").is(1);
    r.line("HTTL h FIELDS 2 a b").isList(100, 100);
    r.line("HSETEX h PXAT " + FAR + " FNX FIELDS 1 c 7").is(1);
    r.line("HSETEX h FIELDS 1 a 8").is(1);
    r.line("HPEXPIRETIME h FIELDS 2 a c").isList(-1, FAR);
    r.line("hsetex h exat " + FAR / 1000 + " fields 1 a 9").is(1);
    r.line("HPEXPIRETIME h FIELDS 1 a").isList(FAR);
    r.call("HMGET", "h", "a", "b", "c").isList("9", "6", "7");
    r.line("HSETEX h PX 0 FIELDS 2 a 1 c 1").is(1);
    r.call("HGETALL", "h").isList("b", "6");
    r.line("HSETEX h PXAT 1 FIELDS 1 b 1").is(1);
    r.call("EXISTS", "h").is(0);
    r.line("HSETEX new PXAT 1 FIELDS 1 b 1").is(1);
    r.call("EXISTS", "new").is(0);
    r.line("HSETEX k XX FIELDS 1 b 1").is(0);
    r.line("HSETEX k NX FIELDS 1 b 1").is(1);
    r.line("HSETEX k NX FIELDS 1 b 1").is(0);
    r.line("HSETEX k XX FIELDS 1 b 2").is(1);
  }

  @CommandTest
  void mistakesInHsetex(TestClient r) {
    String wrongNumber = "ERR wrong number of arguments for 'hsetex' command";
    String oneExpiry = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
    r.line("HSETEX h FIELDS 1 a").isError(wrongNumber);
    r.line("HSETEX h FIELDS 2 a b c").isError(wrongNumber);
    r.line("HSETEX h FIELDS 2 a b").isError(wrongNumber);
    r.line("HSETEX h FIELDS 0 a b").isError("ERR invalid number of fields");
    r.line("HSETEX h FIELDS x a b").isError("ERR invalid number of fields");
    r.line("HSETEX h EX 1 PX 1 FIELDS 1 a b").isError(oneExpiry);
    r.line("HSETEX h KEEPTTL EXAT 1 FIELDS 1 a b").isError(oneExpiry);
    r.line("HSETEX h FNX FXX FIELDS 1 a b")
        .isError("ERR Only one of FXX or FNX arguments can be specified");
    r.line("HSETEX h BLA FIELDS 1 a b").isError("ERR unknown argument: BLA");
    r.line("HSETEX h EX -1 FIELDS 1 a b").isError("ERR invalid expire time, must be >= 0");
    r.line("HSETEX h EX 99999999999999 FIELDS 1 a b")
        .isError("ERR invalid expire time in 'hsetex' command");
    r.line("HSETEX h EX x FIELDS 1 a b").isError("ERR value is not an integer or out of range");
    r.call("EXISTS", "h").is(0);
  }

  @CommandTest
  void getWithADeadline(TestClient r) {
    fill(r);
    r.line("HGETEX h FIELDS 2 a none").isList("1", null);
    r.line("HGETEX h EX 100 FIELDS 2 a none").isList("1", null);
    r.line("HGETEX h FIELDS 1 a").isList("1");
    r.line("HTTL h FIELDS 2 a b").isList(100, -1);
    r.line("HGETEX h PERSIST FIELDS 2 a b").isList("1", "2");
    r.line("HTTL h FIELDS 1 a").isList(-1);
    r.line("HGETEX h PXAT 1 FIELDS 2 a b").isList("1", "2");
    r.call("HGETALL", "h").isList("c", "3");
    r.line("HGETEX h EXAT 1 FIELDS 2 c c").isList("3", null);
    r.call("EXISTS", "h").is(0);
    r.line("HGETEX h EX 10 FIELDS 1 c").isList((Object) null);
    r.line("HGETEX h EX FIELDS 1 c").isError("ERR value is not an integer or out of range");
    r.line("HGETEX h BLA FIELDS 1 c").isError(NO_FIELDS);
    r.line("HGETEX h EX 1 FIELDS 2 c").isError(MISMATCH);
  }

  @CommandTest
  void getAndDelete(TestClient r) {
    fill(r);
    r.line("HEXPIRE h 100 FIELDS 1 a").isList(1);
    r.line("HGETDEL h FIELDS 3 a none a").isList("1", null, null);
    r.call("HLEN", "h").is(2);
    r.line("HGETDEL h FIELDS 2 b c").isList("2", "3");
    r.call("EXISTS", "h").is(0);
    r.line("HGETDEL h FIELDS 1 a").isList((Object) null);
  }

  @CommandTest
  void watchersSeeFieldsLeave(TestClient r, TestServer server) {
    fill(r);
    TestClient other = server.client();
    r.ok("WATCH", "h");
    other.line("HPEXPIRE h 1 FIELDS 1 a").isList(1);
    r.ok("MULTI");
    r.call("HLEN", "h").isQueued();
    r.call("EXEC").isNilArray();
    awaitGone(r, "h", "a");
    other.line("HPEXPIRE h 30 FIELDS 1 b").isList(1);
    r.ok("WATCH", "h");
    awaitGone(other, "h", "b");
    r.ok("MULTI");
    r.call("HLEN", "h").isQueued();
    r.call("EXEC").isNilArray();
  }

  @CommandTest(oursOnly = true)
  void effects(TestClient r, TestServer server) {
    String far = Long.toString(FAR);
    expect(server, r, "HSET h a 1 b 2 c 3 d 4", "HSET h a 1 b 2 c 3 d 4");
    expect(server, r, "HEXPIRE h 100 FIELDS 2 a none", "HPEXPIREAT h <ms> FIELDS 1 a");
    expect(server, r, "HEXPIRE h 100 NX FIELDS 1 a");
    expect(
        server, r, "HPEXPIREAT h " + far + " NX FIELDS 3 a none b", "HPEXPIREAT h <ms> FIELDS 1 b");
    expect(server, r, "HEXPIRE h 0 FIELDS 2 none c", "HDEL h c");
    expect(server, r, "HPERSIST h FIELDS 1 none");
    expect(server, r, "HPERSIST h FIELDS 1 a", "HPERSIST h FIELDS 1 a");
    expect(server, r, "HINCRBYFLOAT h b 1", "HSETEX h KEEPTTL FIELDS 1 b 3");
    expect(server, r, "HINCRBYFLOAT h a 1", "HSET h a 2");
    expect(server, r, "HSETEX h FXX EX 10 FIELDS 1 a 1", "HSETEX h PXAT <ms> FIELDS 1 a 1");
    expect(server, r, "HSETEX h FNX KEEPTTL FIELDS 1 e 5", "HSETEX h KEEPTTL FIELDS 1 e 5");
    expect(server, r, "HSETEX h FNX FIELDS 1 e 5");
    expect(server, r, "HSETEX h PX 0 FIELDS 2 e 5 f 6", "HDEL h e f");
    expect(server, r, "HGETEX h FIELDS 1 a");
    expect(server, r, "HGETEX h PERSIST FIELDS 2 a d", "HPERSIST h FIELDS 1 a");
    expect(server, r, "HGETEX h EX 10 FIELDS 2 a none", "HPEXPIREAT h <ms> FIELDS 1 a");
    expect(server, r, "HGETEX h PXAT 1 FIELDS 2 a none", "HDEL h a");
    expect(server, r, "HGETDEL h FIELDS 2 b none", "HDEL h b");
    int before = ((EngineServer) server).effects().size();
    r.line("HPEXPIRE h 1 FIELDS 1 d").isList(1);
    TestServer.await("the key to leave", () -> r.call("EXISTS", "h").integer() == 0);
    assertThat(((EngineServer) server).effects().stream().skip(before).map(Object::toString))
        .hasSize(2)
        .endsWith("UNLINK h");
  }

  private static void expect(TestServer server, TestClient r, String command, String... effects) {
    EngineServer engine = (EngineServer) server;
    int before = engine.effects().size();
    r.line(command);
    Stream<String> made =
        engine.effects().stream()
            .skip(before)
            .map(effect -> effect.toString().replaceAll("\\b\\d{13}\\b", "<ms>"));
    assertThat(made.toList()).as(command).isEqualTo(Arrays.asList(effects));
  }
}
