package io.pillion.cache;

import io.pillion.client.Commands;
import io.pillion.client.RedisServer;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Writing behind on a real server. */
class WriteBehindRedisTest extends WriteBehindContract {
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
