package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

class TrackingCommandsTest {
  private static List<@Nullable Object> list(@Nullable Object... elements) {
    return Arrays.asList(elements);
  }

  private static Answer.Push invalidate(String... keys) {
    return new Answer.Push(list("invalidate", list((Object[]) keys)));
  }

  private static final Answer.Push ALL = new Answer.Push(list("invalidate", null));

  private static TestClient reader(TestServer server, String... options) {
    TestClient reader = server.client().hello3();
    Object[] words = new Object[options.length + 3];
    words[0] = "CLIENT";
    words[1] = "TRACKING";
    words[2] = "ON";
    System.arraycopy(options, 0, words, 3, options.length);
    reader.ok(words);
    return reader;
  }

  private static void isNext(TestClient client, Answer.Push push) {
    assertThat(client.receiveNext().value()).isEqualTo(push);
  }

  /** Asks for something whose answer comes first when nothing else was sent. */
  private static void isSilent(TestClient client) {
    client.sendRaw(TestClient.encode("PING", "silent"));
    client.receiveNext().is("silent");
  }

  @CommandTest
  void whoHasReadAKeyIsToldOnceWhenItChanges(TestClient client, TestServer server) {
    TestClient reader = reader(server);
    client.ok("MSET", "a", "1", "b", "2");
    reader.call("GET", "a").is("1");
    reader.call("MGET", "b", "c").isList("2", null);
    client.ok("SET", "a", "3");
    isNext(reader, invalidate("a"));
    client.ok("SET", "a", "4");
    client.ok("SET", "c", "5");
    isNext(reader, invalidate("c"));
    client.call("DEL", "b").is(1);
    isNext(reader, invalidate("b"));
    isSilent(reader);
    reader.call("GET", "a").is("4");
    reader.ok("CLIENT", "TRACKING", "OFF");
    client.ok("SET", "a", "5");
    isSilent(reader);
  }

  @CommandTest
  void everyKindOfChangeCounts(TestClient client, TestServer server) {
    TestClient reader = reader(server);
    client.call("RPUSH", "l", "a", "b").is(2);
    reader.call("LLEN", "l").is(2);
    client.call("EXPIRE", "l", "100").is(1);
    isNext(reader, invalidate("l"));
    reader.call("LLEN", "l").is(2);
    client.ok("RENAME", "l", "m");
    isNext(reader, invalidate("l"));
    reader.call("LLEN", "m").is(2);
    client.call("LPOP", "m", "2").isList("a", "b");
    isNext(reader, invalidate("m"));
    client.ok("SET", "s", "x", "PX", "1");
    TestServer.await("the key to expire", () -> client.call("DBSIZE").integer() == 0);
    client.ok("SET", "s", "x", "PX", "300");
    reader.call("EXISTS", "s").is(1);
    isNext(reader, invalidate("s"));
    isSilent(reader);
  }

  @CommandTest
  void flushingInvalidatesEverything(TestClient client, TestServer server) {
    TestClient reader = reader(server);
    TestClient broadcast = reader(server, "BCAST");
    client.ok("SET", "a", "1");
    isNext(broadcast, invalidate("a"));
    reader.call("GET", "a").is("1");
    client.ok("FLUSHALL");
    isNext(reader, ALL);
    isNext(broadcast, ALL);
    client.ok("SET", "a", "1");
    isNext(broadcast, invalidate("a"));
    isSilent(reader);
    client.ok("FLUSHDB");
    isNext(reader, ALL);
    reader.sendRaw(TestClient.encode("FLUSHALL"));
    reader.receiveNext().isOk();
    isNext(reader, ALL);
  }

