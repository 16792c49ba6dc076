package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.net.Endpoint;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.testkit.Processes;
import io.pillion.engine.testkit.RedisProcess;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import io.pillion.engine.world.SimulatedDisk;
import io.pillion.engine.world.SimulatedWorld;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The RDB file: written, loaded, refused, and exchanged with a real server where there is one. */
class RdbFileTest {
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  Path folder;

  private EngineBuilder builder() {
    return new EngineBuilder()
        .set("enable-debug-command", "yes")
        .set("dir", folder.toString())
        .memoryBytes(64 << 20);
  }

  private static String send(LocalClient client, Object... words) {
    List<byte[]> bytes = new ArrayList<>();
    for (Object word : words) {
      bytes.add(String.valueOf(word).getBytes(StandardCharsets.ISO_8859_1));
    }
    Object answer = client.send(bytes).toCompletableFuture().join();
    return answer instanceof byte[] text
        ? new String(text, StandardCharsets.ISO_8859_1)
        : String.valueOf(answer);
  }

  /** What both ours and theirs understand, without scores that they print in different ways. */
  private static List<Object[]> commands() {
    List<Object[]> commands = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      commands.add(new Object[] {"SET", "string" + i, "value" + "x".repeat(i)});
      commands.add(new Object[] {"SET", "leaving" + i, i, "PX", 100_000_000 + i});
      commands.add(new Object[] {"RPUSH", "list" + i % 3, "element" + i, i, "y".repeat(i)});
      commands.add(new Object[] {"SADD", "set" + i % 3, "member" + i});
      commands.add(new Object[] {"SADD", "integers" + i % 3, i * i * i});
      commands.add(new Object[] {"HSET", "hash" + i % 3, "field" + i, "value" + i});
      commands.add(new Object[] {"ZADD", "zset" + i % 3, i, "member" + i});
      commands.add(new Object[] {"XADD", "stream" + i % 3, i + 1 + "-1", "f", "v" + i});
      if (i % 100 == 0) {
        commands.add(new Object[] {"SELECT", i / 100});
        commands.add(new Object[] {"RPUSH", "small", i});
        commands.add(new Object[] {"HSET", "small hash", i, "v"});
        commands.add(new Object[] {"ZADD", "small zset", i, "m"});
      }
    }
    commands.add(new Object[] {"XGROUP", "CREATE", "stream1", "group", "0"});
    return commands;
  }

  @Test
  void whatIsSavedIsThereAfterwards() {
    String digest;
    try (PillionEngine engine = builder().start();
        LocalClient client = engine.connect()) {
      commands().forEach(command -> send(client, command));
      digest = send(client, "DEBUG", "DIGEST");
      assertThat(send(client, "SAVE")).isEqualTo("OK");
      assertThat(send(client, "DEBUG", "RELOAD")).isEqualTo("OK");
      assertThat(send(client, "DEBUG", "DIGEST")).isEqualTo(digest);
      send(client, "SET", "after", "wards");
    }
    try (PillionEngine engine = builder().warm().start();
        LocalClient client = engine.connect()) {
      assertThat(send(client, "DEBUG", "DIGEST")).isEqualTo(digest);
      assertThat(send(client, "INFO", "persistence")).contains("rdb_changes_since_last_save:0");
    }
    assertThat(names()).containsExactly("dump.rdb");
  }

  private List<String> names() {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aSaveInTheBackgroundShowsItsMoment() {
    String digest;
    try (PillionEngine engine = builder().start();
        LocalClient client = engine.connect()) {
      commands().forEach(command -> send(client, command));
      digest = send(client, "DEBUG", "DIGEST");
      engine
          .parameters()
          .change(List.of(new Parameters.Setting("rdb-key-save-delay", "300")), true);
      assertThat(send(client, "BGSAVE")).isEqualTo("Background saving started");
      assertThat(send(client, "BGSAVE")).contains("ERR Background save already in progress");
      assertThat(send(client, "SAVE")).contains("ERR Background save already in progress");
      assertThat(send(client, "INFO", "persistence")).contains("rdb_bgsave_in_progress:1");
      for (int i = 0; i < 300; i++) {
        send(client, "APPEND", "string" + i, "changed");
        send(client, "DEL", "leaving" + i);
        send(client, "SET", "new" + i, "v");
      }
      send(client, "RPUSH", "list1", "more");
      TestServer.await(
          "the save to end",
          () -> send(client, "INFO", "persistence").contains("rdb_bgsave_in_progress:0"));
      assertThat(send(client, "INFO", "persistence"))
          .contains("rdb_last_bgsave_status:ok")
          .contains("rdb_saves:1");
    }
    try (PillionEngine engine = builder().warm().start();
        LocalClient client = engine.connect()) {
      assertThat(send(client, "DEBUG", "DIGEST")).isEqualTo(digest);
    }
  }

  @Test
  void aSaveDoesNotWaitForARewriteOfTheLog() {
    String digest;
    try (PillionEngine engine = builder().set("rdb-key-save-delay", "10000000").start();
        LocalClient client = engine.connect()) {
      commands().forEach(command -> send(client, command));
      digest = send(client, "DEBUG", "DIGEST");
      send(client, "BGREWRITEAOF");
      assertThat(send(client, "INFO", "persistence")).contains("aof_rewrite_in_progress:1");
      send(client, "SWAPDB", 0, 2);
      send(client, "SWAPDB", 0, 2);
      assertThat(send(client, "SAVE")).isEqualTo("OK");
      assertThat(send(client, "INFO", "persistence")).contains("aof_rewrite_in_progress:1");
    }
    try (PillionEngine engine = builder().warm().start();
        LocalClient client = engine.connect()) {
      assertThat(send(client, "DEBUG", "DIGEST")).isEqualTo(digest);
    }
  }

  @Test
  void anEngineThatEndsWhileItLoadsLeavesTheFileAsItIs() throws IOException {
    try (PillionEngine engine = builder().start();
        LocalClient client = engine.connect()) {
      send(client, "SET", "k", "v");
      send(client, "SAVE");
      byte[] file = Files.readAllBytes(folder.resolve("dump.rdb"));
      send(client, "SET", "k", "half of the data");
      RdbStore loading = new RdbStore(engine.parameters(), Functions.NONE);
      loading.attach(engine.engine());
      engine
          .engine()
          .hold(
              () -> {
                engine.engine().restrictions().loading(true);
                assertThat(loading.saveAtEnd(/* save= */ true, /* force= */ false)).isTrue();
                engine.engine().restrictions().loading(false);
              });
      assertThat(Files.readAllBytes(folder.resolve("dump.rdb"))).isEqualTo(file);
    }
  }

  @Test
  void savePointsSave() {
    SimulatedWorld world = new SimulatedWorld(1);
    try (PillionEngine engine =
            new EngineBuilder().world(world).set("save", "5", "2").memoryBytes(8 << 20).start();
        LocalClient client = engine.connect()) {
      send(client, "SET", "k", "v");
      world.advanceMillis(20_000);
      assertThat(send(client, "INFO", "persistence")).contains("rdb_saves:0");
      send(client, "SET", "k", "w");
      world.advanceMillis(1000);
      assertThat(send(client, "INFO", "persistence")).contains("rdb_saves:1");
    }
  }

  @Test
  void writesAreRefusedWhileTheDiskFails() throws IOException {
    Path gone = Files.createDirectory(folder.resolve("gone"));
    try (PillionEngine engine =
            builder().set("dir", gone.toString()).set("save", "9", "1").start();
        LocalClient client = engine.connect()) {
      send(client, "SET", "k", "v");
      Files.delete(gone);
      send(client, "BGSAVE");
      TestServer.await(
          "the save to fail",
          () -> send(client, "INFO", "persistence").contains("rdb_last_bgsave_status:err"));
      assertThat(send(client, "SET", "k", "w")).contains("MISCONF");
      assertThat(send(client, "PING")).contains("MISCONF");
      assertThat(send(client, "GET", "k")).isEqualTo("v");
      assertThat(send(client, "SAVE")).contains("ERR");
      Files.createDirectory(gone);
      assertThat(send(client, "SAVE")).isEqualTo("OK");
      assertThat(send(client, "SET", "k", "w")).isEqualTo("OK");
    }
  }

  @Test
  void whatAKilledProcessHasLeftIsRemovedAtTheStart() {
    SimulatedDisk disk = new SimulatedDisk();
    disk.plant("/data/temp-00f9b4caed35c4a6.rdb", new byte[] {1});
    disk.plant("/data/temp-4711.rdb", new byte[] {2});
    SimulatedWorld world = new SimulatedWorld(1);
    world.disk(disk);
    new EngineBuilder().world(world).set("dir", "/data").warm().start().close();
    assertThat(disk.listing()).containsOnlyKeys("/data/temp-4711.rdb");
  }

  @Test
  void aSaveThatFailedIsTriedAgainUntilTheDiskHasRoom() {
    SimulatedDisk disk = new SimulatedDisk();
    try (AofWorld engine = new AofWorld(disk, 1, "appendonly", "no")) {
      engine.call("CONFIG", "SET", "save", "3600 1");
      engine.call("SET", "k", "v");
      disk.room(10);
      engine.call("BGSAVE");
      engine.world().advanceMillis(1_000);
      assertThat(engine.info("rdb_last_bgsave_status")).isEqualTo("err");
      engine.world().advanceMillis(20_000);
      assertThat(String.valueOf(engine.call("SET", "k", "w"))).startsWith("-MISCONF");
      assertThat(engine.call("GET", "k")).isEqualTo("v");
      disk.heal();
      engine.world().advanceMillis(7_000);
      assertThat(engine.info("rdb_last_bgsave_status")).isEqualTo("ok");
      assertThat(engine.call("SET", "k", "w")).isEqualTo("OK");
    }
  }

  @Test
  void aDamagedFileIsRefused() throws IOException {
    try (PillionEngine engine = builder().start();
        LocalClient client = engine.connect()) {
      send(client, "SET", "key", "the value of it");
      send(client, "SAVE");
      byte[] file = Files.readAllBytes(folder.resolve("dump.rdb"));
      file[file.length - 12] ^= 1;
      Files.write(folder.resolve("dump.rdb"), file);
      assertThatThrownBy(() -> builder().warm().start())
          .isInstanceOf(PersistenceException.class)
          .hasMessageContaining("Wrong RDB checksum");
      assertThat(send(client, "DEBUG", "RELOAD", "NOSAVE")).contains("ERR Error trying to load");
      assertThat(send(client, "GET", "key")).isEqualTo("the value of it");
      Files.writeString(folder.resolve("dump.rdb"), "REDIS0099 nonsense");
      assertThatThrownBy(() -> builder().warm().start())
          .hasMessageContaining("Can't handle RDB format version 99");
    }
  }

  @Test
  void clientsAreToldThatDataAreLoaded() throws Exception {
    try (PillionEngine engine = builder().start();
        LocalClient client = engine.connect()) {
      commands().forEach(command -> send(client, command));
      send(client, "SAVE");
    }
    int port = Processes.freePort();
    FutureTask<String> asking = new FutureTask<>(() -> firstAnswer(port, "GET k"));
    new Thread(asking).start();
    try (PillionEngine engine =
        builder()
            .listen(new Endpoint.Tcp("127.0.0.1", port, /* optional= */ false))
            .beforeLoading(() -> TestServer.await("the answer", asking::isDone))
            .warm()
            .start()) {
      assertThat(asking.get(10, TimeUnit.SECONDS)).startsWith("-LOADING ");
      assertThat(engine.port()).isEqualTo(port);
    }
  }

  private static String firstAnswer(int port, String command) {
    List<String> answers = new ArrayList<>();
    ask(port, command, answer -> !answers.add(answer));
    return answers.get(0);
  }

  /** Sends a command, once somebody listens, again and again while its answer says so. */
  private static void ask(int port, String command, Predicate<String> goesOn) {
    byte[] request = (command + "\r\n").getBytes(StandardCharsets.US_ASCII);
    try (Socket socket = connect(port)) {
      BufferedReader reader =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
      String answer;
      do {
        socket.getOutputStream().write(request);
        answer = reader.readLine();
      } while (answer != null && goesOn.test(answer));
    } catch (IOException ended) {
      // The engine has closed.
    }
  }

  private static Socket connect(int port) throws IOException {
    long deadline = System.nanoTime() + 10_000_000_000L;
    while (true) {
      try {
        return new Socket(InetAddress.getLoopbackAddress(), port);
      } catch (ConnectException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
      }
    }
  }

  @Test
  void anAppendOnlyLogThatIsTurnedOnWhileDataAreLoadedHasThemAll() throws Exception {
    String digest;
    try (PillionEngine engine = builder().start();
        LocalClient client = engine.connect()) {
      commands().forEach(command -> send(client, command));
      digest = send(client, "DEBUG", "DIGEST");
      send(client, "SAVE");
    }
    int port = Processes.freePort();
    FutureTask<String> turningOn =
        new FutureTask<>(() -> firstAnswer(port, "CONFIG SET appendonly yes"));
    new Thread(turningOn).start();
    try (PillionEngine engine =
            builder()
                .listen(new Endpoint.Tcp("127.0.0.1", port, /* optional= */ false))
                .beforeLoading(() -> TestServer.await("the answer", turningOn::isDone))
                .warm()
                .start();
        LocalClient client = engine.connect()) {
      assertThat(turningOn.get(10, TimeUnit.SECONDS)).isEqualTo("+OK");
      TestServer.await(
          "the log to begin",
          () -> send(client, "INFO", "persistence").contains("aof_pending_rewrite:0"));
      assertThat(send(client, "INFO", "persistence")).contains("aof_enabled:1");
      assertThat(send(client, "DEBUG", "DIGEST")).isEqualTo(digest);
    }
    try (PillionEngine engine = builder().set("appendonly", "yes").warm().start();
        LocalClient client = engine.connect()) {
      assertThat(send(client, "DEBUG", "DIGEST")).isEqualTo(digest);
    }
  }

  @Test
  void nobodyIsServedWhenTheLogCannotBeTurnedOnAfterLoading() throws Exception {
    Files.createFile(folder.resolve("appendonlydir"));
    int port = Processes.freePort();
    Set<String> answers = ConcurrentHashMap.newKeySet();
    Predicate<String> untilItEnds =
        answer -> {
          answers.add(answer);
          return true;
        };
    List<Thread> asking = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      asking.add(new Thread(() -> ask(port, "SET k v", untilItEnds)));
    }
    asking.forEach(Thread::start);
    EngineBuilder builder =
        builder()
            .listen(new Endpoint.Tcp("127.0.0.1", port, /* optional= */ false))
            .beforeLoading(
                () -> {
                  TestServer.await("answers", () -> !answers.isEmpty());
                  assertThat(firstAnswer(port, "CONFIG SET appendonly yes")).isEqualTo("+OK");
                })
            .warm();
    assertThatThrownBy(builder::start)
        .isInstanceOf(PersistenceException.class)
        .hasMessageContaining("Unable to turn on AOF after loading");
    for (Thread thread : asking) {
      thread.join();
    }
    assertThat(answers).allMatch(answer -> answer.startsWith("-LOADING "));
  }

  // --- with a real server

  @Test
  void aRealServerLoadsOurFile() throws Exception {
    String digest;
    try (PillionEngine engine = builder().start();
        LocalClient client = engine.connect()) {
      commands().forEach(command -> send(client, command));
      digest = send(client, "DEBUG", "DIGEST");
      send(client, "SAVE");
    }
    assertThat(run("redis-check-rdb", folder.resolve("dump.rdb").toString()))
        .contains("RDB looks OK");
    try (RedisProcess theirs = new RedisProcess(folder)) {
      theirs.client().call("DEBUG", "DIGEST").isStatus(digest);
    }
  }

  @Test
  void weLoadTheFileOfARealServer() throws Exception {
    String digest;
    try (RedisProcess theirs = new RedisProcess(folder)) {
      TestClient client = theirs.client();
      commands().forEach(client::call);
      digest = client.call("DEBUG", "DIGEST").text();
      client.call("SAVE").isOk();
    }
    try (PillionEngine engine = builder().warm().start();
        LocalClient client = engine.connect()) {
      assertThat(send(client, "DEBUG", "DIGEST")).isEqualTo(digest);
    }
  }

  private static String run(String... command) throws Exception {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      process.waitFor(10, TimeUnit.SECONDS);
      return output;
    } catch (IOException e) {
      Assumptions.abort(command[0] + " is not installed");
      throw e;
    }
  }
}
