package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

class MonitorTest {
  private static final Pattern LINE =
      Pattern.compile("(\\d{10})\\.(\\d{6}) \\[(\\d+) (127\\.0\\.0\\.1:\\d+)] (.*)");

  private static TestClient monitor(TestServer server) {
    TestClient monitor = server.client();
    monitor.ok("MONITOR");
    return monitor;
  }

  private static void shows(TestClient monitor, int database, String words) {
    String line = monitor.receiveNext().text();
    Matcher matcher = LINE.matcher(line);
    assertThat(matcher.matches()).as(line).isTrue();
    assertThat(matcher.group(3) + " " + matcher.group(5)).isEqualTo(database + " " + words);
  }

  @CommandTest
  void whatIsSentIsShownQuoted(TestClient client, TestServer server) {
    TestClient monitor = monitor(server);
    client.call("SET", "a b", "x\"\\\n\r\t\b\u0007\u0000\u007f\u00ff");
    shows(monitor, 0, "\"SET\" \"a b\" \"x\\\"\\\\\\n\\r\\t\\b\\a\\x00\\x7f\\xff\"");
    client.call("SELECT", "3");
    shows(monitor, 3, "\"SELECT\" \"3\"");
    client.call("get", "k");
    shows(monitor, 3, "\"get\" \"k\"");
    client.call("SET", "k").isErrorLike("ERR wrong number");
    client.call("NOSUCH").isErrorLike("ERR unknown");
    client.call("CONFIG", "GET", "port");
    client.call("LPUSH", "k", "");
    shows(monitor, 3, "\"LPUSH\" \"k\" \"\"");
    client.call("GET", "k").isErrorLike("WRONGTYPE");
    shows(monitor, 3, "\"GET\" \"k\"");
  }

  @CommandTest
  void aTransactionIsShownAsItIsCarriedOut(TestClient client, TestServer server) {
    TestClient monitor = monitor(server);
    client.ok("MULTI");
    client.call("SET", "k", "v").isQueued();
    client.call("EXEC");
    shows(monitor, 0, "\"MULTI\"");
    shows(monitor, 0, "\"SET\" \"k\" \"v\"");
    shows(monitor, 0, "\"EXEC\"");
    client.ok("MULTI");
    client.call("NOSUCH");
    client.call("EXEC").isErrorLike("EXECABORT");
    shows(monitor, 0, "\"MULTI\"");
    shows(monitor, 0, "\"EXEC\"");
  }

  @CommandTest
  void secretsAreNotShown(TestClient client, TestServer server) {
    TestClient monitor = monitor(server);
    client.call("AUTH", "default", "secret");
    shows(monitor, 0, "\"AUTH\" \"(redacted)\" \"(redacted)\"");
    client.call("HELLO", "2", "AUTH", "default", "secret", "SETNAME", "me");
    shows(monitor, 0, "\"HELLO\" \"2\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\" \"me\"");
  }

  @CommandTest
  void onlySecretsOfARefusedHelloAreHidden(TestClient client, TestServer server) {
    TestClient monitor = monitor(server);
    client.call("HELLO", "2", "SETNAME", "me", "AUTH", "nobody", "secret").isErrorLike("WRONGPASS");
    shows(monitor, 0, "\"HELLO\" \"2\" \"SETNAME\" \"me\" \"AUTH\" \"(redacted)\" \"(redacted)\"");
    client.call("HELLO", "2", "AUTH", "nobody").isErrorLike("ERR Syntax error");
    if (server.isOurs()) {
      shows(monitor, 0, "\"HELLO\" \"2\" \"AUTH\" \"(redacted)\"");
      client.call("HELLO", "2", "secret", "AUTH").isErrorLike("ERR Syntax error");
      shows(monitor, 0, "\"HELLO\" \"2\" \"(redacted)\" \"(redacted)\"");
    }
  }

  @CommandTest
  void whoWaitsIsShownOnce(TestClient client, TestServer server) {
    TestClient monitor = server.client();
    TestClient waiter = server.client();
    monitor.ok("MONITOR");
    waiter.send("BLPOP", "l", "0");
    shows(monitor, 0, "\"BLPOP\" \"l\" \"0\"");
    client.call("RPUSH", "l", "a").is(1);
    shows(monitor, 0, "\"RPUSH\" \"l\" \"a\"");
    waiter.receive().isList("l", "a");
    client.call("PING");
    shows(monitor, 0, "\"PING\"");
  }

  @CommandTest
  void aMonitorSeesItselfAfterItsReplies(TestServer server) {
    TestClient monitor = monitor(server);
    monitor.call("PING").isStatus("PONG");
    shows(monitor, 0, "\"PING\"");
    monitor.call("RESET").isStatus("RESET");
    monitor.call("PING").isStatus("PONG");
    monitor.call("ECHO", "x").is("x");
    monitor.ok("MULTI");
    monitor.call("MONITOR").isQueued();
    monitor
        .call("EXEC")
        .satisfies(
            reply ->
                assertThat(String.valueOf(reply))
                    .contains("MONITOR isn't allowed for DENY BLOCKING client"));
  }

  @CommandTest
  void whoLeavesIsNotAMonitorAnyMore(TestClient client, TestServer server) {
    TestClient monitor = monitor(server);
    assertThat(client.call("CLIENT", "LIST").text()).contains(" flags=O ");
    monitor.close();
    TestServer.await(
        "the monitor to leave", () -> !client.call("CLIENT", "LIST").text().contains(" flags=O "));
    if (server.isOurs()) {
      assertThat(client.call("INFO", "clients").text()).contains("monitor_clients:0\r\n");
    }
  }

  @CommandTest
  void thePasswordsOfMigrateAreNotShown(TestClient client, TestServer server) {
    server.config("slowlog-log-slower-than", "0");
    client.ok("SLOWLOG", "RESET");
    TestClient monitor = monitor(server);
    client.call("MIGRATE", "h", "1", "k", "9", "5000", "AUTH", "secret").isStatus("NOKEY");
    client
        .call("MIGRATE", "h", "1", "k", "9", "5000", "COPY", "AUTH2", "user", "secret")
        .isStatus("NOKEY");
    client.call("MIGRATE", "h", "1", "k", "9", "5000", "AUTH", "secret", "FOO").isErrorLike("ERR");
    String first = "\"MIGRATE\" \"h\" \"1\" \"k\" \"9\" \"5000\" ";
    shows(monitor, 0, first + "\"AUTH\" \"(redacted)\"");
    shows(monitor, 0, first + "\"COPY\" \"AUTH2\" \"(redacted)\" \"(redacted)\"");
    shows(monitor, 0, first + "\"AUTH\" \"(redacted)\" \"FOO\"");
    assertThat(String.valueOf(client.call("SLOWLOG", "GET", "-1").value()))
        .contains("AUTH2, (redacted), (redacted)")
        .doesNotContain("secret");
  }
}
