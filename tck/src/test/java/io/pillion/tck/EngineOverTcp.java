package io.pillion.tck;

import io.pillion.engine.net.Endpoint;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.PillionEngine;
import io.pillion.jcache.PillionCachingProvider;
import org.junit.runner.notification.RunListener;

/**
 * Lets the tests of a run that it listens to go to an engine over TCP: made by the test runner
 * before any test, it makes that engine the server of the default URI.
 */
public final class EngineOverTcp extends RunListener {
  private static final PillionEngine ENGINE =
      new EngineBuilder().listen(new Endpoint.Tcp("127.0.0.1", 0, /* optional= */ false)).start();

  /** Made by the test runner. */
  public EngineOverTcp() {
    System.setProperty(PillionCachingProvider.URL_PROPERTY, "redis://127.0.0.1:" + ENGINE.port());
  }
}
