package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** ACL: users and rules, and what becomes of commands that a user may not send. */
class AclCommandsTest {
  private static final String ALL_KEYS =
      "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have"
          + " any effect. Try 'resetkeys' to start with an empty list of patterns";
  private static final String ALL_CHANNELS =
      "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not"
          + " have any effect. Try 'resetchannels' to start with an empty list of channels";
  private static final String WRONG =
      "WRONGPASS invalid username-password pair or user is disabled.";
  private static final String NO_KEY = "NOPERM No permissions to access a key";
  private static final String NO_CHANNEL = "NOPERM No permissions to access a channel";
  private static final String SECRET_HASH =
      "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

  /** The same users everywhere: those of other tests are gone. */
  private static TestClient fresh(TestClient r) {
    for (String user : r.call("ACL", "USERS").texts()) {
      if (!user.equals("default")) {
        r.call("ACL", "DELUSER", user).is(1);
      }
    }
    r.ok("ACL", "LOG", "RESET");
    return r;
  }

  private static TestClient as(TestServer server, String user) {
    TestClient client = server.client();
    client.ok("AUTH", user, "secret");
    return client;
  }

  private static void user(TestClient r, String name, String... rules) {
    Object[] words = new Object[rules.length + 6];
    System.arraycopy(
        new Object[] {"ACL", "SETUSER", name, "reset", "on", ">secret"}, 0, words, 0, 6);
    System.arraycopy(rules, 0, words, 6, rules.length);
    r.ok(words);
  }

  private static String commands(TestClient r, String user) {
    return String.valueOf(described(r, user).get("commands"));
  }

  private static Map<Object, Object> described(TestClient r, String user) {
    return r.call("ACL", "GETUSER", user).pairs();
  }

  private static String text(Map<Object, Object> map, String field) {
    return String.valueOf(map.get(field));
  }

  private static void refused(TestClient r, String fault, String... rules) {
    Object[] words = new Object[rules.length + 3];
    System.arraycopy(new Object[] {"ACL", "SETUSER", "u"}, 0, words, 0, 3);
    System.arraycopy(rules, 0, words, 3, rules.length);
    r.call(words).isError(fault);
  }

  // --- users

  @CommandTest
  void usersAndPasswords(TestClient r, TestServer server) {
    fresh(r);
    r.ok("ACL", "SETUSER", "u");
    r.call("ACL", "USERS").isList("default", "u");
    r.call("AUTH", "u", "secret").isError(WRONG);
    r.ok("ACL", "SETUSER", "u", ">secret");
    r.call("AUTH", "u", "secret").isError(WRONG);
    r.ok("ACL", "SETUSER", "u", "ON", "+acl|whoami", ">other", ">secret");
    TestClient u = as(server, "u");
    u.call("ACL", "WHOAMI").is("u");
    u.ok("AUTH", "u", "other");
    u.call("AUTH", "u", "wrong").isError(WRONG);
    u.call("ACL", "WHOAMI").is("u");
    assertThat(text(described(r, "u"), "passwords")).contains(SECRET_HASH);
    r.ok("ACL", "SETUSER", "u", "<other");
    u.call("AUTH", "u", "other").isError(WRONG);
    r.ok("ACL", "SETUSER", "u", "!" + SECRET_HASH);
    u.call("AUTH", "u", "secret").isError(WRONG);
    r.ok("ACL", "SETUSER", "u", "#" + SECRET_HASH);
    u.ok("AUTH", "u", "secret");
    r.ok("ACL", "SETUSER", "u", "nopass");
    u.ok("AUTH", "u", "anything");
    r.ok("ACL", "SETUSER", "u", "resetpass");
    u.call("AUTH", "u", "anything").isError(WRONG);
    u.call("ACL", "WHOAMI").is("u");
    u.call("HELLO", "3", "AUTH", "u", "x").isError(WRONG);
    r.ok("ACL", "SETUSER", "u", "off", ">secret");
    // Who is in stays in.
    u.call("ACL", "WHOAMI").is("u");
    u.call("AUTH", "u", "secret").isError(WRONG);
    u.call("RESET").isStatus("RESET");
    u.call("ACL", "WHOAMI").is("default");
    r.call("ACL", "DELUSER", "u", "nobody").is(1);
    r.call("ACL", "DELUSER", "u").is(0);
    r.call("ACL", "DELUSER", "u", "default").isError("ERR The 'default' user cannot be removed");
    r.call("ACL", "GETUSER", "u").isNilArray();
  }

