package io.pillion.engine.server;

import io.pillion.engine.command.Services;
import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.KeyspaceSettings;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.SlabPool;
import io.pillion.engine.net.Endpoint;
import io.pillion.engine.net.ListenException;
import io.pillion.engine.net.NetServer;
import io.pillion.engine.persistence.PersistenceException;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.persistence.backup.Backups;
import io.pillion.engine.pubsub.KeyspaceEvents;
import io.pillion.engine.replication.Replication;
import io.pillion.engine.world.RealWorld;
import io.pillion.engine.world.World;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Assembles an engine.
 *
 * <pre>{@code
 * try (PillionEngine engine = new EngineBuilder().memoryBytes(64 << 20).start();
 *     LocalClient client = engine.connect()) {
 *   client.send(List.of("SET".getBytes(), key, value));
 * }
 * }</pre>
 *
 * <p>It opens no port unless told to.
 */
public final class EngineBuilder {
  private Parameters parameters = new Parameters().set("save", "");
  private World world = RealWorld.get();
  private long memoryBytes = 64L << 20;
  private final List<Endpoint> endpoints = new ArrayList<>();
  private Runnable beforeLoading = () -> {};
  private Consumer<PillionEngine> beforeServing = engine -> {};
  private @Nullable Runnable shutdown;
  private boolean warm;

  /**
   * An engine with default parameters, but without save points: 64 MiB of memory, and no open port.
   */
  public EngineBuilder() {}

  /** Takes these parameters, in place of the defaults and of what was set before. */
  public EngineBuilder parameters(Parameters newParameters) {
    parameters = newParameters;
    return this;
  }

  /**
   * Sets one parameter, by its name in redis.conf.
   *
   * @throws ConfigException when there is none of this name, or it does not take the value
   */
  public EngineBuilder set(String name, String... words) {
    parameters.set(name, words);
    return this;
  }

  /** Takes clock, chance, files and threads from this world. */
  public EngineBuilder world(World newWorld) {
    world = newWorld;
    return this;
  }

  /**
   * How much memory to set aside for data, outside the Java heap: at most this, and less where the
   * JVM's limit on direct memory leaves less. 0 for all that it leaves. When {@code maxmemory} is
   * not set, keys are evicted, or writes refused, before this is full.
   */
  public EngineBuilder memoryBytes(long bytes) {
    memoryBytes = bytes;
    return this;
  }

  /** What SHUTDOWN does, on a thread of its own; without it, clients cannot end the engine. */
  public EngineBuilder onShutdown(Runnable action) {
    shutdown = action;
    return this;
  }

  /** Begins with the data that were saved in {@code dir}, if there are any. */
  public EngineBuilder warm() {
    warm = true;
    return this;
  }

  /** What to do once it listens, before it loads: clients are told that it loads from then on. */
  public EngineBuilder beforeLoading(Runnable action) {
    beforeLoading = action;
    return this;
  }

  /**
   * Who is told of the engine once all data are loaded, under its lock: nobody's command was
   * carried out yet, and from then on they are. The start does not fail any more afterwards.
   */
  public EngineBuilder beforeServing(Consumer<PillionEngine> action) {
    beforeServing = action;
    return this;
  }

  /** Listens there too. */
  public EngineBuilder listen(Endpoint endpoint) {
    endpoints.add(endpoint);
    return this;
  }

  /**
   * Assembles and starts.
   *
   * @throws ListenException when the engine cannot listen where it was told to; nothing is left
   *     running
   * @throws PersistenceException when the data that it shall begin with cannot be loaded; nor then
   * @throws ConfigException when a setting asks for what there is not; nor then
   */
  public PillionEngine start() {
    parameters.set("dir", world.disk().absolute(parameters.text("dir")));
    try {
      checkDir();
    } catch (ConfigException e) {
      throw new PersistenceException(
          "Can't chdir to '" + parameters.text("dir") + "': " + e.reason(), e);
    }
    refuseUnkeptPromises();
    Keyspace keyspace = keyspace();
    CommandTable table = new CommandTable();
    Services services = Services.create(world, parameters, table, shutdown);
    Engine engine = new Engine(world, keyspace, table);
    services.attach(engine);
    services.following().encryption(() -> NetServer.toOthers(parameters));
    new KeyspaceEvents(engine, services.pubSub()).follow(parameters);
    followLatencyTracking(engine);
    followClientLimits(engine);
    parameters.onChange(engine::evictSoon, "maxmemory", "maxmemory-policy");
    parameters.onChange(this::checkDir, "dir");

    NetServer network = endpoints.isEmpty() ? null : new NetServer(engine, parameters);
    services.appendOnly().attach(engine, services.savedFunctions());
    PillionEngine running =
        new PillionEngine(
            engine,
            parameters,
            services.shutdown(),
            services.appendOnly(),
            services.backups(),
            network);
    try {
      begin(running, services, network);
    } catch (ListenException | PersistenceException e) {
      running.close();
      throw e;
    }
    return running;
  }

