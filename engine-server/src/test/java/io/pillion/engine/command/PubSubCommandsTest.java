package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

class PubSubCommandsTest {
  private static List<@Nullable Object> list(@Nullable Object... elements) {
    return Arrays.asList(elements);
  }

  private static Answer.Push push(@Nullable Object... elements) {
    return new Answer.Push(list(elements));
  }

  @CommandTest
  void messagesReachWhoListensToTheChannelOrAPattern(TestClient client, TestServer server) {
    TestClient listener = server.client();
    listener.call("SUBSCRIBE", "news", "news").isList("subscribe", "news", 1);
    listener.receive().isList("subscribe", "news", 1);
    listener.call("PSUBSCRIBE", "n?ws", "x*").isList("psubscribe", "n?ws", 2);
    listener.receive().isList("psubscribe", "x*", 3);
    client.call("PUBLISH", "news", "hello").is(2);
    listener.receive().isList("message", "news", "hello");
    listener.receive().isList("pmessage", "n?ws", "news", "hello");
    client.call("PUBLISH", "xyz", "").is(1);
    listener.receive().isList("pmessage", "x*", "xyz", "");
    client.call("PUBLISH", "other", "hello").is(0);
    client.call("SPUBLISH", "news", "hello").is(0);

    listener.call("UNSUBSCRIBE", "unknown").isList("unsubscribe", "unknown", 3);
    listener.call("UNSUBSCRIBE").isList("unsubscribe", "news", 2);
    client.call("PUBLISH", "news", "again").is(1);
    listener.receive().isList("pmessage", "n?ws", "news", "again");
    listener.call("PUNSUBSCRIBE", "n?ws", "x*").isList("punsubscribe", "n?ws", 1);
    listener.receive().isList("punsubscribe", "x*", 0);
    client.call("PUBLISH", "news", "again").is(0);
    listener.call("GET", "k").isNil();
  }

  @CommandTest
  void shardChannelsAreApartFromTheOthers(TestClient client, TestServer server) {
    TestClient listener = server.client();
    listener.call("SSUBSCRIBE", "s1", "s2").isList("ssubscribe", "s1", 1);
    listener.receive().isList("ssubscribe", "s2", 2);
    listener.call("PSUBSCRIBE", "*").isList("psubscribe", "*", 1);
    client.call("SPUBLISH", "s1", "hello").is(1);
    listener.receive().isList("smessage", "s1", "hello");
    client.call("PUBLISH", "s1", "hello").is(1);
    listener.receive().isList("pmessage", "*", "s1", "hello");
    client.call("PUBSUB", "SHARDCHANNELS", "*1").isList("s1");
    client.call("PUBSUB", "SHARDNUMSUB", "s1", "s3").isList("s1", 1, "s3", 0);
    client.call("PUBSUB", "CHANNELS").isList();
    listener.call("SUNSUBSCRIBE", "s1").isList("sunsubscribe", "s1", 1);
    listener.call("SUNSUBSCRIBE").isList("sunsubscribe", "s2", 0);
    listener.call("PUNSUBSCRIBE").isList("punsubscribe", "*", 0);
  }

  @Since(value = "6.2.0", valkey = "8.0.2")
  @CommandTest
  void unsubscribingFromNothingIsConfirmed(TestClient client, TestServer server) {
    client.call("UNSUBSCRIBE").isList("unsubscribe", null, 0);
    client.call("PUNSUBSCRIBE").isList("punsubscribe", null, 0);
    client.call("SUNSUBSCRIBE").isList("sunsubscribe", null, 0);
    client.call("UNSUBSCRIBE", "a", "b").isList("unsubscribe", "a", 0);
    client.receive().isList("unsubscribe", "b", 0);
    client.call("PING").isStatus("PONG");
  }