  @CommandTest
  void rulesThatAreRefused(TestClient r) {
    fresh(r);
    String begin = "ERR Error in ACL SETUSER modifier '";
    r.call("ACL", "SETUSER", "a b")
        .isError("ERR Usernames can't contain spaces or null characters");
    r.call("ACL", "SETUSER", "a\0b")
        .isError("ERR Usernames can't contain spaces or null characters");
    refused(r, begin + "nonsense': Syntax error", "nonsense");
    refused(r, begin + "on ': Syntax error", "on ");
    refused(r, begin + "+none': Unknown command or category name in ACL", "on", "+none");
    refused(r, begin + "-none': Unknown command or category name in ACL", "-none");
    refused(r, begin + "+@none': Unknown command or category name in ACL", "+@none");
    refused(r, begin + "-@none': Unknown command or category name in ACL", "-@none");
    refused(r, begin + "+get|': Syntax error", "+get|");
    refused(r, begin + "-get|x': Unknown command or category name in ACL", "-get|x");
    refused(r, begin + "+config|x': Unknown command or category name in ACL", "+config|x");
    refused(
        r,
        begin + "+config|get|x': Allowing first-arg of a subcommand is not supported",
        "+config|get|x");
    refused(r, begin + "~x': " + ALL_KEYS, "~*", "~x");
    refused(r, begin + "%R~x': " + ALL_KEYS, "allkeys", "%R~x");
    refused(r, begin + "&x': " + ALL_CHANNELS, "&*", "&x");
    refused(r, begin + "~a b': Syntax error", "~a b");
    refused(r, begin + "&a b': Syntax error", "&a b");
    refused(r, begin + "%~x': Syntax error", "%~x");
    refused(r, begin + "%RR~x': Syntax error", "%RR~x");
    refused(r, begin + "%X~x': Syntax error", "%X~x");
    refused(
        r, begin + "<x': The password you are trying to remove from the user does not exist", "<x");
    String hash =
        "': The password hash must be exactly 64 characters and contain only lowercase hexadecimal"
            + " characters";
    refused(r, begin + "#ab" + hash, "#ab");
    refused(
        r,
        begin + "!" + SECRET_HASH.toUpperCase(Locale.ROOT) + hash,
        "!" + SECRET_HASH.toUpperCase(Locale.ROOT));
    refused(r, begin + "(+none)': Unknown command or category name in ACL", "(+none)");
    refused(r, begin + "(on)': Syntax error", "(on)");
    refused(r, begin + "(~* ~x)': " + ALL_KEYS, "(~*", "~x)");
    refused(r, "ERR Unmatched parenthesis in acl selector starting at '(+get'.", "(+get", "x");
    refused(r, begin + ")': Syntax error", ")");
    // None of them, nor what came before it, has done anything.
    r.call("ACL", "USERS").isList("default");
    user(r, "u", "~a", "+get");
    refused(r, begin + "+none': Unknown command or category name in ACL", "~b", "+set", "+none");
    assertThat(described(r, "u").get("keys")).isEqualTo("~a");
    assertThat(commands(r, "u")).isEqualTo("-@all +get");
    fresh(r);
  }

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void rulesAreDescribed(TestClient r) {
    fresh(r);
    r.ok("ACL", "SETUSER", "u");
    String u = "user u off sanitize-payload resetchannels -@all";
    assertThat(lines(r)).contains(u);
    r.ok(
        "ACL", "SETUSER", "u", "on", ">secret", "~a*", "%R~b", "%W~c", "%RW~d", "&x", "&y", "+GET");
    assertThat(lines(r))
        .contains(
            "user u on sanitize-payload #"
                + SECRET_HASH
                + " ~a* %R~b %W~c ~d resetchannels &x &y -@all +get");
    r.ok("ACL", "SETUSER", "u", "%W~b", "~a*", "&x", "(~z +set)", "(", "%R~q", "+@read", "&*", ")");
    assertThat(lines(r))
        .contains(
            "user u on sanitize-payload #"
                + SECRET_HASH
                + " ~a* ~b %W~c ~d resetchannels &x &y -@all +get (~z resetchannels -@all +set)"
                + " (%R~q &* -@all +@read)");
    Map<Object, Object> map = described(r, "u");
    assertThat(text(map, "flags")).contains("on").doesNotContain("nopass");
    assertThat(map.get("keys")).isEqualTo("~a* ~b %W~c ~d");
    assertThat(map.get("channels")).isEqualTo("&x &y");
    assertThat(map.get("commands")).isEqualTo("-@all +get");
    assertThat(text(map, "selectors")).contains("-@all +set").contains("%R~q");
    r.ok("ACL", "SETUSER", "u", "clearselectors", "resetkeys", "resetchannels", "nopass");
    assertThat(lines(r)).contains("user u on nopass sanitize-payload resetchannels -@all +get");
    r.ok("ACL", "SETUSER", "u", "skip-sanitize-payload", "allkeys", "allchannels", "allcommands");
    assertThat(lines(r)).contains("user u on nopass skip-sanitize-payload ~* &* +@all");
    r.ok("ACL", "SETUSER", "u", "reset");
    assertThat(lines(r)).contains(u);
    fresh(r);
  }

