package io.pillion.engine.server;

import io.pillion.engine.acl.AccessControl;
import io.pillion.engine.command.AllCommands;
import io.pillion.engine.command.ClientDescription;
import io.pillion.engine.command.Services;
import io.pillion.engine.command.Shutdown;
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
import io.pillion.engine.observe.Monitors;
import io.pillion.engine.observe.Observation;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.persistence.LoadProgress;
import io.pillion.engine.persistence.PersistenceException;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.persistence.backup.Backups;
import io.pillion.engine.pubsub.KeyspaceEvents;
import io.pillion.engine.pubsub.Kind;
import io.pillion.engine.pubsub.PubSub;
import io.pillion.engine.replication.Following;
import io.pillion.engine.replication.Replication;
import io.pillion.engine.scripting.FunctionLibraries;
import io.pillion.engine.scripting.Scripts;
import io.pillion.engine.tracking.Tracking;
import io.pillion.engine.world.RealWorld;
import io.pillion.engine.world.World;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
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
    Arena arena = new Arena(SlabPool.shared(), memoryBytes, world.randomLong());
    if (memoryBytes > 0 && parameters.number("maxmemory") == 0) {
      // An eighth is left for what size classes and half-empty slabs waste.
      long usable = arena.budgetBytes() / 8 * 7;
      parameters.set("maxmemory", Long.toString(usable));
    }
    MemoryAdvice.follow(parameters, arena, world);
    KeyspaceSettings settings = new KeyspaceSettings();
    KeyspaceParameters.follow(parameters, settings);
    Keyspace keyspace = new Keyspace(world, arena, settings, parameters.integer("databases"));
    Observation observation = new Observation(world, parameters);
    PubSub pubSub = new PubSub();
    Tracking tracking = new Tracking(world, parameters);
    Monitors monitors = new Monitors(world);
    Scripts scripts = new Scripts(world, parameters);
    FunctionLibraries functions = new FunctionLibraries(world, scripts);
    RdbStore rdb = new RdbStore(parameters, new SavedFunctions(functions));
    AppendOnly appendOnly = new AppendOnly(parameters, new LoadProgress());
    Replication replication = new Replication(parameters, new SavedFunctions(functions));
    Following following =
        new Following(parameters, replication, rdb, appendOnly, new SavedFunctions(functions));
    Backups backups = new Backups(parameters, rdb, appendOnly);
    Shutdown ending = new Shutdown(parameters, rdb, appendOnly, replication, shutdown);
    CommandTable table = new CommandTable();
    ClientDescription description = new ClientDescription(pubSub, tracking);
    AccessControl access =
        new AccessControl(
            table,
            parameters,
            (client, test) ->
                pubSub.anyMatch(client, (kind, name) -> test.matches(name, kind == Kind.PATTERN)),
            description::of);
    Services services =
        new Services(
            access,
            observation,
            pubSub,
            tracking,
            monitors,
            rdb,
            scripts,
            functions,
            appendOnly,
            replication,
            following,
            backups,
            ending);
    AllCommands.declare(table, parameters, services);
    Engine engine = new Engine(world, keyspace, table);
    access.attach(engine);
    ending.attach(engine);
    rdb.attach(engine);
    replication.attach(engine);
    following.attach(engine);
    following.encryption(() -> NetServer.toOthers(parameters));
    engine.addObserver(observation);
    engine.addClientListener(pubSub);
    engine.addClientListener(tracking);
    engine.addWriteListener(tracking);
    engine.readListener(tracking);
    engine.addClientListener(monitors);
    engine.monitor(monitors);
    new KeyspaceEvents(engine, pubSub).follow(parameters);
    followLatencyTracking(engine);
    followClientLimits(engine);
    parameters.onChange(engine::evictSoon, "maxmemory", "maxmemory-policy");
    parameters.onChange(this::checkDir, "dir");

    NetServer network = endpoints.isEmpty() ? null : new NetServer(engine, parameters);
    appendOnly.attach(engine, new SavedFunctions(functions));
    PillionEngine running =
        new PillionEngine(engine, parameters, ending, appendOnly, backups, network);
    try {
      backups.attach(engine, new SavedFunctions(functions));
      backups.beforeReplacing(replication::checkMayBeginAnew, replication::beginAnew);
      // Whoever connects while data are loaded is told so.
      boolean logged = parameters.isOn("appendonly");
      boolean restores = !parameters.text("restore-from").isEmpty();
      engine.hold(() -> engine.restrictions().loading(warm || logged || restores));
      if (network != null) {
        endpoints.forEach(network::listen);
      }
      beforeLoading.run();
      if (warm) {
        rdb.removeLeftovers();
      }
      boolean restored = backups.restoreAtStart();
      if (logged) {
        appendOnly.start();
      } else if (warm && !restored) {
        load(rdb, replication, /* keepExpired= */ !parameters.words("replicaof").isEmpty());
      }
      engine.hold(
          () -> {
            engine.restrictions().loading(false);
            appendOnly.loaded();
            following.start();
          });
    } catch (ListenException | PersistenceException e) {
      running.close();
      throw e;
    }
    engine.hold(rdb::followSavePoints);
    backups.start();
    parameters.onChange(
        () -> relisten(running, "Unable to listen on this port. Check server logs."),
        "port",
        "tls-port");
    parameters.onChange(() -> relisten(running, "Failed to bind to specified addresses."), "bind");
    return running;
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
            engine.limitClients(
                parameters.number("client-query-buffer-limit"), parameters.clientMemoryBytes());
    listener.changed();
    parameters.onChange(listener, "client-query-buffer-limit", "maxmemory-clients", "maxmemory");
  }

  private void followLatencyTracking(Engine engine) {
    Parameters.Listener listener = () -> engine.trackLatency(parameters.isOn("latency-tracking"));
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
