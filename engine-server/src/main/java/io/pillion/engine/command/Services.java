package io.pillion.engine.command;

import io.pillion.engine.acl.AccessControl;
import io.pillion.engine.observe.Monitors;
import io.pillion.engine.observe.Observation;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.persistence.backup.Backups;
import io.pillion.engine.pubsub.PubSub;
import io.pillion.engine.replication.Following;
import io.pillion.engine.replication.Replication;
import io.pillion.engine.scripting.FunctionLibraries;
import io.pillion.engine.scripting.Scripts;
import io.pillion.engine.tracking.Tracking;

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
    Shutdown shutdown) {}
