package io.pillion.engine.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.resource.EpollProvider;
import io.pillion.engine.net.Endpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.Transaction;

/** The clients that Java applications use find what they expect. */
@Timeout(120)
class ClientLibrariesTest {
  private String socket = "";
  private PillionEngine engine = new EngineBuilder().memoryBytes(16 << 20).start();

  @BeforeEach
  void start(@TempDir Path folder) {
    socket = folder.resolve("s").toString();
    engine.close();
    engine =
        new EngineBuilder()
            .memoryBytes(16 << 20)
            .listen(new Endpoint.Tcp("127.0.0.1", 0, /* optional= */ false))
            .listen(new Endpoint.Unix(socket, /* mode= */ 0))
            .start();
  }

  @AfterEach
  void stop() {
    engine.close();
  }

  @Test
  void lettuceOverTcp() {
    useLettuce(RedisURI.create("redis://127.0.0.1:" + engine.port()));
  }

  @Test
  void lettuceOverTheUnixSocket() {
    Assumptions.assumeTrue(EpollProvider.isAvailable());
    useLettuce(RedisURI.Builder.socket(socket).build());
  }

  private static void useLettuce(RedisURI uri) {
    try (RedisClient client = RedisClient.create(uri);
        StatefulRedisConnection<String, String> connection = client.connect()) {
      RedisCommands<String, String> commands = connection.sync();
      assertThat(commands.set("k", "v")).isEqualTo("OK");
      assertThat(commands.get("k")).isEqualTo("v");
      assertThat(commands.hset("h", Map.of("a", "1", "b", "2"))).isEqualTo(2);
      assertThat(commands.hgetall("h")).containsEntry("a", "1").containsEntry("b", "2");
      assertThat(commands.rpush("l", "x", "y")).isEqualTo(2);
      assertThat(commands.lrange("l", 0, -1)).containsExactly("x", "y");
      commands.zadd("z", 1.5, "m");
      assertThat(commands.zscore("z", "m")).isEqualTo(1.5);
      commands.multi();
      commands.incr("n");
      assertThat(commands.exec().<Long>get(0)).isEqualTo(1L);
    }
  }

  @Test
  void jedisOverTcp() {
    try (Jedis jedis = new Jedis("127.0.0.1", engine.port())) {
      assertThat(jedis.set("k", "v")).isEqualTo("OK");
      assertThat(jedis.get("k")).isEqualTo("v");
      assertThat(jedis.mget("k", "none")).containsExactly("v", null);
      Pipeline pipeline = jedis.pipelined();
      Response<Long> last = pipeline.incr("n");
      for (int i = 0; i < 999; i++) {
        last = pipeline.incr("n");
      }
      pipeline.sync();
      assertThat(last.get()).isEqualTo(1000L);
      Transaction transaction = jedis.multi();
      transaction.sadd("s", "a", "b");
      transaction.scard("s");
      assertThat(transaction.exec()).isEqualTo(List.of(2L, 2L));
      assertThat(jedis.blpop(1, "nolist")).isNull();
    }
  }
}