  private static List<String> lines(TestClient r) {
    return r.call("ACL", "LIST").texts();
  }

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void commandRulesAreKeptInOrder(TestClient r) {
    fresh(r);
    r.ok("ACL", "SETUSER", "u", "+@all", "-@hash", "-@slow", "+hget");
    assertThat(commands(r, "u")).isEqualTo("+@all -@hash -@slow +hget");
    r.ok("ACL", "SETUSER", "u", "-@hash");
    assertThat(commands(r, "u")).isEqualTo("+@all -@slow +hget -@hash");
    r.ok("ACL", "SETUSER", "u", "-@all", "+@HASH", "+hGET", "+HGET");
    assertThat(commands(r, "u")).isEqualTo("-@all +@hash +hget");
    r.ok("ACL", "SETUSER", "u", "nocommands", "+client|list", "+config|get", "+config");
    assertThat(commands(r, "u")).isEqualTo("-@all +client|list +config");
    r.ok("ACL", "SETUSER", "u", "-@all", "+select|0", "+SELECT|1", "+debug|segfault", "+debug");
    assertThat(commands(r, "u")).isEqualTo("-@all +select|0 +select|1 +debug");
    r.ok("ACL", "SETUSER", "u", "-@all", "+config", "+config|get", "-config|set", "+config");
    assertThat(commands(r, "u")).isEqualTo("-@all +config");
    fresh(r);
  }

