package io.pillion.cache;

import io.pillion.client.Commands;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Writing behind on our engine, over TCP. */
class WriteBehindTcpTest extends WriteBehindContract {
  @RegisterExtension static final TwoClients CLIENTS = TwoClients.overTcp("WriteBehindTcpTest");

  @Override
  Commands one() {
    return CLIENTS.one();
  }

  @Override
  Commands other() {
    return CLIENTS.other();
  }
}
