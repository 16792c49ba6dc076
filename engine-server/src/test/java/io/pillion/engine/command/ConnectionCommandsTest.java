package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.List;
import java.util.Map;

final class ConnectionCommandsTest {
  private static final String SYNTAX = "ERR syntax error";
  private static final String NOT_AN_INTEGER = "ERR value is not an integer or out of range";

  @CommandTest
  void pingAndEcho(TestClient r) {
    r.call("PING").isStatus("PONG");
    r.call("PING", "hi\r\n").is("hi\r\n");
    r.call("PING", "a", "b").isError("ERR wrong number of arguments for 'ping' command");
    r.call("ECHO", "x").is("x");
    r.call("ECHO").isError("ERR wrong number of arguments for 'echo' command");
  }

  @CommandTest
  void unknownCommands(TestClient r) {
    r.call("FOO").isError("ERR unknown command 'FOO', with args beginning with: ");
    r.call("foo", "a", "b c")
        .isError("ERR unknown command 'foo', with args beginning with: 'a' 'b c' ");
    r.call("CLIENT", "FOO").isError("ERR unknown subcommand 'FOO'. Try CLIENT HELP.");
    r.call("CLIENT").isError("ERR wrong number of arguments for 'client' command");
    r.call("FO\u00ffO\0x", "a\u00e9b\r\nc", "d\0e")
        .isError("ERR unknown command 'FO\u00ffO', with args beginning with: 'a\u00e9b  c' 'd' ");
    r.call("CLIENT", "F\0OO").isError("ERR unknown subcommand 'F'. Try CLIENT HELP.");
    r.call("EXPIRE", "k", "10", "a\u00e9\0b").isError("ERR Unsupported option a\u00e9");
    r.call("CONFIG", "SET", "a\u00e9\0b", "1")
        .isError("ERR Unknown option or number of arguments for CONFIG SET - 'a\u00e9'");
  }

  @CommandTest
  void select(TestClient r) {
    r.ok("SELECT", "9");
    r.ok("SET", "k", "9");
    r.ok("SELECT", "0");
    r.call("GET", "k").isNil();
    r.call("SELECT", "16").isError("ERR DB index is out of range");
    r.call("SELECT", "-1").isError("ERR DB index is out of range");
    r.call("SELECT", "x").isError("ERR value is not an integer or out of range");
    r.call("SELECT", "99999999999")
        .isError("ERR value is out of range, value must between -2147483648 and 2147483647");
  }

  @CommandTest
  void hello(TestClient r) {
    Map<Object, Object> two = r.call("HELLO").pairs();
    assertThat(two.get("server")).isEqualTo("redis");
    assertThat(two.get("proto")).isEqualTo(2L);
    assertThat(two.get("id")).isEqualTo(r.id());
    assertThat(two.get("mode")).isEqualTo("standalone");
    assertThat(two.get("role")).isEqualTo("master");
    assertThat(two.get("modules")).isEqualTo(List.of());
    assertThat(two.keySet())
        .containsExactly("server", "version", "proto", "id", "mode", "role", "modules");
    r.call("HELLO", "4").isError("NOPROTO unsupported protocol version");
    r.call("HELLO", "1").isError("NOPROTO unsupported protocol version");
    r.call("HELLO", "x").isError("ERR Protocol version is not an integer or out of range");
    r.call("HELLO", "3", "FOO").isError("ERR Syntax error in HELLO option 'FOO'");
    r.call("HELLO", "3", "AUTH", "x").isError("ERR Syntax error in HELLO option 'AUTH'");
    r.call("HELLO", "3", "SETNAME").isError("ERR Syntax error in HELLO option 'SETNAME'");
    r.call("HELLO", "3", "SETNAME", "a b")
        .isError("ERR Client names cannot contain spaces, newlines or special characters.");
    assertThat(r.call("HELLO", "2", "AUTH", "default", "any").pairs().get("proto")).isEqualTo(2L);
    assertThat(r.call("HELLO", "3", "SETNAME", "me").pairs().get("proto")).isEqualTo(3L);
    r.call("GET", "none").isNil();
    r.call("CLIENT", "GETNAME").is("me");
    assertThat(r.call("HELLO").value()).isInstanceOf(Map.class);
    assertThat(r.call("HELLO", "2").value()).isInstanceOf(List.class);
  }

