package io.pillion.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.FaultProxy;
import io.pillion.client.OwnThreads;
import io.pillion.client.RedisServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.Duration;
import org.junit.jupiter.api.Test;

/**
 * That an operation is one round trip: everything it sends, as the server's MONITOR tells, it sends
 * while replies are held back.
 */
class RoundTripsTest {
  @Test
  void onePerOperationOnRedis() {
    try (RedisServer server = RedisServer.start()) {
      onePerOperation(server.port());
    }
  }

  @Test
  void onePerOperationOnTheEngine() {
    int port = RedisServer.freePort();
    try (PillionCachingProvider engine = new PillionCachingProvider()) {
      engine
          .getCacheManager(
              URI.create("embedded:round-trips?listen=127.0.0.1:" + port), null, new Properties())
          .createCache("starts it", new MutableConfiguration<>());
      onePerOperation(port);
    }
  }

  private static void onePerOperation(int port) {
    try (FaultProxy proxy = new FaultProxy(port);
        PillionCachingProvider provider = new PillionCachingProvider();
        CacheManager manager =
            provider.getCacheManager(URI.create(proxy.url()), null, new Properties())) {
      Cache<String, String> eternal =
          manager.createCache("eternal", new MutableConfiguration<String, String>());
      Cache<String, String> mortal =
          manager.createCache(
              "mortal",
              new MutableConfiguration<String, String>()
                  .setExpiryPolicyFactory(CreatedExpiryPolicy.factoryOf(Duration.TEN_MINUTES)));
      for (Cache<String, String> cache : List.of(eternal, mortal)) {
        // The first operations learn the generation and load scripts.
        cache.put("there", "value");
        cache.get("there");
        cache.putAll(Map.of("a", "b"));
        cache.remove("a");
        Server server = new Server(port, proxy);
        // What is asked and the cache's generation, by one MGET.
        server.expect(1, () -> cache.get("there"));
        server.expect(1, () -> cache.get("missing"));
        server.expect(1, () -> cache.getAll(Set.of("there", "missing")));
        // What is changed, and the generation.
        // A policy that counts from creation asks for one SET of what is there, and one of what is
        // not.
        int put = cache == mortal ? 3 : 2;
        server.expect(put, () -> cache.put("there", "again"));
        server.expect(put, () -> cache.put("new", "value"));
        server.expect(2, () -> cache.remove("new"));
        server.expect(2, cache::clear);
      }
    }
  }

  private record Server(int port, FaultProxy proxy) {
    /** Expects so many commands from an operation, all of them before it gets any reply. */
    void expect(int commands, Runnable operation) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
          Socket other = new Socket(InetAddress.getLoopbackAddress(), port)) {
        socket.setSoTimeout(20_000);
        BufferedReader lines = send(socket, "MONITOR");
        assertThat(lines.readLine()).isEqualTo("+OK");
        proxy.stallCommands(true);
        CompletableFuture<Void> done = CompletableFuture.runAsync(operation, OwnThreads.PER_TASK);
        List<String> seen = new ArrayList<>();
        while (seen.size() < commands) {
          add(seen, lines.readLine());
        }
        assertThat(done).isNotDone();
        proxy.stallCommands(false);
        done.orTimeout(20, TimeUnit.SECONDS).join();
        assertThat(send(other, "ECHO the-end").readLine()).isEqualTo("$7");
        for (String line = lines.readLine();
            !line.contains("\"the-end\"");
            line = lines.readLine()) {
          add(seen, line);
        }
        assertThat(seen).hasSize(commands);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** What a script does is no round trip. */
  private static void add(List<String> seen, String line) {
    if (!line.contains(" lua] ")) {
      seen.add(line);
    }
  }

  private static BufferedReader send(Socket socket, String command) throws IOException {
    socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
    return new BufferedReader(
        new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
  }
}
