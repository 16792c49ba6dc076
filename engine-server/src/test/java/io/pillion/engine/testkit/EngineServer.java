package io.pillion.engine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.net.Endpoint;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.PillionEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Our engine in this process, new for each test, with everything it does recorded. */
public final class EngineServer extends TestServer {
  private static final long ARENA_BYTES = 256L << 20;

  /** Where DEBUG RELOAD and its like leave files: gone with the tests. */
  private static final String FOLDER = folder();

  private final boolean overTcp;
  private final int loops;
  private @Nullable PillionEngine running;
  private @Nullable RecordingLog log;

  /** An engine not started yet, that clients reach without a network. */
  public EngineServer() {
    this(/* overTcp= */ false);
  }

  EngineServer(boolean overTcp) {
    this(overTcp, 1);
  }

  private EngineServer(boolean overTcp, int loops) {
    this.overTcp = overTcp;
    this.loops = loops;
  }

  /** An engine that runs already, on TCP, with so many network loops; it keeps no log. */
  public static EngineServer withLoops(int loops) {
    EngineServer server = new EngineServer(/* overTcp= */ true, loops);
    server.running = newEngine(/* overTcp= */ true, loops);
    return server;
  }

  /**
   * An engine that runs already, on TCP, with the data of a folder; it keeps no log for tests.
   *
   * @param settings names and values of parameters in turn; words of a value with spaces between
   */
  public static EngineServer in(Path folder, String... settings) {
    EngineServer server = new EngineServer(/* overTcp= */ true, 1);
    EngineBuilder builder = builder(/* overTcp= */ true, 1).set("dir", folder.toString()).warm();
    for (int i = 0; i < settings.length; i += 2) {
      builder.set(settings[i], settings[i + 1].split(" ", -1));
    }
    server.running = builder.start();
    return server;
  }

  /** An engine that runs already, which clients reach without a network; it keeps no log. */
  public static EngineServer of(PillionEngine engine) {
    EngineServer server = new EngineServer(/* overTcp= */ false);
    server.running = engine;
    return server;
  }

  /** A client within the process, whatever the others are. */
  public TestClient clientInProcess() {
    return connect(engine());
  }

  private static String folder() {
    try {
      Path folder = Files.createTempDirectory("pillion-tests");
      folder.toFile().deleteOnExit();
      folder.resolve("dump.rdb").toFile().deleteOnExit();
      folder.resolve("backups").toFile().deleteOnExit();
      return folder.toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void start() {
    PillionEngine started = newEngine(overTcp, loops);
    RecordingLog recording = new RecordingLog();
    started.engine().log(recording);
    running = started;
    log = recording;
  }

  private static EngineBuilder builder(boolean overTcp, int loops) {
    EngineBuilder builder =
        new EngineBuilder()
            .set("enable-debug-command", "yes")
            .set("dir", FOLDER)
            .set("engine-threads", Integer.toString(loops))
            .memoryBytes(ARENA_BYTES)
            .onShutdown(() -> {});
    if (overTcp) {
      builder.listen(new Endpoint.Tcp("127.0.0.1", 0, /* optional= */ false));
    }
    return builder;
  }

  private static PillionEngine newEngine(boolean overTcp, int loops) {
    PillionEngine engine = builder(overTcp, loops).start();
    // As a real server has it.
    engine.parameters().change(List.of(new Parameters.Setting("maxmemory", "0")), true);
    return engine;
  }

  /** The engine. */
  public Engine engine() {
    return Objects.requireNonNull(running, "not started").engine();
  }

  /** Where it listens, if it is on TCP. */
  public int port() {
    return Objects.requireNonNull(running, "not started").port();
  }

  /** What the commands so far have had as effects. */
  public List<RecordingLog.Effect> effects() {
    return Objects.requireNonNull(log, "not started").effects();
  }

  @Override
  public boolean isOurs() {
    return true;
  }

  @Override
  public TestClient connect() {
    return overTcp
        ? connect("127.0.0.1", Objects.requireNonNull(running, "not started").port())
        : connect(engine());
  }

  private TestClient connect(Engine target) {
    EngineConnection connection = new EngineConnection(target);
    return new TestClient(this, connection.input(), connection.output(), connection::disconnect);
  }

  /** Law 8: the effects, carried out by an engine that has nothing, lead to the same data. */
  void checkReplay(String digest) {
    replayed(
        client ->
            assertThat(client.call("DEBUG", "DIGEST").text())
                .as("the digest after replaying %s", effects())
                .isEqualTo(digest));
  }

  /** Carries out the effects in an engine that has nothing, and gives a client of it. */
  void replayed(Consumer<TestClient> check) {
    List<RecordingLog.Effect> effects = effects();
    try (PillionEngine replica = newEngine(/* overTcp= */ false, 1);
        TestClient client = connect(replica.engine())) {
      int selected = 0;
      for (RecordingLog.Effect effect : effects) {
        if (effect.database() != selected && effect.words().size() > 1) {
          client.call("SELECT", effect.database());
          selected = effect.database();
        }
        Answer answer = client.call(effect.words().toArray());
        assertThat(answer.value()).as("replaying %s", effect).isNotInstanceOf(Answer.Failure.class);
      }
      check.accept(client);
    }
  }

  /** Ends the engine before its clients go. */
  public void stop() {
    if (running != null) {
      running.close();
      running = null;
    }
  }

  @Override
  public void close() {
    super.close();
    stop();
  }

  @Override
  public String toString() {
    return overTcp ? "our engine over TCP" : "our engine";
  }
}
