package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.RedisProcess;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Append-only folders go from us to a real server and back, where there is one. */
@Timeout(60)
final class AofInterchangeTest {
  private static final String SCRIPT = "for i = 1, 3 do redis.call('RPUSH', KEYS[1], i) end";
  private static final String WITH_DEADLINES = "with deadlines";
  private static final String FAR = "32503680000000";

  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  Path folder;

  /**
   * Changes of every kind; some end in the base, some in the increment after it. Scores are whole
   * numbers: servers print others differently into their digests.
   */
  private static void change(TestClient client, int round) {
    for (int i = 0; i < 100; i++) {
      client.call("SET", "string" + i, "round " + round + "x".repeat(i));
      client.call("SET", "leaving" + i, i, "PX", 100_000_000 + i);
      client.call("RPUSH", "list" + i % 3, "element" + i, i, "y".repeat(i));
      client.call("SADD", "set" + i % 3, "member" + i, round);
      client.call("SADD", "integers", i * i * round);
      client.call("HSET", "hash" + i % 3, "field" + i, "value" + round);
      client.call("ZADD", "zset" + i % 3, i * round, "member" + i);
      client.call("XADD", "stream", "*", "f", "v" + i);
    }
    client.call("XGROUP", "CREATE", "stream", "group" + round, "0");
    client.call(
        "XREADGROUP", "GROUP", "group" + round, "alice", "COUNT", "20", "STREAMS", "stream", ">");
    client.call("SPOP", "set1", "5");
    client.call("DEL", "string" + round);
    client.call("PERSIST", "leaving" + round);
    client.call("INCRBYFLOAT", "number", "0.5");
    client.call("PFADD", "visitors", "a", "b", round);
    client.call("EVAL", SCRIPT, 1, "by script");
    client.call("MULTI");
    client.call("INCR", "counter");
    client.call("LPOP", "list0");
    client.call("EXEC");
    client.call("SELECT", round);
    client.call("SET", "elsewhere", round);
    client.call("SELECT", 0);
  }

  private static void rewrite(TestClient client) {
    client.call("BGREWRITEAOF");
    TestServer.await(
        "the rewrite to end",
        () -> {
          String info = client.call("INFO", "persistence").text();
          return info.contains("aof_rewrite_in_progress:0")
              && info.contains("aof_rewrite_scheduled:0")
              && info.contains("aof_last_bgrewrite_status:ok");
        });
  }

  /** Of all but the hash whose fields have deadlines: not every server digests those. */
  private static String digest(TestClient client) {
    TestServer.await(
        "the data to be loaded",
        () -> client.call("INFO", "persistence").text().contains("\nloading:0"));
    StringBuilder digest = new StringBuilder();
    for (int database = 0; database <= 5; database++) {
      client.call("SELECT", database);
      List<String> keys = new ArrayList<>(client.call("KEYS", "*").texts());
      keys.remove(WITH_DEADLINES);
      keys.sort(null);
      for (String key : keys) {
        String value = client.call("DEBUG", "DIGEST-VALUE", key).texts().get(0);
        digest.append(database).append(' ').append(key).append(' ').append(value).append('\n');
      }
    }
    client.call("SELECT", 0);
    return digest.toString();
  }

  private static boolean hasFieldTtls(TestClient client) {
    return client.call("COMMAND", "INFO", "HPEXPIREAT").elements().get(0) != null;
  }

  private EngineServer ours(String preamble, TestClient theirs) {
    boolean valkey = theirs.call("INFO", "server").text().contains("server_name:valkey");
    return EngineServer.in(
        folder,
        "appendonly",
        "yes",
        "aof-use-rdb-preamble",
        preamble,
        "rdb-field-ttl-format",
        valkey ? "valkey" : "redis");
  }

  private RedisProcess theirs(String preamble) throws IOException {
    return new RedisProcess(folder, "--appendonly", "yes", "--aof-use-rdb-preamble", preamble);
  }

  /** What a server has, after it was told to change more, with a base in between. */
  private static String fill(TestClient client, boolean fieldTtls, int round) {
    digest(client);
    change(client, round);
    setDeadlines(client, fieldTtls, "first" + round);
    rewrite(client);
    change(client, round + 1);
    setDeadlines(client, fieldTtls, "second" + round);
    return digest(client);
  }

  private static void setDeadlines(TestClient client, boolean fieldTtls, String field) {
    if (fieldTtls) {
      client.call("HSET", WITH_DEADLINES, field, "v", "other", "v");
      client.call("HPEXPIREAT", WITH_DEADLINES, FAR, "FIELDS", 1, field);
    }
  }

  private static void requireDeadlines(TestClient client, boolean fieldTtls, String... fields) {
    if (fieldTtls) {
      for (String field : fields) {
        client
            .call("HPEXPIRETIME", WITH_DEADLINES, "FIELDS", 2, field, "other")
            .isList(Long.parseLong(FAR), -1L);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"yes", "no"})
  void theyGoOnWithOurFolder(String preamble) throws IOException {
    boolean fieldTtls;
    String digest;
    try (RedisProcess nobody = new RedisProcess(folder);
        EngineServer ours = ours(preamble, nobody.client())) {
      fieldTtls = hasFieldTtls(nobody.client());
      digest = fill(ours.client(), fieldTtls, 1);
    }
    checkFolder(fieldTtls);
    try (RedisProcess theirs = theirs(preamble)) {
      assertThat(digest(theirs.client())).isEqualTo(digest);
      requireDeadlines(theirs.client(), fieldTtls, "first1", "second1");
      digest = fill(theirs.client(), fieldTtls, 3);
    }
    try (RedisProcess nobody = new RedisProcess(folder);
        EngineServer ours = ours(preamble, nobody.client())) {
      assertThat(digest(ours.client())).isEqualTo(digest);
      requireDeadlines(ours.client(), fieldTtls, "first1", "second1", "first3", "second3");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"yes", "no"})
  void weGoOnWithTheirFolder(String preamble) throws IOException {
    boolean fieldTtls;
    String digest;
    try (RedisProcess theirs = theirs(preamble)) {
      fieldTtls = hasFieldTtls(theirs.client());
      digest = fill(theirs.client(), fieldTtls, 1);
    }
    try (RedisProcess nobody = new RedisProcess(folder);
        EngineServer ours = ours(preamble, nobody.client())) {
      assertThat(digest(ours.client())).isEqualTo(digest);
      digest = fill(ours.client(), fieldTtls, 3);
    }
    checkFolder(fieldTtls);
    try (RedisProcess theirs = theirs(preamble)) {
      assertThat(digest(theirs.client())).isEqualTo(digest);
      requireDeadlines(theirs.client(), fieldTtls, "first1", "second1", "first3", "second3");
    }
  }

  /** By the tool that comes with the server, if it is installed. */
  private void checkFolder(boolean fieldTtls) throws IOException {
    String tool = RedisProcess.program().replace("-server", "-check-aof");
    if (fieldTtls && tool.contains("valkey")) {
      // It does not even accept what its server has written.
      return;
    }
    String manifest = folder.resolve("appendonlydir/appendonly.aof.manifest").toString();
    Process process;
    try {
      process = new ProcessBuilder(tool, manifest).redirectErrorStream(true).start();
    } catch (IOException e) {
      Assumptions.abort(tool + " is not installed");
      throw e;
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
    assertThat(output).contains("All AOF files and manifest are valid");
  }
}
