package io.pillion.cache;

import io.pillion.client.Commands;
import io.pillion.client.RedisServer;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Loading on a real server, which fences by a script. */
class LoadingRedisTest extends LoadingContract {
  @RegisterExtension
  static final TwoClients CLIENTS = TwoClients.of(RedisServer::find, RedisServer::url);

  @Override
  Commands one() {
    return CLIENTS.one();
  }

  @Override
  Commands other() {
    return CLIENTS.other();
  }
}