  // --- commands and keys

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void commandsThatAreNotAllowed(TestClient r, TestServer server) {
    fresh(r);
    user(r, "u", "allkeys", "+get", "+config|get", "+select|0", "+@hash", "-hset");
    TestClient u = as(server, "u");
    u.call("GET", "k").isNil();
    u.call("SET", "k", "v").isError("NOPERM User u has no permissions to run the 'set' command");
    u.call("CONFIG", "GET", "port").texts();
    u.call("CONFIG", "SET", "port", "1")
        .isError("NOPERM User u has no permissions to run the 'config|set' command");
    u.ok("SELECT", "0");
    u.call("SELECT", "1").isError("NOPERM User u has no permissions to run the 'select' command");
    u.call("HGET", "h", "f").isNil();
    u.call("HSET", "h", "f", "v")
        .isError("NOPERM User u has no permissions to run the 'hset' command");
    // What is not there, or not so, is said before.
    u.call("FOO").isError("ERR unknown command 'FOO', with args beginning with: ");
    u.call("SET", "k").isError("ERR wrong number of arguments for 'set' command");
    // Whoever it is may become somebody else.
    u.call("AUTH", "u", "x").isError(WRONG);
    u.call("HELLO", "2").pairs();
    r.ok("ACL", "SETUSER", "u", "+@all");
    u.ok("SET", "k", "v");
    r.ok("ACL", "SETUSER", "u", "-@string");
    u.call("GET", "k").isError("NOPERM User u has no permissions to run the 'get' command");
    u.call("DEL", "k").is(1);
    fresh(r);
  }

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void keysThatAreNotAllowed(TestClient r, TestServer server) {
    fresh(r);
    user(r, "u", "+@all", "%R~read*", "%W~write*", "~both*");
    TestClient u = as(server, "u");
    r.ok("MSET", "read", "1", "write", "2", "both", "3", "none", "4");
    u.call("GET", "read").is("1");
    u.call("GET", "both").is("3");
    u.call("GET", "write").isError(NO_KEY);
    u.call("GET", "none").isError(NO_KEY);
    u.ok("SET", "write", "5");
    u.call("SET", "write", "5", "GET").isError(NO_KEY);
    u.call("SET", "both", "5", "GET").is("3");
    u.call("SET", "read", "5").isError(NO_KEY);
    u.call("APPEND", "write", "x").is(2);
    u.call("GETDEL", "write").isError(NO_KEY);
    u.call("MGET", "read", "both").isList("1", "5");
    u.call("MGET", "read", "none").isError(NO_KEY);
    u.call("COPY", "read", "write2").is(1);
    u.call("COPY", "write", "both").isError(NO_KEY);
    u.call("COPY", "read", "read2").isError(NO_KEY);
    u.call("EXISTS", "read", "write").is(2);
    u.call("EXISTS", "none").isError(NO_KEY);
    u.call("BITFIELD", "read", "GET", "u8", "0").isList(49L);
    u.call("BITFIELD", "read", "SET", "u8", "0", "1").isError(NO_KEY);
    u.call("ZUNIONSTORE", "write3", "2", "readz", "bothz").is(0);
    u.call("ZUNIONSTORE", "write3", "2", "readz", "writez").isError(NO_KEY);
    u.call("XREAD", "COUNT", "1", "STREAMS", "reads", "none", "0", "0").isError(NO_KEY);
    u.call("SORT", "readl", "STORE", "writel").is(0);
    u.call("SORT", "readl", "STORE", "readl").isError(NO_KEY);
    u.call("GEORADIUS", "readg", "1", "1", "1", "m", "STORE", "none").isError(NO_KEY);
    u.call("LMPOP", "1", "none", "LEFT").isError(NO_KEY);
    // Keys that are not among the words are nobody's business.
    r.call("EVAL", "return redis.call('set', 'none', 'x')", "0").isStatus("OK");
    u.call("EVAL", "return redis.call('get', 'read')", "1", "both").is("1");
    fresh(r);
  }

