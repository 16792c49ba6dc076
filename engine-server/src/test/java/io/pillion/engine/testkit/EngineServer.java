package io.pillion.engine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.command.AllCommands;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.keyspace.EvictionPolicy;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.KeyspaceSettings;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.SlabPool;
import io.pillion.engine.world.RealWorld;
import io.pillion.engine.world.World;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Our engine in this process, new for each test, with everything it does recorded. */
public final class EngineServer extends TestServer {
  private static final long ARENA_BYTES = 256L << 20;
  private static final int DATABASES = 16;

  private @Nullable Engine engine;
  private @Nullable RecordingLog log;

  void start() {
    Engine started = newEngine(RealWorld.get());
    RecordingLog recording = new RecordingLog();
    started.log(recording);
    engine = started;
    log = recording;
  }

  private static Engine newEngine(World world) {
    KeyspaceSettings settings = new KeyspaceSettings();
    Parameters parameters = new Parameters();
    parameters.set("enable-debug-command", "yes");
    Keyspace keyspace =
        new Keyspace(world, new Arena(SlabPool.shared(), ARENA_BYTES), settings, DATABASES);
    Engine engine = new Engine(world, keyspace, AllCommands.table(parameters));
    apply(parameters, settings, engine);
    parameters.onChange(
        () -> apply(parameters, settings, engine),
        "requirepass",
        "maxmemory",
        "maxmemory-policy",
        "hash-max-listpack-entries",
        "hash-max-listpack-value",
        "set-max-intset-entries",
        "set-max-listpack-entries",
        "set-max-listpack-value",
        "zset-max-listpack-entries",
        "zset-max-listpack-value",
        "list-max-listpack-size");
    return engine;
  }

  private static void apply(Parameters parameters, KeyspaceSettings settings, Engine engine) {
    String password = parameters.text("requirepass");
    engine.password(password.isEmpty() ? null : password.getBytes(StandardCharsets.UTF_8));
    settings.maxMemoryBytes = parameters.number("maxmemory");
    String policy = parameters.text("maxmemory-policy");
    for (EvictionPolicy each : EvictionPolicy.values()) {
      if (each.redisName().equals(policy)) {
        settings.policy = each;
      }
    }
    TypeLimits types = settings.types;
    types.hashMaxPackedEntries = parameters.integer("hash-max-listpack-entries");
    types.hashMaxPackedBytes = parameters.integer("hash-max-listpack-value");
    types.setMaxIntegers = parameters.integer("set-max-intset-entries");
    types.setMaxPackedEntries = parameters.integer("set-max-listpack-entries");
    types.setMaxPackedBytes = parameters.integer("set-max-listpack-value");
    types.sortedSetMaxPackedEntries = parameters.integer("zset-max-listpack-entries");
    types.sortedSetMaxPackedBytes = parameters.integer("zset-max-listpack-value");
    types.listMaxPackedSize = parameters.integer("list-max-listpack-size");
  }

  /** The engine. */
  public Engine engine() {
    return Objects.requireNonNull(engine, "not started");
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
  TestClient connect() {
    return connect(engine());
  }

  private TestClient connect(Engine target) {
    EngineConnection connection = new EngineConnection(target);
    return new TestClient(this, connection.input(), connection.output(), connection::disconnect);
  }

  /** Law 8: the effects, carried out by an engine that has nothing, lead to the same data. */
  void checkReplay(String digest) {
    List<RecordingLog.Effect> effects = effects();
    Engine replica = newEngine(RealWorld.get());
    try (TestClient client = connect(replica)) {
      int selected = 0;
      for (RecordingLog.Effect effect : effects) {
        if (effect.database() != selected && effect.words().size() > 1) {
          client.call("SELECT", effect.database());
          selected = effect.database();
        }
        Answer answer = client.call(effect.words().toArray());
        assertThat(answer.value()).as("replaying %s", effect).isNotInstanceOf(Answer.Failure.class);
      }
      assertThat(client.call("DEBUG", "DIGEST").text())
          .as("the digest after replaying %s", effects)
          .isEqualTo(digest);
    } finally {
      replica.close();
    }
  }

  @Override
  public void close() {
    super.close();
    if (engine != null) {
      engine.close();
    }
  }

  @Override
  public String toString() {
    return "our engine";
  }
}
