package io.pillion.tck;

import io.pillion.client.RedisCluster;
import io.pillion.jcache.PillionCachingProvider;
import org.junit.runner.notification.RunListener;

/**
 * Lets the tests of a run that it listens to go to a cluster of six: three primaries, each with a
 * replica, started on free ports when the test runner makes this, and ended with the JVM.
 */
public final class OnRedisCluster extends RunListener {
  private static final RedisCluster CLUSTER = RedisCluster.startWithReplicas();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(CLUSTER::close));
  }

  /** Made by the test runner. */
  public OnRedisCluster() {
    System.setProperty(PillionCachingProvider.URL_PROPERTY, CLUSTER.url());
  }
}
