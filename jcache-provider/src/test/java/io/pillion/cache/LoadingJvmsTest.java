package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.Awaiting;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.OwnProcesses;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import io.pillion.client.Replies;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One load among JVMs, on a real server; and the next one, when the JVM that loads is killed. */
@Timeout(150)
class LoadingJvmsTest {
  private static final int CALLERS = 100;

  private final String name = "jvms-" + UUID.randomUUID();
  private final List<Process> jvms = new ArrayList<>();
  private final RedisServer server = RedisServer.start();

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private @Nullable Commands commands;

  @BeforeEach
  void connect() {
    commands = PillionClient.connect(server.url() + "?timeout=5s");
  }

  @AfterEach
  void stop() {
    jvms.forEach(Process::destroyForcibly);
    commands().close();
    server.close();
  }

  private Commands commands() {
    return Objects.requireNonNull(commands);
  }

  private Process jvm(Duration lease, int callers) throws IOException {
    Process jvm =
        OwnProcesses.start(
            new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    LoadingActor.class.getName(),
                    server.url() + "?timeout=5s",
                    name,
                    "" + lease.toMillis(),
                    "" + callers)
                .redirectError(ProcessBuilder.Redirect.appendTo(errors().toFile())));
    jvms.add(jvm);
    return jvm;
  }

  private long number(String suffix) {
    Object value = commands().call(Command.of("GET", name + suffix));
    return value == null ? 0 : Long.parseLong(String.valueOf(Replies.asText(value)));
  }

  private Path errors() {
    return folder.resolve("errors");
  }

  private String state() {
    try {
      return String.format(
          "%d ready, %d loads, alive: %s, errors: %s",
          number("-ready"),
          number("-loads"),
          jvms.stream().map(Process::isAlive).toList(),
          Files.readString(errors()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void letLoadsEnd() {
    commands().call(Command.of("RPUSH", name + "-go", "go"));
  }

  private static List<String> linesOf(Process jvm) throws IOException {
    byte[] all = jvm.getInputStream().readAllBytes();
    return new String(all, StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.startsWith("load"))
        .toList();
  }

  @Test
  void twoHundredMissesInTwoJvmsAreOneLoad() throws Exception {
    Duration lease = Duration.ofSeconds(20);
    List<Process> both = List.of(jvm(lease, CALLERS), jvm(lease, CALLERS));
    Awaiting.untilOthersAreReady(() -> number("-ready") == 2 && number("-loads") > 0, this::state);
    // All others wait on the server by now or find the value when they come to it.
    letLoadsEnd();
    for (Process jvm : both) {
      assertThat(linesOf(jvm)).hasSize(CALLERS).containsOnly("load 1");
    }
    assertThat(number("-loads")).isEqualTo(1);
  }

  @Test
  void whenTheJvmThatLoadsIsKilledTheNextLoadStartsWithinTheLease() throws Exception {
    Duration lease = Duration.ofSeconds(2);
    Process loading = jvm(lease, 1);
    Awaiting.untilOthersAreReady(() -> number("-loads") == 1, this::state);
    LoadingActor here = new LoadingActor(commands(), name, lease);
    CompletableFuture<List<String>> waiting =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return here.want(10);
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    loading.destroyForcibly().waitFor();
    long killed = System.nanoTime();
    Awaiting.until(() -> number("-loads") == 2);
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - killed);
    letLoadsEnd();
    assertThat(waiting.get(20, TimeUnit.SECONDS)).containsOnly("load 2");
    // The rest is for a busy machine; a loader that lives would be waited for ten leases long.
    assertThat(millis).isLessThan(5 * lease.toMillis());
    assertThat(number("-loads")).isEqualTo(2);
  }
}
