package io.pillion.cache;

import io.pillion.client.Commands;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Writing behind on an engine of this JVM. */
class WriteBehindEmbeddedTest extends WriteBehindContract {
  @RegisterExtension
  static final TwoClients CLIENTS = TwoClients.embedded("WriteBehindEmbeddedTest");

  @Override
  Commands one() {
    return CLIENTS.one();
  }

  @Override
  Commands other() {
    return CLIENTS.other();
  }
}
