package io.pillion.spring.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.Cache;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.RedisSystemException;
import org.springframework.data.redis.cache.RedisCacheManager;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisSocketConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.RedisOperations;
import org.springframework.data.redis.core.ScanOptions;
import org.springframework.data.redis.core.SessionCallback;
import org.springframework.data.redis.core.StringRedisTemplate;

/** An application that knows only Redis and Spring Data works on the engine unchanged. */
class SpringDataRedisTest {
  private static final ApplicationContextRunner RUNNER =
      new ApplicationContextRunner()
          .withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class));

  private static int port;
  private static Path unixSocket;
  private static Commands overTcp;
  private static Commands overSocket;

  @BeforeAll
  static void start(@TempDir Path folder) throws IOException {
    unixSocket = folder.resolve("s.sock");
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    overTcp = PillionClient.connect("embedded:spring-data-tcp?listen=127.0.0.1:" + port);
    overTcp.call(Command.of("PING"));
    overSocket = PillionClient.connect("embedded:spring-data-socket?listen=" + unixSocket);
    overSocket.call(Command.of("PING"));
  }

  @AfterAll
  static void stop() {
    overTcp.close();
    overSocket.close();
  }

  private static ApplicationContextRunner overTcp() {
    return RUNNER.withPropertyValues(
        "spring.data.redis.host=127.0.0.1", "spring.data.redis.port=" + port);
  }

  @Test
  void templatesReachEveryDataType() {
    overTcp().run(context -> useTemplates(context.getBean(StringRedisTemplate.class)));
  }

  @Test
  void templatesReachTheUnixSocket() {
    LettuceConnectionFactory factory =
        new LettuceConnectionFactory(new RedisSocketConfiguration(unixSocket.toString()));
    factory.afterPropertiesSet();
    factory.start();
    try {
      useTemplates(new StringRedisTemplate(factory));
    } finally {
      factory.destroy();
    }
  }

  private static void useTemplates(StringRedisTemplate redis) {
    redis.opsForValue().set("greeting", "hello", Duration.ofMinutes(5));
    assertThat(redis.opsForValue().get("greeting")).isEqualTo("hello");
    assertThat(redis.getExpire("greeting")).isBetween(290L, 300L);
    assertThat(redis.opsForValue().setIfAbsent("greeting", "again")).isFalse();
    assertThat(redis.opsForValue().increment("counter", 5)).isEqualTo(5);

    redis.opsForHash().putAll("book", Map.of("title", "Emma", "year", "1815"));
    assertThat(redis.opsForHash().entries("book"))
        .isEqualTo(Map.of("title", "Emma", "year", "1815"));

    redis.opsForList().rightPushAll("queue", "a", "b", "c");
    assertThat(redis.opsForList().leftPop("queue", Duration.ofSeconds(1))).isEqualTo("a");
    assertThat(redis.opsForList().range("queue", 0, -1)).containsExactly("b", "c");

    redis.opsForSet().add("tags", "x", "y");
    assertThat(redis.opsForSet().members("tags")).containsExactlyInAnyOrder("x", "y");

    redis.opsForZSet().add("board", "ann", 2);
    redis.opsForZSet().incrementScore("board", "ben", 3);
    assertThat(redis.opsForZSet().reverseRange("board", 0, -1)).containsExactly("ben", "ann");

    try (var keys = redis.scan(ScanOptions.scanOptions().match("b*").build())) {
      assertThat(keys.stream()).contains("book", "board");
    }
    assertThat(redis.delete(Set.of("greeting", "counter", "book", "queue", "tags", "board")))
        .isEqualTo(6);
  }

  @Test
  void aTransactionIsWhole() {
    overTcp()
        .run(
            context -> {
              StringRedisTemplate redis = context.getBean(StringRedisTemplate.class);
              List<Object> results =
                  redis.execute(
                      new SessionCallback<List<Object>>() {
                        @Override
                        @SuppressWarnings("unchecked") // the interface's own generic method
                        public <K, V> List<Object> execute(RedisOperations<K, V> operations)
                            throws DataAccessException {
                          operations.multi();
                          RedisOperations<String, String> strings =
                              (RedisOperations<String, String>) operations;
                          strings.opsForValue().set("in-transaction", "1");
                          strings.opsForValue().increment("in-transaction");
                          return operations.exec();
                        }
                      });
              assertThat(results).containsExactly(true, 2L);
            });
  }

  @Test
  void errorsAreRedisErrors() {
    overTcp()
        .run(
            context -> {
              StringRedisTemplate redis = context.getBean(StringRedisTemplate.class);
              redis.opsForList().rightPush("a-list", "x");
              assertThatThrownBy(() -> redis.opsForValue().get("a-list"))
                  .isInstanceOf(RedisSystemException.class)
                  .rootCause()
                  .hasMessage("WRONGTYPE Operation against a key holding the wrong kind of value");
            });
  }

  @Test
  void springsRedisCacheWorks() {
    overTcp()
        .run(
            context -> {
              RedisCacheManager caches =
                  RedisCacheManager.create(context.getBean(RedisConnectionFactory.class));
              caches.afterPropertiesSet();
              Cache cache = Objects.requireNonNull(caches.getCache("books"));
              assertThat(cache.get("emma", () -> "loaded")).isEqualTo("loaded");
              assertThat(cache.get("emma", () -> "again")).isEqualTo("loaded");
              assertThat(cache.putIfAbsent("emma", "other")).isNotNull();
              assertThat(cache.evictIfPresent("emma")).isTrue();
              // Not put(): Spring Data 4 sends that off without waiting for it.
              assertThat(cache.putIfAbsent("persuasion", "1817")).isNull();
              cache.invalidate();
              assertThat(cache.get("persuasion")).isNull();
            });
  }
}
