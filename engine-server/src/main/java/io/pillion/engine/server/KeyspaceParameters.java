package io.pillion.engine.server;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.keyspace.EvictionPolicy;
import io.pillion.engine.keyspace.KeyspaceSettings;

/** Keeps what the keyspace and its types look at in step with the parameters. */
final class KeyspaceParameters {
  private KeyspaceParameters() {}

  static void follow(Parameters parameters, KeyspaceSettings settings) {
    Parameters.Listener listener = () -> copy(parameters, settings);
    listener.changed();
    parameters.onChange(
        listener,
        "maxmemory",
        "maxmemory-policy",
        "maxmemory-samples",
        "lfu-log-factor",
        "lfu-decay-time",
        "lazyfree-lazy-user-del",
        "lazyfree-lazy-user-flush",
        "lazyfree-lazy-server-del",
        "lazyfree-lazy-expire",
        "lazyfree-lazy-eviction",
        "hash-max-listpack-entries",
        "hash-max-listpack-value",
        "set-max-intset-entries",
        "set-max-listpack-entries",
        "set-max-listpack-value",
        "zset-max-listpack-entries",
        "zset-max-listpack-value",
        "list-max-listpack-size",
        "stream-node-max-bytes",
        "stream-node-max-entries");
  }

  private static void copy(Parameters parameters, KeyspaceSettings settings) {
    settings.maxMemoryBytes = parameters.number("maxmemory");
    settings.policy = policy(parameters.text("maxmemory-policy"));
    settings.samples = parameters.integer("maxmemory-samples");
    settings.lfuLogFactor = parameters.integer("lfu-log-factor");
    settings.lfuDecayMinutes = parameters.integer("lfu-decay-time");
    settings.lazyDelete = parameters.isOn("lazyfree-lazy-user-del");
    settings.lazyFlush = parameters.isOn("lazyfree-lazy-user-flush");
    settings.lazyReplace = parameters.isOn("lazyfree-lazy-server-del");
    settings.lazyExpire = parameters.isOn("lazyfree-lazy-expire");
    settings.lazyEvict = parameters.isOn("lazyfree-lazy-eviction");
    TypeLimits types = settings.types;
    types.hashMaxPackedEntries = clamped(parameters, "hash-max-listpack-entries");
    types.hashMaxPackedBytes = clamped(parameters, "hash-max-listpack-value");
    types.setMaxIntegers = clamped(parameters, "set-max-intset-entries");
    types.setMaxPackedEntries = clamped(parameters, "set-max-listpack-entries");
    types.setMaxPackedBytes = clamped(parameters, "set-max-listpack-value");
    types.sortedSetMaxPackedEntries = clamped(parameters, "zset-max-listpack-entries");
    types.sortedSetMaxPackedBytes = clamped(parameters, "zset-max-listpack-value");
    types.listMaxPackedSize = parameters.integer("list-max-listpack-size");
    types.streamNodeMaxBytes = clamped(parameters, "stream-node-max-bytes");
    types.streamNodeMaxEntries = clamped(parameters, "stream-node-max-entries");
  }

  private static int clamped(Parameters parameters, String name) {
    return (int) Math.min(Integer.MAX_VALUE, parameters.number(name));
  }

  private static EvictionPolicy policy(String redisName) {
    for (EvictionPolicy policy : EvictionPolicy.values()) {
      if (policy.redisName().equals(redisName)) {
        return policy;
      }
    }
    throw new IllegalStateException("no eviction policy is named " + redisName);
  }
}