  @CommandTest
  void ownChangesAreToldAfterTheReply(TestServer server) {
    TestClient reader = reader(server);
    reader.call("GET", "a").isNil();
    reader.sendRaw(TestClient.encode("SET", "a", "1"));
    reader.receiveNext().isOk();
    isNext(reader, invalidate("a"));

    reader.call("GET", "a").is("1");
    reader.ok("MULTI");
    reader.call("SET", "a", "2").isQueued();
    reader.call("GET", "a").isQueued();
    reader.call("INCR", "a").isQueued();
    reader.sendRaw(TestClient.encode("EXEC"));
    reader.receiveNext().isList(new Answer.Status("OK"), "2", 3);
    isNext(reader, invalidate("a"));
    isNext(reader, invalidate("a"));
    isSilent(reader);
  }

  @CommandTest
  void noLoopLeavesOwnChangesOut(TestClient client, TestServer server) {
    TestClient reader = reader(server, "NOLOOP");
    TestClient broadcast = reader(server, "BCAST", "NOLOOP");
    reader.call("GET", "a").isNil();
    reader.ok("SET", "a", "1");
    isSilent(reader);
    isNext(broadcast, invalidate("a"));
    broadcast.ok("SET", "a", "2");
    isSilent(broadcast);
    reader.call("GET", "a").is("2");
    client.ok("SET", "a", "3");
    isNext(reader, invalidate("a"));
    isNext(broadcast, invalidate("a"));
  }

