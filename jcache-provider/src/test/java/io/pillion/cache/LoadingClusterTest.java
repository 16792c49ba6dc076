package io.pillion.cache;

import io.pillion.client.Commands;
import io.pillion.client.RedisCluster;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Loading on a cluster, where a lease is on the slot of its entry. */
class LoadingClusterTest extends LoadingContract {
  @RegisterExtension
  static final TwoClients CLIENTS = TwoClients.of(RedisCluster::start, RedisCluster::url);

  @Override
  Commands one() {
    return CLIENTS.one();
  }

  @Override
  Commands other() {
    return CLIENTS.other();
  }
}
