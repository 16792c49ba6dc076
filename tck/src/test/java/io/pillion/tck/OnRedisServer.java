package io.pillion.tck;

import io.pillion.client.RedisServer;
import io.pillion.jcache.PillionCachingProvider;
import org.junit.runner.notification.RunListener;

/**
 * Lets the tests of a run that it listens to go to a {@code redis-server} of this machine, started
 * on a free port when the test runner makes this, and ended with the JVM.
 */
public final class OnRedisServer extends RunListener {
  private static final RedisServer SERVER = RedisServer.start();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(SERVER::close));
  }

  /** Made by the test runner. */
  public OnRedisServer() {
    System.setProperty(PillionCachingProvider.URL_PROPERTY, SERVER.url());
  }
}