  @CommandTest
  void pubsubTellsWhoListens(TestClient client, TestServer server) {
    TestClient one = server.client();
    TestClient two = server.client();
    one.call("SUBSCRIBE", "a").isList("subscribe", "a", 1);
    two.call("SUBSCRIBE", "a").isList("subscribe", "a", 1);
    two.call("SUBSCRIBE", "bb").isList("subscribe", "bb", 2);
    one.call("PSUBSCRIBE", "*").isList("psubscribe", "*", 2);
    two.call("PSUBSCRIBE", "*").isList("psubscribe", "*", 3);
    client.call("PUBSUB", "CHANNELS").isUnordered("a", "bb");
    client.call("PUBSUB", "CHANNELS", "?").isList("a");
    client.call("PUBSUB", "NUMSUB").isList();
    client.call("PUBSUB", "NUMSUB", "a", "bb", "c").isList("a", 2, "bb", 1, "c", 0);
    client.call("PUBSUB", "NUMPAT").is(1);
    client
        .call("PUBSUB", "CHANNELS", "a", "b")
        .isError(
            "ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.");
    client
        .call("PUBSUB", "NUMPAT", "a")
        .isError("ERR wrong number of arguments for 'pubsub|numpat' command");
    String clients = client.call("INFO", "stats").text();
    assertThat(clients).contains("pubsub_channels:2\r\n", "pubsub_patterns:1\r\n");
    assertThat(client.call("CLIENT", "LIST", "TYPE", "pubsub").text().lines())
        .hasSize(2)
        .allMatch(line -> line.contains(" flags=P "))
        .anyMatch(line -> line.contains(" sub=2 psub=1 "));
    client.call("CLIENT", "KILL", "TYPE", "pubsub").is(2);
    one.awaitClosed();
    two.awaitClosed();
    TestServer.await(
        "subscriptions to be forgotten",
        () -> client.call("PUBSUB", "CHANNELS").elements().isEmpty());
    client.call("PUBSUB", "NUMPAT").is(0);
  }

  @CommandTest
  void aSubscriberThatSpeaksResp2MayDoLittleElse(TestClient client) {
    client.call("SUBSCRIBE", "a").isList("subscribe", "a", 1);
    String rest =
        "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this"
            + " context";
    client.call("GET", "k").isError("ERR Can't execute 'get" + rest);
    client.call("CLIENT", "ID").isError("ERR Can't execute 'client|id" + rest);
    client.call("HELLO", "3").isError("ERR Can't execute 'hello" + rest);
    client.call("MULTI").isError("ERR Can't execute 'multi" + rest);
    client.call("PUBLISH", "a", "b").isError("ERR Can't execute 'publish" + rest);
    client.call("PING").isList("pong", "");
    client.call("PING", "x").isList("pong", "x");
    client.call("NOSUCH").isErrorLike("ERR unknown command");
    client.call("RESET").isStatus("RESET");
    client.call("PING").isStatus("PONG");
    client.call("PUBSUB", "CHANNELS").isList();
    client.call("SUBSCRIBE", "a").isList("subscribe", "a", 1);
    client.call("QUIT").isOk();
    client.awaitClosed();
  }

  /** Sends what is answered by pushes. */
  private static void ask(TestClient client, Object... words) {
    client.sendRaw(TestClient.encode(words));
  }

  private static TestClient resp3(TestServer server) {
    return server.client().hello3();
  }

  @CommandTest
  void resp3SubscribersGetPushesAndMayDoAnything(TestClient client, TestServer server) {
    TestClient listener = resp3(server);
    ask(listener, "SUBSCRIBE", "a", "b");
    assertThat(listener.push()).isEqualTo(push("subscribe", "a", 1L));
    assertThat(listener.push()).isEqualTo(push("subscribe", "b", 2L));
    listener.call("SET", "k", "v").isOk();
    listener.call("PING").isStatus("PONG");
    client.call("PUBLISH", "a", "hello").is(1);
    assertThat(listener.push()).isEqualTo(push("message", "a", "hello"));
    ask(listener, "UNSUBSCRIBE", "b", "a");
    assertThat(listener.push()).isEqualTo(push("unsubscribe", "b", 1L));
    assertThat(listener.push()).isEqualTo(push("unsubscribe", "a", 0L));
  }

