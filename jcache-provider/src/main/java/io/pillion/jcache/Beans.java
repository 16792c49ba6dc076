package io.pillion.jcache;

import java.lang.management.ManagementFactory;
import java.util.Set;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/**
 * Where the management beans of a cache stand in the platform's MBean server: JSR-107's two where
 * the standard says, others under {@code io.pillion}.
 */
final class Beans {
  private static final Set<String> OF_STANDARD =
      Set.of(StatisticsBean.TYPE, ConfigurationBean.TYPE);

  private Beans() {}

  static void register(Cache<?, ?> cache, String type, Object bean) {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    try {
      ObjectName name = name(cache, type);
      if (!server.isRegistered(name)) {
        server.registerMBean(bean, name);
      }
    } catch (JMException e) {
      throw new CacheException("Cannot register the " + type + " bean of " + cache.getName(), e);
    }
  }

  static void unregister(Cache<?, ?> cache, String type) {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    try {
      ObjectName name = name(cache, type);
      if (server.isRegistered(name)) {
        server.unregisterMBean(name);
      }
    } catch (JMException e) {
      throw new CacheException("Cannot unregister the " + type + " bean of " + cache.getName(), e);
    }
  }

  private static ObjectName name(Cache<?, ?> cache, String type) throws JMException {
    return new ObjectName(
        (OF_STANDARD.contains(type) ? "javax.cache" : "io.pillion")
            + ":type="
            + type
            + ",CacheManager="
            + safe(withoutPassword(cache.getCacheManager().getURI().toString()))
            + ",Cache="
            + safe(cache.getName()));
  }

  private static String withoutPassword(String uri) {
    return uri.replaceFirst("//[^/?#]*@", "//");
  }

  /** Characters that mean something in an object name become dots, as the standard says. */
  private static String safe(String text) {
    return text.replaceAll("[:=\n,*?\"]", ".");
  }
}
