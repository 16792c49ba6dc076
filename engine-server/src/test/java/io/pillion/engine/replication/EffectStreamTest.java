package io.pillion.engine.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.EffectStream;
import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.RedisProcess;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What replicas are sent: the same as a real server sends them. */
final class EffectStreamTest {
  /** What a group has read is told of since 7.2. */
  private static final Pattern LATER = Pattern.compile("^xgroup (setid|createconsumer)");

  private static final String END = "SET end-of-test 1";

  /** Commands whose effects are not, or not only, their words. */
  private static final List<String> COMMANDS =
      List.of(
          "SET k v",
          "SELECT 2",
          "SET k v EX 100",
          "SET k v KEEPTTL GET",
          "SET k v NX",
          "SETEX k 100 v",
          "PSETEX k 100000 v",
          "GETSET k v",
          "GETEX k EX 100",
          "GETEX k PERSIST",
          "GETEX k PXAT 1",
          "GETDEL k",
          "SET n 1",
          "INCRBYFLOAT n 0.5",
          "GETDEL n",
          "APPEND a x",
          "EXPIRE a 100",
          "PEXPIRE a 100000",
          "EXPIREAT a 4102444800",
          "PERSIST a",
          "EXPIRE a -1",
          "HSET h f 1",
          "HINCRBYFLOAT h f 0.25",
          "SADD s a",
          "SPOP s",
          "SADD s a b",
          "SPOP s 2",
          "RPUSH l a b c d",
          "BLPOP l 1",
          "BRPOP l 1",
          "BLMOVE l l2 LEFT RIGHT 1",
          "BRPOPLPUSH l l2 1",
          "LMPOP 2 l l2 LEFT COUNT 10",
          "ZADD z 1 a 2 b 3 c",
          "ZINCRBY z 1 a",
          "ZPOPMIN z",
          "BZPOPMAX z 1",
          "ZMPOP 1 z MIN COUNT 5",
          "XADD x 1-1 f v",
          "XADD x MAXLEN ~ 1 2-1 f v",
          "XGROUP CREATE x g 0",
          "XREADGROUP GROUP g c STREAMS x >",
          "XREADGROUP GROUP g d NOACK STREAMS x >",
          "XACK x g 1-1",
          "GEOADD geo 13.361389 38.115556 Palermo",
          "PFADD hll a b",
          "PFADD hll a",
          "SETBIT bits 7 1",
          "COPY bits bits2",
          "RENAME bits2 bits3",
          "PUBLISH channel message",
          "SPUBLISH channel message",
          "MULTI",
          "SET in 1",
          "PUBLISH channel in",
          "EXEC",
          "MULTI",
          "SET alone 1",
          "EXEC",
          "MULTI",
          "GET alone",
          "EXEC",
          "DEL none",
          "UNLINK in",
          "MOVE alone 3",
          "SWAPDB 2 3",
          "FLUSHDB",
          "SELECT 0",
          "FLUSHALL");

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private final EngineServer ours = EngineServer.withLoops(1);

  @AfterEach
  void close() {
    ours.close();
  }

  private static List<String> effects(TestServer server, int port) {
    TestClient client = server.client();
    try (EffectStream stream = new EffectStream(port)) {
      COMMANDS.forEach(client::line);
      client.call(
          "EVAL", "redis.call('SET', KEYS[1], 'a') redis.call('INCR', KEYS[2])", 2, "p", "q");
      client.call("EVAL", "return redis.call('INCR', KEYS[1])", 1, "q");
      client.call("EVAL", "return redis.call('GET', KEYS[1])", 1, "q");
      client.call("PSETEX", "short", 1, "v");
      TestServer.await("the key to expire", () -> client.call("EXISTS", "short").integer() == 0);
      client.line(END);
      return stream.upTo(END).stream()
          .map(EffectStreamTest::plain)
          .filter(effect -> !LATER.matcher(effect).find())
          .toList();
    }
  }

  /**
   * Moments differ from one server to the other; DEL s, and the words LEFT and RIGHT by version.
   */
  private static String plain(String effect) {
    return effect
        .replaceAll("\\b\\d{13}\\b", "<ms>")
        .replaceAll("^DEL s$", "UNLINK s")
        .toLowerCase(Locale.ROOT);
  }

  @Test
  void isWhatARealServerSends() throws IOException {
    try (RedisProcess real =
        new RedisProcess(
            folder, "--lazyfree-lazy-expire", "yes", "--lazyfree-lazy-server-del", "yes")) {
      assertThat(effects(ours, ours.port())).isEqualTo(effects(real, real.port()));
    }
  }

  /** Who is too slow for what happens while all data are sent is dropped, not kept for ever. */
  @Test
  void isBoundedWhileDataAreSent() {
    ours.config("client-output-buffer-limit", "replica 100000 0 0");
    // A limit below it counts as that: who may go on from the backlog may lag as much.
    ours.config("repl-backlog-size", "16384");
    ours.config("rdb-key-save-delay", "20000");
    TestClient client = ours.client();
    client.ok("DEBUG", "POPULATE", 1000);
    TestClient replica = ours.client();
    replica.send("SYNC");
    TestServer.await(
        "the snapshot to begin",
        () -> client.call("INFO", "persistence").text().contains("rdb_bgsave_in_progress:1\r\n"));
    for (int i = 0; i < 3; i++) {
      client.ok("SET", "k", "x".repeat(50_000));
    }
    replica.awaitClosedAfterAnything();
    client.ok("CONFIG", "SET", "rdb-key-save-delay", "0");
    TestServer.await(
        "it to be forgotten",
        () -> client.call("INFO", "replication").text().contains("connected_slaves:0\r\n"));
  }

  /** Nothing is kept for replicas when none has been there for a while. */
  @Test
  void endsWithTheBacklog() {
    ours.config("repl-backlog-ttl", "1");
    TestClient client = ours.client();
    try (EffectStream stream = new EffectStream(ours.port())) {
      client.ok("SET", "k", "v");
      assertThat(stream.next()).isEqualTo("SELECT 0");
      assertThat(stream.next()).isEqualTo("SET k v");
      assertThat(ours.engine().log().isOn()).isTrue();
    }
    TestServer.await("the log to end", () -> !ours.engine().log().isOn());
    assertThat(client.call("INFO", "replication").text()).contains("repl_backlog_active:0\r\n");
  }
}