  @CommandTest
  void sortByAndGetNeedAllKeys(TestClient r, TestServer server) {
    fresh(r);
    r.call("RPUSH", "list", "1").is(1);
    r.ok("SET", "v1", "7");
    user(r, "u", "(+sort ~list ~v* %W~*)");
    TestClient u = as(server, "u");
    String begin = "ERR ";
    String end = " option of SORT denied due to insufficient ACL permissions.";
    u.call("SORT", "list", "BY", "nosort").isList("1");
    u.call("SORT", "list", "BY", "v*").isError(begin + "BY" + end);
    u.call("SORT", "list", "GET", "v*").isError(begin + "GET" + end);
    r.ok("ACL", "SETUSER", "u", "(+sort ~list %R~*)");
    u.call("SORT", "list", "BY", "v*", "GET", "v*").isList("7");
    fresh(r);
  }

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void selectorsDoNotAddUp(TestClient r, TestServer server) {
    fresh(r);
    user(r, "u", "+ping", "(+get ~r*)", "(+set ~w*)", "(+copy %R~r*)", "(+copy %W~w*)");
    TestClient u = as(server, "u");
    u.call("PING").isStatus("PONG");
    u.call("GET", "r").isNil();
    u.call("GET", "w").isError(NO_KEY);
    u.ok("SET", "w", "x");
    u.call("SET", "r", "x").isError(NO_KEY);
    u.call("COPY", "r", "w").isError(NO_KEY);
    u.call("DEL", "r").isError("NOPERM User u has no permissions to run the 'del' command");
    fresh(r);
  }

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void transactions(TestClient r, TestServer server) {
    fresh(r);
    user(r, "u", "+@all", "-flushall", "~k*", "&c");
    TestClient u = as(server, "u");
    u.ok("MULTI");
    u.call("FLUSHALL").isError("NOPERM User u has no permissions to run the 'flushall' command");
    u.call("EXEC").isErrorLike("EXECABORT");
    u.ok("MULTI");
    u.call("SET", "x", "1").isError(NO_KEY);
    u.call("PUBLISH", "d", "m").isError(NO_CHANNEL);
    u.call("EXEC").isErrorLike("EXECABORT");
    u.ok("MULTI");
    u.call("SET", "k", "1").isStatus("QUEUED");
    u.call("SET", "k2", "1").isStatus("QUEUED");
    u.call("PUBLISH", "c", "m").isStatus("QUEUED");
    u.call("GET", "k").isStatus("QUEUED");
    r.ok("ACL", "SETUSER", "u", "resetkeys", "~k", "-get", "resetchannels");
    List<Object> answers = u.call("EXEC").elements();
    String changed =
        "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC"
            + " call. This command is no longer allowed for the following reason: ";
    assertThat(answers.get(1))
        .isEqualTo(new Answer.Failure(changed + "no permission to touch the specified keys"));
    assertThat(answers.get(2))
        .isEqualTo(
            new Answer.Failure(
                changed + "no permission to access one of the channels used as arguments"));
    assertThat(answers.get(3))
        .isEqualTo(
            new Answer.Failure(changed + "no permission to execute the command or subcommand"));
    fresh(r);
  }

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void scripts(TestClient r, TestServer server) {
    fresh(r);
    user(r, "u", "+@all", "-incr", "~k*");
    TestClient u = as(server, "u");
    u.call("EVAL", "return redis.call('incr', 'k')", "0")
        .satisfies(
            answer ->
                assertThat(String.valueOf(answer))
                    .contains("User u has no permissions to run the 'incr' command"));
    u.call("EVAL", "return redis.call('set', 'x', 1)", "0")
        .satisfies(
            answer ->
                assertThat(String.valueOf(answer))
                    .contains("ACL failure in script: No permissions to access a key"));
    u.call("EVAL", "return redis.pcall('set', 'x', 1)['err']", "0").text();
    u.call("EVAL", "return redis.call('set', 'k', 1)", "1", "x").isError(NO_KEY);
    String asked = "return tostring(redis.acl_check_cmd('%s', '%s', '1'))";
    u.call("EVAL", asked.formatted("set", "k"), "0").is("true");
    u.call("EVAL", asked.formatted("set", "x"), "0").is("false");
    u.call("EVAL", asked.formatted("incr", "k"), "0").is("false");
    r.call("EVAL", asked.formatted("incr", "x"), "0").is("true");
    u.call("EVAL", asked.formatted("none", "x"), "0")
        .satisfies(answer -> assertThat(String.valueOf(answer)).contains("Invalid command passed"));
    fresh(r);
  }

  // --- channels

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void channels(TestClient r, TestServer server) {
    fresh(r);
    user(r, "u", "+@all", "&one", "&two.*");
    TestClient u = as(server, "u").hello3();
    u.call("PUBLISH", "one", "m").is(0);
    u.call("SPUBLISH", "two.x", "m").is(0);
    u.call("PUBLISH", "three", "m").isError(NO_CHANNEL);
    u.call("SPUBLISH", "three", "m").isError(NO_CHANNEL);
    u.call("SUBSCRIBE", "one", "three").isError(NO_CHANNEL);
    u.call("SSUBSCRIBE", "three").isError(NO_CHANNEL);
    u.call("PSUBSCRIBE", "two.a*").isError(NO_CHANNEL);
    u.call("PSUBSCRIBE", "*").isError(NO_CHANNEL);
    u.send("PSUBSCRIBE", "two.*");
    assertThat(u.push().toString()).contains("psubscribe");
    u.send("SUBSCRIBE", "one", "two.three");
    assertThat(u.push().toString()).contains("subscribe");
    assertThat(u.push().toString()).contains("subscribe");
    // More is no reason to be cut off.
    r.ok("ACL", "SETUSER", "u", "&four");
    u.call("PING").isStatus("PONG");
    r.ok("ACL", "SETUSER", "u", "resetchannels", "&two.*");
    u.awaitClosed();
    fresh(r);
  }

