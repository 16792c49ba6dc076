package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

final class SetCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String NOT_AN_INTEGER = "ERR value is not an integer or out of range";
  private static final String SYNTAX = "ERR syntax error";

  @CommandTest
  void addRemoveAndAsk(TestClient r) {
    r.call("SADD", "s", "a", "b", "a").is(2);
    r.call("SADD", "s", "b", "c").is(1);
    r.call("SADD", "s", "c").is(0);
    r.call("SCARD", "s").is(3);
    r.call("SCARD", "none").is(0);
    r.call("SISMEMBER", "s", "a").is(1);
    r.call("SISMEMBER", "s", "x").is(0);
    r.call("SISMEMBER", "none", "x").is(0);
    r.call("SMISMEMBER", "s", "a", "x", "c").isList(1, 0, 1);
    r.call("SMISMEMBER", "none", "a", "x").isList(0, 0);
    r.call("SMEMBERS", "s").isUnordered("a", "b", "c");
    r.call("SMEMBERS", "none").isList();
    r.call("SREM", "s", "x").is(0);
    r.call("SREM", "s", "a", "x", "a", "b").is(2);
    r.call("SREM", "none", "a").is(0);
    r.call("SREM", "s", "c").is(1);
    r.call("EXISTS", "s").is(0);
    String allBytes = "\0\r\n\t \"\\\u00ff\u0080x";
    r.call("SADD", "s", "", allBytes).is(2);
    r.call("SMISMEMBER", "s", "", allBytes).isList(1, 1);
    r.call("TYPE", "s").isStatus("set");
  }

  @CommandTest
  void setsOfIntegers(TestClient r) {
    r.call("SADD", "s", "10", "-5", "9223372036854775807", "3").is(4);
    r.call("SMEMBERS", "s").isList("-5", "3", "10", "9223372036854775807");
    r.call("OBJECT", "ENCODING", "s").is("intset");
    r.call("SISMEMBER", "s", "010").is(0);
    r.call("SISMEMBER", "s", "abc").is(0);
    r.call("SREM", "s", "+3", "x").is(0);
    r.call("SREM", "s", "3").is(1);
    r.call("SADD", "s", "010").is(1);
    r.call("SISMEMBER", "s", "10").is(1);
    r.call("SMEMBERS", "s").isUnordered("-5", "10", "9223372036854775807", "010");
  }

  @CommandTest
  @Since("7.2.0")
  void encodings(TestClient r, TestServer server) {
    r.call("SADD", "mixed", "1", "2").is(2);
    r.call("SADD", "mixed", "a").is(1);
    r.call("OBJECT", "ENCODING", "mixed").is("listpack");
    r.call("SADD", "mixed", "x".repeat(65)).is(1);
    r.call("OBJECT", "ENCODING", "mixed").is("hashtable");
    server.config("set-max-intset-entries", "4");
    server.config("set-max-listpack-entries", "6");
    r.call("SADD", "i", "1", "2", "3", "4").is(4);
    r.call("OBJECT", "ENCODING", "i").is("intset");
    r.call("SADD", "i", "5").is(1);
    r.call("OBJECT", "ENCODING", "i").is("hashtable");
    r.call("SADD", "l", "a", "b", "c", "d", "e", "f").is(6);
    r.call("OBJECT", "ENCODING", "l").is("listpack");
    r.call("SADD", "l", "g").is(1);
    r.call("OBJECT", "ENCODING", "l").is("hashtable");
    r.call("SADD", "many", "a", "a", "a", "a", "a", "a", "a").is(1);
    r.call("OBJECT", "ENCODING", "many").is("hashtable");
    r.call("SINTERSTORE", "stored", "i", "i").is(5);
    r.call("OBJECT", "ENCODING", "stored").is("hashtable");
    r.call("SREM", "i", "5").is(1);
    r.call("SUNIONSTORE", "stored", "i").is(4);
    r.call("OBJECT", "ENCODING", "stored").is("intset");
  }

  @CommandTest
  void membersInResp3(TestClient r) {
    r.call("SADD", "s", "1", "2").is(2);
    r.call("SADD", "t", "2", "a").is(2);
    r.hello3();
    r.call("SMEMBERS", "s").is(Set.of("1", "2"));
    r.call("SMEMBERS", "none").is(Set.of());
    r.call("SISMEMBER", "s", "1").is(1);
    r.call("SINTER", "s", "t").is(Set.of("2"));
    r.call("SINTER", "s", "none").is(Set.of());
    r.call("SUNION", "s", "t").is(Set.of("1", "2", "a"));
    r.call("SDIFF", "s", "t").is(Set.of("1"));
    r.call("SDIFF", "none", "t").is(Set.of());
    r.call("SPOP", "none", "2").is(Set.of());
    r.call("SPOP", "none").isNil();
    r.call("SPOP", "s", "5").is(Set.of("1", "2"));
    r.call("SPOP", "t", "0").is(Set.of());
    r.call("SRANDMEMBER", "none").isNil();
    r.call("SRANDMEMBER", "none", "2").isList();
    assertThat(r.call("SRANDMEMBER", "t", "9").value()).isInstanceOf(List.class);
  }

  @CommandTest
  void moveAMember(TestClient r) {
    r.call("SADD", "from", "a", "b", "1").is(3);
    r.call("SADD", "to", "x").is(1);
    r.call("SMOVE", "from", "to", "a").is(1);
    r.call("SMOVE", "from", "to", "none").is(0);
    r.call("SMOVE", "none", "to", "a").is(0);
    r.call("SMEMBERS", "from").isUnordered("b", "1");
    r.call("SMEMBERS", "to").isUnordered("a", "x");
    r.call("SMOVE", "from", "from", "b").is(1);
    r.call("SMOVE", "from", "from", "c").is(0);
    r.call("SCARD", "from").is(2);
    r.call("SMOVE", "from", "new", "1").is(1);
    r.call("SMEMBERS", "new").isUnordered("1");
    r.call("SADD", "to", "b").is(1);
    r.call("SMOVE", "from", "to", "b").is(1);
    r.call("EXISTS", "from").is(0);
    r.call("SCARD", "to").is(3);
    r.ok("SET", "string", "v");
    r.call("SMOVE", "to", "string", "none").isError(WRONG_TYPE);
    r.call("SMOVE", "string", "to", "x").isError(WRONG_TYPE);
    r.call("SMOVE", "none", "string", "x").is(0);
    r.call("SCARD", "to").is(3);
  }

  @CommandTest(deterministic = false)
  void popOneByOne(TestClient r) {
    r.call("SPOP", "none").isNil();
    r.call("SPOP", "none", "3").isList();
    for (int size : new int[] {5, 300}) {
      Set<String> model = new HashSet<>();
      for (int i = 0; i < size; i++) {
        r.call("SADD", "s", "m" + i).is(1);
        model.add("m" + i);
      }
      for (int left = size; left > 0; left--) {
        r.call("SCARD", "s").is(left);
        String popped = r.call("SPOP", "s").text();
        assertThat(model.remove(popped)).isTrue();
        r.call("SISMEMBER", "s", popped).is(0);
      }
      r.call("EXISTS", "s").is(0);
    }
  }

  @CommandTest(deterministic = false)
  void popSeveral(TestClient r) {
    for (String form : List.of("%d", "m%d")) {
      for (int size : new int[] {20, 3000}) {
        for (int i = 0; i < size; i++) {
          r.call("SADD", "s", String.format(form, i)).is(1);
        }
        int left = size;
        r.call("SPOP", "s", "0").isList();
        for (int count : new int[] {1, 3, size / 2, size / 3}) {
          List<String> popped = r.call("SPOP", "s", count).texts();
          assertThat(popped).hasSize(count).doesNotHaveDuplicates();
          left -= count;
          r.call("SCARD", "s").is(left);
          assertThat(r.call("SMEMBERS", "s").texts()).doesNotContainAnyElementsOf(popped);
        }
        assertThat(r.call("SPOP", "s", size).texts()).hasSize(left).doesNotHaveDuplicates();
        r.call("EXISTS", "s").is(0);
      }
    }
  }

  @CommandTest
  void popWithBadArguments(TestClient r) {
    r.call("SADD", "s", "a").is(1);
    r.call("SPOP", "s", "-1").isError("ERR value is out of range, must be positive");
    r.call("SPOP", "s", "x").isError("ERR value is out of range, must be positive");
    r.call("SPOP", "s", "1", "2").isError(SYNTAX);
    r.call("SRANDMEMBER", "s", "x").isError(NOT_AN_INTEGER);
    r.call("SRANDMEMBER", "s", "1", "2").isError(SYNTAX);
    r.call("SRANDMEMBER", "s", "-9223372036854775808")
        .isError(
            "ERR value is out of range, value must between -9223372036854775807 and"
                + " 9223372036854775807");
    r.call("SRANDMEMBER", "s", "9223372036854775807").isList("a");
  }

  @CommandTest(oursOnly = true)
  void moreDrawsThanAReplyCanHoldAreRefused(TestClient r) {
    r.call("SADD", "s", "a").is(1);
    r.call("SRANDMEMBER", "s", "-9223372036854775807").isError("ERR value is out of range");
  }

  @CommandTest
  void randomMembers(TestClient r) {
    r.call("SRANDMEMBER", "none").isNil();
    r.call("SRANDMEMBER", "none", "3").isList();
    for (String form : List.of("%d", "m%d")) {
      for (int size : new int[] {10, 1000}) {
        r.call("DEL", "s");
        Set<String> model = new HashSet<>();
        for (int i = 0; i < size; i++) {
          String member = String.format(form, i);
          r.call("SADD", "s", member).is(1);
          model.add(member);
        }
        assertThat(model).contains(r.call("SRANDMEMBER", "s").text());
        r.call("SRANDMEMBER", "s", "0").isList();
        for (int count : new int[] {1, 3, size / 2, size, 2 * size}) {
          List<String> drawn = r.call("SRANDMEMBER", "s", count).texts();
          assertThat(drawn).hasSize(Math.min(count, size)).doesNotHaveDuplicates();
          assertThat(model).containsAll(drawn);
        }
        List<String> drawn = r.call("SRANDMEMBER", "s", -2 * size).texts();
        assertThat(drawn).hasSize(2 * size);
        assertThat(model).containsAll(drawn);
        r.call("SCARD", "s").is(size);
        Set<String> met = new HashSet<>();
        for (int i = 0; i < 300 && met.size() < size; i++) {
          met.addAll(r.call("SRANDMEMBER", "s", "-50").texts());
        }
        assertThat(met).hasSizeGreaterThan(size * 9 / 10);
        assertThat(model).containsAll(met);
      }
    }
  }

  @CommandTest
  void algebraOfSmallSets(TestClient r) {
    r.call("SADD", "a", "1", "2", "3", "x").is(4);
    r.call("SADD", "b", "2", "3", "4").is(3);
    r.call("SADD", "c", "3", "x", "y").is(3);
    r.call("SINTER", "a").isUnordered("1", "2", "3", "x");
    r.call("SINTER", "a", "b").isUnordered("2", "3");
    r.call("SINTER", "a", "b", "c").isList("3");
    r.call("SINTER", "a", "a").isUnordered("1", "2", "3", "x");
    r.call("SINTER", "a", "none").isList();
    r.call("SUNION", "a", "b", "c").isUnordered("1", "2", "3", "x", "4", "y");
    r.call("SUNION", "none", "b", "b").isUnordered("2", "3", "4");
    r.call("SUNION", "none").isList();
    r.call("SDIFF", "a", "b").isUnordered("1", "x");
    r.call("SDIFF", "a", "b", "c").isList("1");
    r.call("SDIFF", "a").isUnordered("1", "2", "3", "x");
    r.call("SDIFF", "a", "a").isList();
    r.call("SDIFF", "a", "none").isUnordered("1", "2", "3", "x");
    r.call("SDIFF", "none", "a").isList();
    r.call("SINTERCARD", "2", "a", "b").is(2);
    r.call("SINTERCARD", "3", "a", "b", "c").is(1);
    r.call("SINTERCARD", "2", "a", "b", "LIMIT", "1").is(1);
    r.call("SINTERCARD", "2", "a", "b", "LIMIT", "0").is(2);
    r.call("SINTERCARD", "2", "a", "b", "limit", "9").is(2);
    r.call("SINTERCARD", "2", "a", "none").is(0);
  }

  @CommandTest
  void storedResults(TestClient r) {
    r.call("SADD", "a", "1", "2", "3", "x").is(4);
    r.call("SADD", "b", "2", "3", "4").is(3);
    r.call("SINTERSTORE", "d", "a", "b").is(2);
    r.call("SMEMBERS", "d").isUnordered("2", "3");
    r.call("SUNIONSTORE", "d", "a", "b").is(5);
    r.call("SMEMBERS", "d").isUnordered("1", "2", "3", "x", "4");
    r.call("SDIFFSTORE", "d", "a", "b").is(2);
    r.call("SMEMBERS", "d").isUnordered("1", "x");
    r.call("SINTERSTORE", "d", "a", "none").is(0);
    r.call("EXISTS", "d").is(0);
    r.call("SDIFFSTORE", "d", "none", "a").is(0);
    r.call("SUNIONSTORE", "a", "a", "b").is(5);
    r.call("SDIFFSTORE", "a", "a", "b").is(2);
    r.call("SMEMBERS", "a").isUnordered("1", "x");
    r.call("SINTERSTORE", "a", "a", "b").is(0);
    r.call("EXISTS", "a").is(0);
    r.ok("SET", "string", "v");
    r.call("EXPIRE", "string", "100").is(1);
    r.call("SUNIONSTORE", "string", "b").is(3);
    r.call("TTL", "string").is(-1);
    r.call("TYPE", "string").isStatus("set");
    r.ok("SET", "other", "v");
    r.call("SDIFFSTORE", "other", "none").is(0);
    r.call("EXISTS", "other").is(0);
  }

  @CommandTest
  void algebraOfRandomSets(TestClient r) {
    Random random = new Random(11);
    for (int round = 0; round < 60; round++) {
      List<Set<String>> models = new ArrayList<>();
      List<Object> keys = new ArrayList<>();
      int sets = 1 + random.nextInt(4);
      int range = 1 << (2 + random.nextInt(9));
      boolean texts = random.nextBoolean();
      for (int i = 0; i < sets; i++) {
        Set<String> model = new TreeSet<>();
        r.call("DEL", "k" + i);
        for (int j = random.nextInt(range); j > 0; j--) {
          String member = (texts && random.nextBoolean() ? "m" : "") + random.nextInt(range);
          r.call("SADD", "k" + i, member).is(model.add(member) ? 1 : 0);
        }
        models.add(model);
        keys.add("k" + i);
      }
      Set<String> inter = new TreeSet<>(models.get(0));
      Set<String> union = new TreeSet<>(models.get(0));
      Set<String> diff = new TreeSet<>(models.get(0));
      for (Set<String> other : models.subList(1, sets)) {
        inter.retainAll(other);
        union.addAll(other);
        diff.removeAll(other);
      }
      check(r, "SINTER", keys, inter);
      check(r, "SUNION", keys, union);
      check(r, "SDIFF", keys, diff);
    }
  }

  private static void check(TestClient r, String name, List<Object> keys, Set<String> expected) {
    List<Object> words = new ArrayList<>(keys);
    words.add(0, name);
    r.call(words.toArray()).isUnordered(expected.toArray());
    words.set(0, name + "STORE");
    words.add(1, "stored:" + name);
    r.call(words.toArray()).is(expected.size());
    r.call("SMEMBERS", "stored:" + name).isUnordered(expected.toArray());
  }

  @CommandTest
  void intersectionCardinalityWithBadArguments(TestClient r) {
    r.call("SINTERCARD", "0", "a").isError("ERR numkeys should be greater than 0");
    r.call("SINTERCARD", "x", "a").isError("ERR numkeys should be greater than 0");
    r.call("SINTERCARD", "2", "a")
        .isError("ERR Number of keys can't be greater than number of args");
    r.call("SINTERCARD", "1", "a", "b").isError(SYNTAX);
    r.call("SINTERCARD", "1", "a", "LIMIT").isError(SYNTAX);
    r.call("SINTERCARD", "1", "a", "LIMIT", "-1").isError("ERR LIMIT can't be negative");
    r.call("SINTERCARD", "1", "a", "LIMIT", "x").isError("ERR LIMIT can't be negative");
  }

  @CommandTest
  void scans(TestClient r) {
    r.call("SADD", "small", "a1", "b", "a2").is(3);
    r.call("SSCAN", "small", "0").satisfies(reply -> assertScanned(reply, "a1", "b", "a2"));
    r.call("SSCAN", "small", "0", "MATCH", "a*", "COUNT", "1")
        .satisfies(reply -> assertThat(reply).isNotNull());
    r.call("SADD", "integers", "1", "22", "21").is(3);
    r.call("SSCAN", "integers", "0").isList("0", List.of("1", "21", "22"));
    r.call("SSCAN", "integers", "0", "MATCH", "2*").isList("0", List.of("21", "22"));
    r.call("SSCAN", "none", "0").isList("0", List.of());
    r.call("SSCAN", "small", "x").isError("ERR invalid cursor");
    r.call("SSCAN", "small", "0", "COUNT", "0").isError(SYNTAX);
    r.call("SSCAN", "small", "0", "WHAT").isError(SYNTAX);
    Set<String> model = new HashSet<>();
    for (int i = 0; i < 1500; i++) {
      r.call("SADD", "large", "member:" + i);
      model.add("member:" + i);
    }
    Set<String> met = new HashSet<>();
    String cursor = "0";
    do {
      List<Object> reply = new ArrayList<>(r.call("SSCAN", "large", cursor).elements());
      cursor = (String) reply.get(0);
      ((List<?>) reply.get(1)).forEach(member -> met.add((String) member));
    } while (!cursor.equals("0"));
    assertThat(met).isEqualTo(model);
  }

  private static void assertScanned(Object reply, String... members) {
    assertThat(((List<?>) reply).get(0)).isEqualTo("0");
    assertThat(new ArrayList<Object>((List<?>) ((List<?>) reply).get(1)))
        .containsExactlyInAnyOrder((Object[]) members);
  }

  @CommandTest
  void wrongTypesAreRefused(TestClient r) {
    r.ok("SET", "s", "v");
    r.call("SADD", "set", "a").is(1);
    for (String command :
        List.of(
            "SADD s a",
            "SREM s a",
            "SPOP s",
            "SPOP s 2",
            "SISMEMBER s a",
            "SMISMEMBER s a",
            "SMEMBERS s",
            "SCARD s",
            "SRANDMEMBER s",
            "SRANDMEMBER s 2",
            "SSCAN s 0",
            "SINTER set s",
            "SINTER none s",
            "SINTERCARD 2 set s",
            "SUNION set s",
            "SDIFF set s",
            "SDIFF none s",
            "SINTERSTORE d set s",
            "SUNIONSTORE d set s",
            "SDIFFSTORE d set s")) {
      r.line(command).isError(WRONG_TYPE);
    }
    r.call("EXISTS", "d").is(0);
  }

  @CommandTest
  void wrongNumbersOfArguments(TestClient r) {
    for (String command :
        List.of(
            "SADD s",
            "SREM s",
            "SPOP",
            "SMOVE a b",
            "SISMEMBER s",
            "SISMEMBER s a b",
            "SMISMEMBER s",
            "SMEMBERS",
            "SMEMBERS s a",
            "SCARD",
            "SRANDMEMBER",
            "SSCAN s",
            "SINTER",
            "SINTERCARD 1",
            "SUNION",
            "SDIFF",
            "SINTERSTORE d",
            "SUNIONSTORE d",
            "SDIFFSTORE d")) {
      String name = Arrays.asList(command.split(" ", -1)).get(0).toLowerCase(Locale.ROOT);
      r.line(command).isError("ERR wrong number of arguments for '" + name + "' command");
    }
  }

  @CommandTest
  void copiesAreTheirOwn(TestClient r) {
    for (String form : List.of("%d", "m%d")) {
      for (int members : new int[] {3, 700}) {
        r.call("DEL", "s");
        for (int i = 0; i < members; i++) {
          r.call("SADD", "s", String.format(form, i)).is(1);
        }
        r.call("COPY", "s", "copy", "REPLACE").is(1);
        r.call("SREM", "s", String.format(form, 1)).is(1);
        r.call("SADD", "copy", "x").is(1);
        r.call("SCARD", "s").is(members - 1);
        r.call("SCARD", "copy").is(members + 1);
        r.call("SISMEMBER", "copy", String.format(form, 1)).is(1);
      }
    }
  }
}
