package io.pillion.engine.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.resource.EpollProvider;
import io.pillion.engine.net.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.cache.Cache;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.cache.RedisCacheManager;
import org.springframework.data.redis.cache.RedisCacheWriter;
import org.springframework.data.redis.connection.RedisSocketConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.Cursor;
import org.springframework.data.redis.core.RedisOperations;
import org.springframework.data.redis.core.ScanOptions;
import org.springframework.data.redis.core.SessionCallback;
import org.springframework.data.redis.core.StringRedisTemplate;

/** An application on Spring Data Redis finds what it expects, its cache manager included. */
@Timeout(120)
class SpringDataRedisTest {
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
  void overTcp() {
    use(new LettuceConnectionFactory(new RedisStandaloneConfiguration("127.0.0.1", engine.port())));
  }

  @Test
  void overTheUnixSocket() {
    Assumptions.assumeTrue(EpollProvider.isAvailable());
    use(new LettuceConnectionFactory(new RedisSocketConfiguration(socket)));
  }

  private static void use(LettuceConnectionFactory connections) {
    connections.afterPropertiesSet();
    connections.start();
    try {
      StringRedisTemplate template = new StringRedisTemplate(connections);
      values(template);
      collections(template);
      transactions(template);
      caches(connections);
    } finally {
      connections.destroy();
    }
  }

  private static void values(StringRedisTemplate template) {
    template.opsForValue().set("k", "v", Duration.ofMinutes(1));
    assertThat(template.opsForValue().get("k")).isEqualTo("v");
    assertThat(template.getExpire("k")).isBetween(1L, 60L);
    assertThat(template.opsForValue().setIfAbsent("k", "w")).isFalse();
    assertThat(template.opsForValue().multiGet(List.of("k", "none"))).containsExactly("v", null);
    assertThat(template.opsForValue().increment("n", 41)).isEqualTo(41);
    assertThat(template.delete(Set.of("k", "n"))).isEqualTo(2);
  }

  private static void collections(StringRedisTemplate template) {
    template.opsForHash().putAll("h", Map.of("a", "1", "b", "2"));
    assertThat(template.opsForHash().entries("h"))
        .containsOnly(Map.entry("a", "1"), Map.entry("b", "2"));
    template.opsForList().rightPushAll("l", "x", "y", "z");
    assertThat(template.opsForList().range("l", 0, -1)).containsExactly("x", "y", "z");
    assertThat(template.opsForList().leftPop("nothing", Duration.ofSeconds(1))).isNull();
    template.opsForSet().add("s", "a", "b");
    assertThat(template.opsForSet().members("s")).containsExactlyInAnyOrder("a", "b");
    template.opsForZSet().add("z", "first", 2);
    template.opsForZSet().add("z", "second", 1);
    assertThat(template.opsForZSet().reverseRange("z", 0, -1)).containsExactly("first", "second");
    assertThat(template.opsForZSet().score("z", "first")).isEqualTo(2.0);
    List<String> keys = new ArrayList<>();
    try (Cursor<String> cursor = template.scan(ScanOptions.scanOptions().match("?").build())) {
      cursor.forEachRemaining(keys::add);
    }
    assertThat(keys).containsExactlyInAnyOrder("h", "l", "s", "z");
  }

  private static void transactions(StringRedisTemplate template) {
    List<Object> results =
        template.execute(
            new SessionCallback<List<Object>>() {
              @Override
              @SuppressWarnings("unchecked") // the template's own types
              public <K, V> List<Object> execute(RedisOperations<K, V> operations) {
                RedisOperations<String, String> strings =
                    (RedisOperations<String, String>) operations;
                strings.watch("t");
                strings.multi();
                strings.opsForValue().increment("t");
                strings.opsForValue().increment("t");
                return Objects.requireNonNull(strings.exec());
              }
            });
    assertThat(results).containsExactly(1L, 2L);
  }

  private static void caches(LettuceConnectionFactory connections) {
    RedisCacheManager manager =
        RedisCacheManager.builder(
                RedisCacheWriter.create(connections, writer -> writer.immediateWrites(true)))
            .cacheDefaults(
                RedisCacheConfiguration.defaultCacheConfig().entryTtl(Duration.ofMinutes(5)))
            .build();
    Cache cache = Objects.requireNonNull(manager.getCache("products"));
    cache.put("one", "first");
    assertThat(cache.get("one", String.class)).isEqualTo("first");
    assertThat(cache.get("two", () -> "loaded")).isEqualTo("loaded");
    cache.evict("one");
    assertThat(cache.get("one")).isNull();
    cache.clear();
    assertThat(cache.get("two")).isNull();
  }
}