  @CommandTest
  void whoListensIsCutOffOnlyForWhatIsLost(TestClient r, TestServer server) {
    fresh(r);
    user(r, "u", "+@all", "&*");
    TestClient pattern = as(server, "u");
    pattern.call("PSUBSCRIBE", "a*");
    TestClient shard = as(server, "u");
    shard.call("SSUBSCRIBE", "s");
    TestClient kept = as(server, "u").hello3();
    kept.send("SUBSCRIBE", "a1");
    kept.push();
    TestClient silent = as(server, "u");
    r.ok("ACL", "SETUSER", "u", "resetchannels", "&a?");
    pattern.awaitClosed();
    shard.awaitClosed();
    kept.call("PING").isStatus("PONG");
    silent.call("PING").isStatus("PONG");
    r.ok("ACL", "SETUSER", "u", "allchannels");
    kept.call("PING").isStatus("PONG");
    fresh(r);
  }

  @CommandTest
  void channelsOfNewUsers(TestClient r, TestServer server) {
    fresh(r);
    r.ok("ACL", "SETUSER", "without");
    server.config("acl-pubsub-default", "allchannels");
    r.ok("ACL", "SETUSER", "with", "()");
    assertThat(described(r, "without").get("channels")).isEqualTo("");
    assertThat(described(r, "with").get("channels")).isEqualTo("&*");
    assertThat(text(described(r, "with"), "selectors")).contains("&*");
    r.ok("ACL", "SETUSER", "without", "reset");
    assertThat(described(r, "without").get("channels")).isEqualTo("&*");
    fresh(r);
  }

  // --- ends

  @CommandTest
  void clientsOfRemovedUsersAreCutOff(TestClient r, TestServer server) {
    fresh(r);
    user(r, "u", "+@all", "~*");
    TestClient one = as(server, "u");
    TestClient two = as(server, "u");
    TestClient waits = as(server, "u");
    waits.send("BLPOP", "k", "0");
    server.awaitBlocked(1);
    // It is told before it is cut off itself.
    one.call("ACL", "DELUSER", "u").is(1);
    one.awaitClosed();
    two.awaitClosed();
    waits.awaitClosed();
    r.call("PING").isStatus("PONG");
  }

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void whoWaitsMustBeAllowedYetWhenItIsServed(TestClient r, TestServer server) {
    fresh(r);
    user(r, "u", "+@all", "~*");
    TestClient u = as(server, "u");
    u.send("BLPOP", "k", "0");
    server.awaitBlocked(1);
    r.ok("ACL", "SETUSER", "u", "resetkeys");
    r.call("LPUSH", "k", "x").is(1);
    u.receive().isError(NO_KEY);
    u.call("PING").isStatus("PONG");
    r.call("LLEN", "k").is(1);
    fresh(r);
  }

  @CommandTest
  void clientsAreKnownByTheirUser(TestClient r, TestServer server) {
    fresh(r);
    user(r, "u", "+@all");
    TestClient u = as(server, "u");
    assertThat(u.call("CLIENT", "INFO").text()).contains(" user=u ");
    assertThat(r.call("CLIENT", "INFO").text()).contains(" user=default ");
    r.call("CLIENT", "KILL", "USER", "nobody").isError("ERR No such user 'nobody'");
    r.call("CLIENT", "KILL", "USER", "u").is(1);
    u.awaitClosed();
    fresh(r);
  }

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void theDefaultUserMayBeRestricted(TestClient r, TestServer server) {
    fresh(r);
    user(r, "admin", "+@all", "~*", "&*");
    r.ok("AUTH", "admin", "secret");
    TestClient before = server.client();
    try {
      r.ok("ACL", "SETUSER", "default", "-@all", "+get", "resetkeys", "~k");
      before
          .call("SET", "k", "v")
          .isError("NOPERM User default has no permissions to run the 'set' command");
      before.call("GET", "x").isError(NO_KEY);
      before.call("GET", "k").isNil();
      before.call("HELLO", "2", "AUTH", "admin", "secret").pairs();
      before.call("ACL", "WHOAMI").is("admin");
      r.ok("ACL", "SETUSER", "default", "off");
      TestClient late = server.client();
      late.call("GET", "k").isError("NOAUTH Authentication required.");
      late.call("AUTH", "default", "x").isError(WRONG);
      late.ok("AUTH", "admin", "secret");
      late.call("RESET").isStatus("RESET");
      late.call("PING").isError("NOAUTH Authentication required.");
    } finally {
      r.ok("ACL", "SETUSER", "default", "on", "nopass", "+@all", "~*", "&*");
    }
    r.ok("AUTH", "default", "");
    fresh(r);
  }

