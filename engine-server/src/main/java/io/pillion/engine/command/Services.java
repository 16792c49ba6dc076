package io.pillion.engine.command;

import io.pillion.engine.acl.AccessControl;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.observe.Monitors;
import io.pillion.engine.observe.Observation;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.persistence.Functions;
import io.pillion.engine.persistence.LoadProgress;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.persistence.backup.Backups;
import io.pillion.engine.pubsub.Kind;
import io.pillion.engine.pubsub.PubSub;
import io.pillion.engine.replication.Following;
import io.pillion.engine.replication.Replication;
import io.pillion.engine.scripting.FunctionLibraries;
import io.pillion.engine.scripting.Scripts;
import io.pillion.engine.tracking.Tracking;
import io.pillion.engine.world.World;
import org.jspecify.annotations.Nullable;

/**
 * What commands reach beside keys and clients: one of each for an engine.
 *
 * @param access who may do what
 * @param observation what SLOWLOG and LATENCY tell of
 * @param pubSub channels and who listens to them
 * @param tracking who keeps copies of which keys
 * @param monitors who is shown what others send
 * @param rdb where all data are saved
 * @param scripts what EVAL knows and runs
 * @param functions what FCALL knows and runs
 * @param appendOnly where changes are written as they happen
 * @param replication who follows
 * @param following which server is followed
 * @param backups whole data sets under a name
 * @param shutdown how all of it ends
 */
public record Services(
    AccessControl access,
    Observation observation,
    PubSub pubSub,
    Tracking tracking,
    Monitors monitors,
    RdbStore rdb,
    Scripts scripts,
    FunctionLibraries functions,
    AppendOnly appendOnly,
    Replication replication,
    Following following,
    Backups backups,
    Shutdown shutdown) {

  /**
   * One of each for an engine with these parameters, none of which knows it yet: see {@link
   * #attach}.
   *
   * @param table where all commands are declared
   * @param onShutdown what SHUTDOWN does; null when clients cannot end the engine
   */
  public static Services create(
      World world, Parameters parameters, CommandTable table, @Nullable Runnable onShutdown) {
    PubSub pubSub = new PubSub();
    Tracking tracking = new Tracking(world, parameters);
    ClientDescription description = new ClientDescription(pubSub, tracking);
    AccessControl access =
        new AccessControl(
            table,
            parameters,
            (client, test) ->
                pubSub.anyMatch(client, (kind, name) -> test.matches(name, kind == Kind.PATTERN)),
            description::of);
    Scripts scripts = new Scripts(world, parameters);
    FunctionLibraries functions = new FunctionLibraries(world, scripts);
    Functions saved = new SavedFunctions(functions);
    RdbStore rdb = new RdbStore(parameters, saved);
    AppendOnly appendOnly = new AppendOnly(parameters, new LoadProgress());
    Replication replication = new Replication(parameters, saved);
    Services services =
        new Services(
            access,
            new Observation(world, parameters),
            pubSub,
            tracking,
            new Monitors(world),
            rdb,
            scripts,
            functions,
            appendOnly,
            replication,
            new Following(parameters, replication, rdb, appendOnly, saved),
            new Backups(parameters, rdb, appendOnly),
            new Shutdown(parameters, rdb, appendOnly, replication, onShutdown));
    AllCommands.declare(table, parameters, services);
    return services;
  }

  /**
   * Makes them known to the engine that they are for, and it to them, except to those that begin by
   * loading: {@link #appendOnly} and {@link #backups}. Before the first command.
   */
  public void attach(Engine engine) {
    access.attach(engine);
    shutdown.attach(engine);
    rdb.attach(engine);
    replication.attach(engine);
    following.attach(engine);
    engine.observers().add(observation);
    engine.observers().monitor(monitors);
    engine.clients().addListener(pubSub);
    engine.clients().addListener(tracking);
    engine.clients().addListener(monitors);
    engine.addWriteListener(tracking);
    engine.readListener(tracking);
  }

  /** The functions as they are kept beside the data. */
  public Functions savedFunctions() {
    return new SavedFunctions(functions);
  }
}