  private void followAddresses(PillionEngine running) {
    parameters.onChange(
        () -> relisten(running, "Unable to listen on this port. Check server logs."),
        "port",
        "tls-port");
    parameters.onChange(() -> relisten(running, "Failed to bind to specified addresses."), "bind");
  }

  private Keyspace keyspace() {
    Arena arena = new Arena(SlabPool.shared(), memoryBytes, world.randomLong());
    if (memoryBytes > 0 && parameters.number("maxmemory") == 0) {
      // An eighth is left for what size classes and half-empty slabs waste.
      long usable = arena.budgetBytes() / 8 * 7;
      parameters.set("maxmemory", Long.toString(usable));
    }
    MemoryAdvice.follow(parameters, arena, world);
    KeyspaceSettings settings = new KeyspaceSettings();
    KeyspaceParameters.follow(parameters, settings);
    return new Keyspace(world, arena, settings, parameters.integer("databases"));
  }

  /** Listens, and loads the data that it begins with. */
  private void begin(PillionEngine running, Services services, @Nullable NetServer network) {
    Engine engine = running.engine();
    Backups backups = services.backups();
    Replication replication = services.replication();
    backups.attach(engine, services.savedFunctions());
    backups.beforeReplacing(replication::checkMayBeginAnew, replication::beginAnew);
    // Whoever connects while data are loaded is told so.
    boolean logged = parameters.isOn("appendonly");
    boolean restores = !parameters.text("restore-from").isEmpty();
    engine.hold(() -> engine.restrictions().loading(warm || logged || restores));
    if (network != null) {
      endpoints.forEach(network::listen);
    }
    beforeLoading.run();
    RdbStore rdb = services.rdb();
    if (warm) {
      rdb.removeLeftovers();
    }
    boolean restored = backups.restoreAtStart();
    if (logged) {
      services.appendOnly().start();
    } else if (warm && !restored) {
      load(rdb, replication, /* keepExpired= */ !parameters.words("replicaof").isEmpty());
    }
    backups.start();
    engine.hold(
        () -> {
          engine.restrictions().loading(false);
          try {
            services.appendOnly().loaded();
          } catch (PersistenceException e) {
            // Else others were served when the lock is let go, and nobody would keep their changes.
            engine.restrictions().loading(true);
            throw e;
          }
          services.following().start();
          rdb.followSavePoints();
          followAddresses(running);
          beforeServing.accept(running);
        });
  }

  private static void load(RdbStore rdb, Replication replication, boolean keepExpired) {
    try {
      rdb.load(keepExpired, replication::expiredAtStart);
    } catch (IOException e) {
      throw new PersistenceException(
          "Fatal error loading the DB from "
              + rdb.path()
              + ": "
              + e.getMessage()
              + "\nTerminating server after rdb file reading failure.",
          e);
    }
  }

  private static void relisten(PillionEngine engine, String complaint) {
    try {
      engine.relisten();
    } catch (ListenException e) {
      throw new ConfigException(complaint);
    }
  }

  private void followClientLimits(Engine engine) {
    Parameters.Listener listener =
        () ->
            engine
                .clients()
                .limit(
                    parameters.number("client-query-buffer-limit"), parameters.clientMemoryBytes());
    listener.changed();
    parameters.onChange(listener, "client-query-buffer-limit", "maxmemory-clients", "maxmemory");
  }

  private void followLatencyTracking(Engine engine) {
    Parameters.Listener listener =
        () -> engine.observers().trackLatency(parameters.isOn("latency-tracking"));
    listener.changed();
    parameters.onChange(listener, "latency-tracking");
  }

  private void checkDir() {
    String dir = parameters.text("dir");
    if (!world.disk().isFolder(dir)) {
      throw new ConfigException(
          world.disk().exists(dir) ? "Not a directory" : "No such file or directory");
    }
  }

  /**
   * Most directives that mean nothing here may be said; but whoever says one of these would believe
   * that data are kept elsewhere too.
   */
  private void refuseUnkeptPromises() {
    refuse(parameters.isOn("cluster-enabled"), "cluster-enabled: there is no cluster mode");
  }

  private static void refuse(boolean asked, String what) {
    if (asked) {
      throw new ConfigException("This engine does not support " + what);
    }
  }
}