  // --- trying out, and what was refused

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void dryRun(TestClient r) {
    fresh(r);
    user(r, "u", "+@all", "-set", "%R~r*", "%W~w*", "~b*", "&c");
    r.ok("ACL", "DRYRUN", "u", "GET", "r1");
    r.call("ACL", "DRYRUN", "u", "GET", "w1")
        .is("User u has no permissions to access the 'w1' key");
    r.call("ACL", "DRYRUN", "u", "SET", "b", "1")
        .is("User u has no permissions to run the 'set' command");
    r.call("ACL", "DRYRUN", "u", "PUBLISH", "d", "m")
        .is("User u has no permissions to access the 'd' channel");
    r.call("ACL", "DRYRUN", "u", "GET").isError("ERR wrong number of arguments for 'get' command");
    r.call("ACL", "DRYRUN", "u", "NONE").isError("ERR Command 'NONE' not found");
    r.ok("ACL", "DRYRUN", "u", "MIGRATE", "h", "1", "b", "0", "5");
    r.ok("ACL", "DRYRUN", "u", "MIGRATE", "h", "1", "", "0", "5", "AUTH", "KEYS", "KEYS", "b");
    r.call("ACL", "DRYRUN", "u", "MIGRATE", "h", "1", "", "0", "5", "KEYS", "x", "KEYS", "b")
        .is("User u has no permissions to access the 'x' key");
    r.ok("ACL", "DRYRUN", "u", "EVAL", "", "0", "x");
    r.ok("ACL", "DRYRUN", "u", "EVAL", "", "3", "b", "x");
    r.call("ACL", "DRYRUN", "u", "EVAL", "", "1", "r")
        .is("User u has no permissions to access the 'r' key");
    r.ok("ACL", "DRYRUN", "u", "EVAL_RO", "", "1", "r");
    r.ok("ACL", "DRYRUN", "u", "SUNSUBSCRIBE", "x");
    r.call("ACL", "LOG").isList();
    fresh(r);
  }

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void whatWasRefusedIsTakenDown(TestClient r, TestServer server) {
    fresh(r);
    user(r, "u", "+@all", "-incr", "~k", "&c");
    TestClient u = as(server, "u");
    u.call("INCR", "k");
    u.call("incr", "k");
    u.call("GET", "x");
    u.call("PUBLISH", "d", "m");
    u.ok("MULTI");
    u.call("GET", "y");
    u.call("DISCARD");
    u.call("EVAL", "redis.call('get', 'z')", "0");
    u.call("AUTH", "u", "wrong");
    u.call("HELLO", "2", "AUTH", "nobody", "wrong");
    List<Object> log = r.call("ACL", "LOG").elements();
    entry(log.get(0), "auth", "toplevel", "HELLO", "nobody", 1);
    entry(log.get(1), "auth", "toplevel", "AUTH", "u", 1);
    entry(log.get(2), "key", "lua", "z", "u", 1);
    entry(log.get(3), "key", "multi", "y", "u", 1);
    entry(log.get(4), "channel", "toplevel", "d", "u", 1);
    entry(log.get(5), "key", "toplevel", "x", "u", 1);
    entry(log.get(6), "command", "toplevel", "incr", "u", 2);
    assertThat(log).hasSize(7);
    assertThat(log.toString()).contains("cmd=hello").contains("cmd=eval").doesNotContain("wrong");
    assertThat(r.call("ACL", "LOG", "2").elements()).hasSize(2);
    r.call("ACL", "LOG", "-1").isList();
    r.call("ACL", "LOG", "x").isError("ERR value is not an integer or out of range");
    server.config("acllog-max-len", "3");
    u.call("GET", "x2");
    assertThat(r.call("ACL", "LOG").elements()).hasSize(3);
    r.ok("ACL", "LOG", "RESET");
    r.call("ACL", "LOG").isList();
    server.config("acllog-max-len", "0");
    u.call("GET", "x2");
    r.call("ACL", "LOG").isList();
    fresh(r);
  }