  @CommandTest
  void broadcastTellsOfAllKeysWithAPrefix(TestClient client, TestServer server) {
    TestClient reader = reader(server, "BCAST", "PREFIX", "a:", "PREFIX", "b");
    client.ok("MULTI");
    client.call("SET", "a:2", "x").isQueued();
    client.call("SET", "b", "x").isQueued();
    client.call("SET", "a:1", "x").isQueued();
    client.call("SET", "a:2", "y").isQueued();
    client.call("SET", "c", "x").isQueued();
    client.call("EXEC");
    isNext(reader, invalidate("a:1", "a:2"));
    isNext(reader, invalidate("b"));
    isSilent(reader);
    reader
        .call("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a:b")
        .isError(
            "ERR Prefix 'a:b' overlaps with an existing prefix 'a:'. Prefixes for a single client"
                + " must not overlap.");
    reader.ok("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "c");
    assertThat(reader.call("CLIENT", "TRACKINGINFO").pairs())
        .containsEntry("flags", Set.of("on", "bcast"))
        .containsEntry("redirect", 0L)
        .containsEntry("prefixes", list("a:", "b", "c"));
    assertThat(client.call("INFO", "stats").text()).contains("tracking_total_prefixes:3\r\n");
    reader.ok("CLIENT", "TRACKING", "OFF");
    assertThat(client.call("INFO", "stats").text()).contains("tracking_total_prefixes:0\r\n");
  }

  @CommandTest
  void optInTracksWhatCachingAsksFor(TestClient client, TestServer server) {
    TestClient reader = reader(server, "OPTIN");
    reader.call("GET", "a").isNil();
    reader.ok("CLIENT", "CACHING", "YES");
    assertThat(reader.call("CLIENT", "TRACKINGINFO").pairs())
        .containsEntry("flags", Set.of("on", "optin", "caching-yes"));
    reader.call("GET", "b").isNil();
    reader.call("GET", "c").isNil();
    reader.ok("CLIENT", "CACHING", "YES");
    reader.ok("MULTI");
    reader.call("GET", "d").isQueued();
    reader.call("GET", "e").isQueued();
    reader.call("EXEC").isList(null, null);
    reader.call("GET", "f").isNil();
    client.ok("MSET", "a", "1", "b", "1", "c", "1", "d", "1", "e", "1", "f", "1");
    isNext(reader, invalidate("b"));
    isNext(reader, invalidate("d"));
    isNext(reader, invalidate("e"));
    isSilent(reader);
    reader
        .call("CLIENT", "CACHING", "NO")
        .isError("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
  }

  @CommandTest
  void optOutTracksAllButWhatCachingSays(TestClient client, TestServer server) {
    TestClient reader = reader(server, "OPTOUT");
    reader.call("GET", "a").isNil();
    reader.ok("CLIENT", "CACHING", "NO");
    reader.call("GET", "b").isNil();
    reader.call("GET", "c").isNil();
    client.ok("MSET", "a", "1", "b", "1", "c", "1");
    isNext(reader, invalidate("a"));
    isNext(reader, invalidate("c"));
    isSilent(reader);
    reader
        .call("CLIENT", "CACHING", "YES")
        .isError("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
  }

  @CommandTest
  void redirectionReachesAResp2Subscriber(TestClient client, TestServer server) {
    TestClient listener = server.client();
    long id = listener.id();
    listener
        .call("SUBSCRIBE", "__redis__:invalidate")
        .isList("subscribe", "__redis__:invalidate", 1);
    TestClient reader = server.client();
    reader.ok("CLIENT", "TRACKING", "ON", "REDIRECT", id);
    reader.call("CLIENT", "GETREDIR").is(id);
    assertThat(reader.call("CLIENT", "INFO").text()).contains(" flags=t ", " redir=" + id + " ");
    reader.call("GET", "a").isNil();
    client.ok("SET", "a", "1");
    listener.receive().isList("message", "__redis__:invalidate", list("a"));
    client.ok("FLUSHALL");
    listener.receive().isList("message", "__redis__:invalidate", null);
  }

  @CommandTest
  void aBrokenRedirectionIsTold(TestClient client, TestServer server) {
    TestClient listener = server.client().hello3();
    long id = listener.id();
    TestClient reader = reader(server, "REDIRECT", Long.toString(id));
    reader.call("GET", "a").isNil();
    client.ok("SET", "a", "1");
    isNext(listener, invalidate("a"));
    reader.call("GET", "a").is("1");
    client.call("CLIENT", "KILL", "ID", id).is(1);
    listener.awaitClosed();
    client.ok("SET", "a", "2");
    isNext(reader, new Answer.Push(list("tracking-redir-broken", id)));
    assertThat(reader.call("CLIENT", "TRACKINGINFO").pairs())
        .containsEntry("flags", Set.of("on", "broken_redirect"))
        .containsEntry("redirect", id);
    reader.call("CLIENT", "GETREDIR").is(id);
    assertThat(reader.call("CLIENT", "INFO").text()).contains(" flags=tR ");
  }

  @CommandTest
  void whatDoesNotGoTogetherIsRefused(TestClient client) {
    client.hello3();
    client
        .call("CLIENT", "TRACKING", "ON", "PREFIX", "a")
        .isError("ERR PREFIX option requires BCAST mode to be enabled");
    client
        .call("CLIENT", "TRACKING", "ON", "BCAST", "OPTIN")
        .isError("ERR OPTIN and OPTOUT are not compatible with BCAST");
    client
        .call("CLIENT", "TRACKING", "ON", "OPTOUT", "OPTIN")
        .isError("ERR You can't specify both OPTIN mode and OPTOUT mode");
    client
        .call("CLIENT", "TRACKING", "ON", "REDIRECT", "123456789")
        .isError("ERR The client ID you want redirect to does not exist");
    long id = client.id();
    client
        .call("CLIENT", "TRACKING", "ON", "REDIRECT", id, "REDIRECT", id)
        .isError("ERR A client can only redirect to a single other client");
    client.call("CLIENT", "TRACKING", "ON", "REDIRECT").isError("ERR syntax error");
    client.call("CLIENT", "TRACKING", "ON", "NONSENSE").isError("ERR syntax error");
    client.call("CLIENT", "TRACKING", "MAYBE").isError("ERR syntax error");
    client
        .call("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "ab", "PREFIX", "a")
        .isError(
            "ERR Prefix 'ab' overlaps with another provided prefix 'a'. Prefixes for a single"
                + " client must not overlap.");
    client
        .call("CLIENT", "CACHING", "YES")
        .isError(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN"
                + " or OPTOUT mode enabled");
    client.call("CLIENT", "GETREDIR").is(-1);
    client.ok("CLIENT", "TRACKING", "ON", "OPTIN");
    client
        .call("CLIENT", "TRACKING", "ON", "BCAST")
        .isError(
            "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and"
                + " then re-enabling it with a different mode.");
    client
        .call("CLIENT", "TRACKING", "ON", "OPTOUT")
        .isError(
            "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and"
                + " then re-enabling it with a different mode.");
    client.call("CLIENT", "CACHING", "MAYBE").isError("ERR syntax error");
    client.call("CLIENT", "GETREDIR").is(0);
  }

  @CommandTest
  void theTableHoldsAsManyKeysAsItMay(TestClient client, TestServer server) {
    server.config("tracking-table-max-keys", "2");
    TestClient reader = reader(server);
    reader.call("MGET", "a", "b").isList(null, null);
    reader.call("GET", "c").isNil();
    reader.call("PING");
    assertThat(reader.push().elements().get(0)).isEqualTo("invalidate");
    assertThat(client.call("INFO", "stats").text())
        .contains("tracking_total_keys:2\r\n", "tracking_total_items:2\r\n");
  }

  @CommandTest(oursOnly = true)
  void whoLeavesTakesItsKeysAlong(TestClient client, TestServer server) {
    TestClient reader = reader(server);
    TestClient other = reader(server);
    TestClient broadcast = reader(server, "BCAST", "PREFIX", "x");
    reader.call("MGET", "a", "b", "c").isList(null, null, null);
    other.call("MGET", "c", "d").isList(null, null);
    assertThat(client.call("INFO", "stats").text())
        .contains(
            "tracking_total_keys:4\r\n",
            "tracking_total_items:5\r\n",
            "tracking_total_prefixes:1\r\n");
    assertThat(client.call("INFO", "clients").text()).contains("tracking_clients:3\r\n");
    reader.close();
    broadcast.close();
    TestServer.await(
        "two to leave",
        () -> client.call("INFO", "clients").text().contains("tracking_clients:1\r\n"));
    assertThat(client.call("INFO", "stats").text())
        .contains(
            "tracking_total_keys:2\r\n",
            "tracking_total_items:2\r\n",
            "tracking_total_prefixes:0\r\n");
    other.call("RESET").isStatus("RESET");
    assertThat(client.call("INFO", "stats").text())
        .contains("tracking_total_keys:0\r\n", "tracking_total_items:0\r\n");
    client.ok("MSET", "a", "1", "c", "1", "x", "1");
  }

  @CommandTest(oursOnly = true)
  void exchangingDatabasesInvalidatesEverything(TestClient client, TestServer server) {
    TestClient reader = reader(server);
    reader.call("GET", "a").isNil();
    client.ok("SWAPDB", "0", "1");
    isNext(reader, ALL);
  }

  @CommandTest
  void evictedKeysAreInvalidated(TestClient client, TestServer server) {
    server.config("maxmemory-policy", "allkeys-lru");
    TestClient reader = reader(server);
    client.ok("SET", "a", "1");
    reader.call("GET", "a").is("1");
    server.config("maxmemory", "1");
    // Nobody has to send anything for that.
    isNext(reader, invalidate("a"));
  }

  @Since(value = "6.2.0", valkey = "7.2.0")
  @CommandTest
  void aBlockedReadIsTracked(TestClient client, TestServer server) {
    TestClient reader = reader(server);
    reader.call("GET", "l").isNil();
    TestClient popper = server.client();
    popper.send("BLPOP", "l", "0");
    server.awaitBlocked(1);
    client.call("RPUSH", "l", "a").is(1);
    popper.receive().isList("l", "a");
    isNext(reader, invalidate("l"));
    isSilent(reader);
  }

  @Since(valkey = "8.0")
  @CommandTest
  void whatAScriptReadsIsTracked(TestClient client, TestServer server) {
    TestClient reader = reader(server);
    reader.call("EVAL", "return redis.call('get', KEYS[1])", "2", "a", "b").isNil();
    client.ok("MSET", "a", "1", "b", "1");
    isNext(reader, invalidate("a"));
    isSilent(reader);
  }
}
