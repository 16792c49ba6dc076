package io.pillion.cache;

import io.pillion.client.Commands;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Loading on an engine of this JVM. */
class LoadingEmbeddedTest extends LoadingContract {
  @RegisterExtension static final TwoClients CLIENTS = TwoClients.embedded("LoadingEmbeddedTest");

  @Override
  Commands one() {
    return CLIENTS.one();
  }

  @Override
  Commands other() {
    return CLIENTS.other();
  }
}