  @CommandTest
  void authWithoutPassword(TestClient r) {
    r.call("AUTH", "x")
        .isError(
            "ERR AUTH <password> called without any password configured for the default user. Are"
                + " you sure your configuration is correct?");
    r.ok("AUTH", "default", "anything");
    r.call("AUTH", "nobody", "x")
        .isError("WRONGPASS invalid username-password pair or user is disabled.");
    r.call("AUTH").isError("ERR wrong number of arguments for 'auth' command");
    r.call("AUTH", "a", "b", "c").isError(SYNTAX);
  }

  @CommandTest
  void authWithPassword(TestClient r, TestServer server) {
    server.config("requirepass", "secret");
    TestClient fresh = server.client();
    String noauth = "NOAUTH Authentication required.";
    fresh.call("PING").isError(noauth);
    fresh.call("GET", "k").isError(noauth);
    fresh.call("CLIENT", "ID").isError(noauth);
    fresh.call("MULTI").isError(noauth);
    fresh.call("FOO").isError("ERR unknown command 'FOO', with args beginning with: ");
    fresh
        .call("HELLO", "3")
        .isErrorLike(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the");
    String wrong = "WRONGPASS invalid username-password pair or user is disabled.";
    fresh.call("AUTH", "wrong").isError(wrong);
    fresh.call("AUTH", "default", "wrong").isError(wrong);
    fresh.call("AUTH", "nobody", "secret").isError(wrong);
    fresh.call("HELLO", "3", "AUTH", "default", "wrong").isError(wrong);
    fresh.ok("AUTH", "secret");
    fresh.call("PING").isStatus("PONG");
    fresh.call("AUTH", "wrong").isError(wrong);
    fresh.call("PING").isStatus("PONG");
    fresh.call("RESET").isStatus("RESET");
    fresh.call("PING").isError(noauth);
    TestClient other = server.client();
    assertThat(other.call("HELLO", "3", "AUTH", "default", "secret").pairs().get("proto"))
        .isEqualTo(3L);
    r.call("PING").isStatus("PONG");
  }

  @CommandTest
  void quitClosesTheConnection(TestClient r) {
    r.ok("QUIT");
    r.awaitClosed();
  }

  @CommandTest
  void reset(TestClient r) {
    r.hello3();
    r.ok("SELECT", "5");
    r.ok("CLIENT", "SETNAME", "me");
    r.ok("WATCH", "k");
    r.ok("MULTI");
    r.call("SET", "k", "v").isQueued();
    r.call("RESET").isStatus("RESET");
    r.call("EXEC").isError("ERR EXEC without MULTI");
    r.call("CLIENT", "GETNAME").isNil();
    assertThat(r.call("CLIENT", "INFO").text()).contains(" db=0 ").contains(" resp=2");
    assertThat(r.call("HELLO").value()).isInstanceOf(List.class);
  }

  @CommandTest
  void names(TestClient r) {
    r.call("CLIENT", "GETNAME").isNil();
    r.ok("CLIENT", "SETNAME", "me");
    r.call("CLIENT", "GETNAME").is("me");
    r.call("CLIENT", "SETNAME", "a b")
        .isError("ERR Client names cannot contain spaces, newlines or special characters.");
    r.call("CLIENT", "SETNAME", "a\nb")
        .isError("ERR Client names cannot contain spaces, newlines or special characters.");
    r.call("CLIENT", "GETNAME").is("me");
    r.ok("CLIENT", "SETNAME", "");
    r.call("CLIENT", "GETNAME").isNil();
  }

  @Since("7.2")
  @CommandTest
  void libraryNames(TestClient r) {
    r.ok("CLIENT", "SETINFO", "LIB-NAME", "lib");
    r.ok("CLIENT", "SETINFO", "lib-ver", "1.2.3");
    assertThat(r.call("CLIENT", "INFO").text()).contains(" lib-name=lib lib-ver=1.2.3");
    r.call("CLIENT", "SETINFO", "LIB-NAME", "a b")
        .isError("ERR lib-name cannot contain spaces, newlines or special characters.");
    r.call("CLIENT", "SETINFO", "FOO", "x").isError("ERR Unrecognized option 'FOO'");
    r.call("CLIENT", "SETINFO", "FOO")
        .isError("ERR wrong number of arguments for 'client|setinfo' command");
  }

  @CommandTest
  void clientListAndInfo(TestClient r, TestServer server) {
    r.ok("CLIENT", "SETNAME", "me");
    r.ok("SELECT", "3");
    long id = r.id();
    assertThat(r.call("CLIENT", "INFO").text())
        .startsWith("id=" + id + " addr=")
        .contains(" laddr=", " name=me age=", " idle=0 flags=N db=3 sub=0 psub=0 ssub=0 multi=-1 ")
        .contains(" cmd=client|info user=default redir=-1 resp=2")
        .endsWith("\n");
    TestClient other = server.client();
    other.ok("MULTI");
    other.call("GET", "k").isQueued();
    long otherId = server.client().id() - 1;
    String list = r.call("CLIENT", "LIST").text();
    assertThat(list).contains("id=" + id + " ").contains(" multi=1 ").contains("flags=x ");
    assertThat(r.call("CLIENT", "LIST", "ID", id, "999999").text().lines()).hasSize(1);
    assertThat(r.call("CLIENT", "LIST", "ID", id, otherId).text().lines()).hasSize(2);
    assertThat(r.call("CLIENT", "LIST", "TYPE", "normal").text()).contains("id=" + id + " ");
    r.call("CLIENT", "LIST", "TYPE", "pubsub").is("");
    r.call("CLIENT", "LIST", "TYPE", "replica").is("");
    r.call("CLIENT", "LIST", "TYPE", "foo").isError("ERR Unknown client type 'foo'");
    r.call("CLIENT", "LIST", "ID", "x").isErrorLike("ERR ");
    r.call("CLIENT", "LIST", "FOO").isError(SYNTAX);
    r.call("CLIENT", "LIST", "ID").isError(SYNTAX);
    r.call("CLIENT", "INFO", "x")
        .isError("ERR wrong number of arguments for 'client|info' command");
  }

  @CommandTest
  void kill(TestClient r, TestServer server) {
    TestClient victim = server.client();
    long id = victim.id();
    r.call("CLIENT", "KILL", "ID", id).is(1);
    victim.awaitClosed();
    r.call("CLIENT", "KILL", "ID", id).is(0);
    r.call("CLIENT", "KILL", "000.123.321.567:0000").isError("ERR No such client");
    r.call("CLIENT", "KILL", "ID", r.id()).is(0);
    r.call("CLIENT", "KILL", "TYPE", "pubsub").is(0);
    r.call("CLIENT", "KILL", "ADDR", "1.2.3.4:5", "SKIPME", "no").is(0);
    r.call("CLIENT", "KILL", "ID", "0").isError("ERR client-id should be greater than 0");
    r.call("CLIENT", "KILL", "ID", "x").isError("ERR client-id should be greater than 0");
    r.call("CLIENT", "KILL", "TYPE", "foo").isError("ERR Unknown client type 'foo'");
    r.call("CLIENT", "KILL", "USER", "foo").isError("ERR No such user 'foo'");
    r.call("CLIENT", "KILL", "SKIPME", "foo").isError(SYNTAX);
    r.call("CLIENT", "KILL", "FOO", "foo").isError(SYNTAX);
    r.call("CLIENT", "KILL", "ID", "1", "FOO").isError(SYNTAX);
    TestClient second = server.client();
    second.send("BLPOP", "nothing", "0");
    server.awaitBlocked(1);
    r.call("CLIENT", "KILL", "ID", r.id(), "SKIPME", "no").is(1);
    r.awaitClosed();
  }

  @CommandTest
  void unblock(TestClient r, TestServer server) {
    TestClient blocked = server.client();
    long id = blocked.id();
    r.call("CLIENT", "UNBLOCK", id).is(0);
    blocked.send("BLPOP", "none", "0");
    server.awaitBlocked(1);
    assertThat(r.call("CLIENT", "LIST", "ID", id).text()).contains("flags=b ");
    r.call("CLIENT", "UNBLOCK", id).is(1);
    blocked.receive().isNilArray();
    blocked.send("BLPOP", "none", "0");
    server.awaitBlocked(1);
    r.call("CLIENT", "UNBLOCK", id, "ERROR").is(1);
    blocked.receive().isError("UNBLOCKED client unblocked via CLIENT UNBLOCK");
    assertThat(r.call("INFO", "commandstats").text())
        .containsPattern("cmdstat_blpop:calls=.*,rejected_calls=0,failed_calls=[1-9]");
    blocked.send("BLPOP", "none", "0");
    server.awaitBlocked(1);
    r.call("CLIENT", "UNBLOCK", id, "timeout").is(1);
    blocked.receive().isNilArray();
    r.call("CLIENT", "UNBLOCK", id, "foo")
        .isError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    r.call("CLIENT", "UNBLOCK", "x").isError(NOT_AN_INTEGER);
    r.call("CLIENT", "UNBLOCK", "999999").is(0);
  }

  @CommandTest
  void replyModes(TestClient r) {
    r.ok("CLIENT", "REPLY", "ON");
    r.sendRaw(TestClient.encode("CLIENT", "REPLY", "SKIP"));
    r.sendRaw(TestClient.encode("SET", "k", "v"));
    r.call("GET", "k").is("v");
    r.sendRaw(TestClient.encode("CLIENT", "REPLY", "OFF"));
    r.sendRaw(TestClient.encode("SET", "k", "w"));
    r.sendRaw(TestClient.encode("CLIENT", "REPLY", "SKIP"));
    r.sendRaw(TestClient.encode("NOSUCHCOMMAND"));
    r.ok("CLIENT", "REPLY", "ON");
    r.call("GET", "k").is("w");
    r.call("CLIENT", "REPLY", "FOO").isError(SYNTAX);
  }

  @CommandTest
  void pause(TestClient r, TestServer server) {
    TestClient other = server.client();
    r.ok("CLIENT", "PAUSE", "100000", "WRITE");
    other.call("GET", "k").isNil();
    other.send("SET", "k", "v");
    r.call("GET", "k").isNil();
    server.awaitBlocked(1);
    r.ok("CLIENT", "UNPAUSE");
    other.receive().isOk();
    r.call("GET", "k").is("v");
    r.ok("CLIENT", "PAUSE", "50");
    other.call("GET", "k").is("v");
    r.call("CLIENT", "PAUSE", "x").isError("ERR timeout is not an integer or out of range");
    r.call("CLIENT", "PAUSE", "-1").isError("ERR timeout is negative");
    r.call("CLIENT", "PAUSE", "1", "FOO").isError("ERR CLIENT PAUSE mode must be WRITE or ALL");
  }

  @CommandTest
  void smallSettings(TestClient r) {
    r.ok("CLIENT", "NO-EVICT", "on");
    assertThat(r.call("CLIENT", "INFO").text()).contains("flags=e ");
    r.ok("CLIENT", "NO-EVICT", "off");
    r.call("CLIENT", "NO-EVICT", "foo").isError(SYNTAX);
    r.call("CLIENT", "GETREDIR").is(-1);
    r.call("CLIENT", "TRACKINGINFO")
        .isList("flags", List.of("off"), "redirect", -1, "prefixes", List.of());
    assertThat(r.call("CLIENT", "HELP").texts().get(0))
        .isEqualTo("CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  }

  @CommandTest
  @Since(valkey = "8.0.0")
  void capabilitiesThatAreNotKnownAreTakenToo(TestClient r) {
    r.ok("CLIENT", "CAPA", "redirect");
    r.ok("CLIENT", "CAPA", "foo", "REDIRECT", "bar");
    r.call("CLIENT", "CAPA").isError("ERR wrong number of arguments for 'client|capa' command");
    r.ok("SET", "k", "v");
    r.ok("MULTI");
    r.call("CLIENT", "CAPA", "redirect").isStatus("QUEUED");
    assertThat(r.call("EXEC").elements()).hasSize(1);
  }

  @Since("7.2")
  @CommandTest
  void noTouch(TestClient r) {
    r.ok("CLIENT", "NO-TOUCH", "on");
    assertThat(r.call("CLIENT", "INFO").text()).contains("flags=T ");
    r.ok("CLIENT", "NO-TOUCH", "off");
    r.call("CLIENT", "NO-TOUCH", "foo").isError(SYNTAX);
  }

  @CommandTest
  @Since(valkey = "8.0.0")
  void aCommandCountsOnceItIsCarriedOut(TestServer server, TestClient r) {
    TestClient waiting = server.client();
    long id = waiting.id();
    waiting.send("BLPOP", "list", "0");
    server.awaitBlocked(1);
    assertThat(r.call("CLIENT", "LIST", "ID", id).text()).contains(" tot-cmds=1\n");
    r.call("RPUSH", "list", "e").is(1);
    waiting.receive().isList("list", "e");
    assertThat(r.call("CLIENT", "LIST", "ID", id).text()).contains(" tot-cmds=2\n");
  }
}