  @Since(value = "7.2.0", valkey = "7.2.0")
  @CommandTest
  void whatAClientTellsItselfFollowsTheReply(TestServer server) {
    TestClient client = resp3(server);
    client.sendRaw(TestClient.encode("SUBSCRIBE", "a"));
    assertThat(client.push()).isEqualTo(push("subscribe", "a", 1L));
    client.sendRaw(TestClient.encode("PUBLISH", "a", "x"));
    client.receiveNext().is(1);
    client.receiveNext().is(push("message", "a", "x"));

    client.ok("MULTI");
    client.call("PUBLISH", "a", "y").isQueued();
    client.call("SUBSCRIBE", "c").isQueued();
    client.call("PUBLISH", "c", "z").isQueued();
    client.call("PING").isQueued();
    client.sendRaw(TestClient.encode("EXEC"));
    client.receiveNext().is(list(1, push("subscribe", "c", 2L), 1, new Answer.Status("PONG")));
    client.receiveNext().is(push("message", "a", "y"));
    client.receiveNext().is(push("message", "c", "z"));
  }

  @CommandTest
  void subscribingWorksInATransaction(TestClient client, TestServer server) {
    client.ok("MULTI");
    client.call("SUBSCRIBE", "a").isQueued();
    client.call("GET", "k").isQueued();
    client.call("EXEC").isList(list("subscribe", "a", 1), null);
    client
        .call("GET", "k")
        .isErrorLike("ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE");
    server.client().call("PUBLISH", "a", "x").is(1);
    client.receive().isList("message", "a", "x");
  }

  @CommandTest
  void messagesAndConfirmationsComeWhateverClientReplySays(TestClient client, TestServer server) {
    TestClient listener = resp3(server);
    ask(listener, "CLIENT", "REPLY", "OFF");
    ask(listener, "PING");
    ask(listener, "SUBSCRIBE", "a");
    assertThat(listener.receiveNext().value()).isEqualTo(push("subscribe", "a", 1L));
    client.call("PUBLISH", "a", "x").is(1);
    assertThat(listener.receiveNext().value()).isEqualTo(push("message", "a", "x"));
    listener.call("CLIENT", "REPLY", "ON").isOk();
    ask(listener, "CLIENT", "REPLY", "SKIP");
    ask(listener, "SUBSCRIBE", "b");
    assertThat(listener.receiveNext().value()).isEqualTo(push("subscribe", "b", 2L));
    listener.call("PING").isStatus("PONG");
  }

  @CommandTest
  void aBlockedListenerGetsMessagesBeforeItsReply(TestClient client, TestServer server) {
    TestClient listener = resp3(server);
    ask(listener, "SUBSCRIBE", "a");
    listener.push();
    ask(listener, "BLPOP", "l", "0");
    server.awaitBlocked(1);
    client.call("PUBLISH", "a", "x").is(1);
    client.call("RPUSH", "l", "e").is(1);
    listener.receiveNext().is(push("message", "a", "x"));
    listener.receiveNext().isList("l", "e");
  }

  @CommandTest
  void whoLeavesIsForgotten(TestClient client, TestServer server) {
    TestClient listener = server.client();
    listener.call("SUBSCRIBE", "a").isList("subscribe", "a", 1);
    listener.call("PSUBSCRIBE", "*").isList("psubscribe", "*", 2);
    listener.close();
    TestServer.await("nobody to listen", () -> client.call("PUBLISH", "a", "x").integer() == 0);
    client.call("PUBSUB", "NUMPAT").is(0);
    TestServer.await(
        "no subscribers",
        () -> client.call("INFO", "stats").text().contains("pubsub_channels:0\r\n"));
  }
}
