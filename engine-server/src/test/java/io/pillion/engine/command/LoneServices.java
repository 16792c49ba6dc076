package io.pillion.engine.command;

import io.pillion.engine.acl.AccessControl;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.observe.Monitors;
import io.pillion.engine.observe.Observation;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.persistence.Functions;
import io.pillion.engine.persistence.LoadProgress;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.persistence.backup.Backups;
import io.pillion.engine.pubsub.PubSub;
import io.pillion.engine.replication.Following;
import io.pillion.engine.replication.Replication;
import io.pillion.engine.scripting.FunctionLibraries;
import io.pillion.engine.scripting.Scripts;
import io.pillion.engine.tracking.Tracking;
import io.pillion.engine.world.RealWorld;

/** One of each service, of which no engine knows yet: for tests that need the commands alone. */
final class LoneServices {
  private LoneServices() {}

  /** Declares all commands in a table; what they reach. */
  static Services declare(CommandTable table, Parameters parameters) {
    RealWorld world = RealWorld.get();
    RdbStore rdb = new RdbStore(parameters, Functions.NONE);
    AppendOnly appendOnly = new AppendOnly(parameters, new LoadProgress());
    Replication replication = new Replication(parameters, Functions.NONE);
    Scripts scripts = new Scripts(world, parameters);
    Services services =
        new Services(
            new AccessControl(table, parameters, (client, test) -> false, (client, now) -> ""),
            new Observation(world, parameters),
            new PubSub(),
            new Tracking(world, parameters),
            new Monitors(world),
            rdb,
            scripts,
            new FunctionLibraries(world, scripts),
            appendOnly,
            replication,
            new Following(parameters, replication, rdb, appendOnly, Functions.NONE),
            new Backups(parameters, rdb, appendOnly),
            new Shutdown(parameters, rdb, appendOnly, replication, null));
    AllCommands.declare(table, parameters, services);
    return services;
  }
}