  @SuppressWarnings("unchecked")
  private static void entry(
      Object entry, String reason, String context, String object, String user, long count) {
    List<Object> fields = (List<Object>) entry;
    assertThat(fields.subList(0, 10).toString())
        .isEqualTo(
            List.of(
                    "count",
                    count,
                    "reason",
                    reason,
                    "context",
                    context,
                    "object",
                    object,
                    "username",
                    user)
                .toString());
    assertThat(fields).contains("age-seconds", "client-info", "entry-id", "timestamp-created");
  }

  // --- in our engine only

  @CommandTest(oursOnly = true)
  void whoIsRefusedMayNotFillTheHeap(TestClient r, TestServer server) {
    user(r, "u", "+get");
    TestClient u = as(server, "u");
    u.call("GET", "x".repeat(100_000)).isError(NO_KEY);
    List<Object> log = r.call("ACL", "LOG").elements();
    assertThat(log.toString()).hasSizeLessThan(10_000);
  }

  @CommandTest(oursOnly = true)
  void whoRemovesItselfIsAStrangerAtOnce(TestClient r, TestServer server) {
    user(r, "admin", "+@all", "~*", "&*");
    TestClient admin = as(server, "admin");
    admin.ok("ACL", "SETUSER", "default", "-set");
    admin.ok("MULTI");
    admin.call("ACL", "DELUSER", "admin").isQueued();
    admin.call("SET", "k", "v").isQueued();
    admin
        .call("EXEC")
        .isList(
            1L,
            new Answer.Failure(
                "NOPERM ACLs rules changed between the moment the transaction was accumulated and"
                    + " the EXEC call. This command is no longer allowed for the following reason:"
                    + " no permission to execute the command or subcommand"));
    admin.awaitClosed();
  }

  @CommandTest(oursOnly = true)
  void passwordsAreShownNowhere(TestClient r, TestServer server) {
    server.config("slowlog-log-slower-than", "0");
    TestClient monitor = server.client();
    monitor.ok("MONITOR");
    r.ok("ACL", "SETUSER", "u", "on", ">verysecret", "+@all");
    r.call("ACL", "SETUSER", "u", "<notsosecret", "verysecret");
    r.call("AUTH", "u", "notsosecret");
    r.ok("AUTH", "u", "verysecret");
    r.call("HELLO", "4", "AUTH", "u", "verysecret");
    r.call("HELLO", "3", "SETNAME", "a b", "AUTH", "u", "verysecret");
    r.ok("AUTH", "default", "");
    r.ok("CONFIG", "SET", "requirepass", "verysecret");
    r.ok("CONFIG", "SET", "requirepass", "");
    r.call("PING").isStatus("PONG");
    String shown = "";
    do {
      shown += monitor.receiveNext().value();
    } while (!shown.contains("PING"));
    assertThat(shown + r.call("SLOWLOG", "GET", "-1").value() + r.call("ACL", "LOG").value())
        .contains("AUTH")
        .doesNotContain("secret");
  }

  /** Redis looks only at the first STORE, and obeys the last. */
  @CommandTest(oursOnly = true)
  void anOptionGivenTwiceIsNoWayAround(TestClient r, TestServer server) {
    user(r, "u", "+@all", "~a");
    TestClient u = as(server, "u");
    u.call("GEORADIUS", "a", "1", "1", "1", "m", "STORE", "a", "STORE", "b").isError(NO_KEY);
    u.call("SORT", "a", "STORE", "a", "STORE", "b").isError(NO_KEY);
  }
}
