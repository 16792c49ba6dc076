package io.pillion.jcache;

import java.lang.management.ManagementFactory;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;

/**
 * The management beans of one cache in the platform's MBean server: JSR-107's two where the
 * standard says, others under {@code io.pillion}.
 *
 * <p>The standard's names hold the URI and the cache, not the class loader. Where another cache
 * manager of this JVM has taken a name (other class loader or provider, same URI and cache), the
 * later bean stands beside the earlier one, told apart by {@code instance=2} and so on.
 */
final class Beans {
  private static final Set<String> OF_STANDARD =
      Set.of(StatisticsBean.TYPE, ConfigurationBean.TYPE);

  private final Cache<?, ?> cache;

  /** By type; guarded by this. */
  private final Map<String, ObjectName> registered = new HashMap<>();

  /** None yet. */
  Beans(Cache<?, ?> cache) {
    this.cache = cache;
  }

  /** Registers it, unless this cache has a bean of this type already. */
  synchronized void register(String type, Object bean) {
    if (registered.containsKey(type)) {
      return;
    }
    try {
      ObjectName name = null;
      for (int instance = 1; name == null; instance++) {
        name = registeredAs(name(type, instance), bean);
      }
      registered.put(type, name);
    } catch (JMException e) {
      throw new CacheException("Cannot register the " + type + " bean of " + cache.getName(), e);
    }
  }

  /** The name; null when it is taken. */
  private static @Nullable ObjectName registeredAs(ObjectName name, Object bean)
      throws JMException {
    try {
      ManagementFactory.getPlatformMBeanServer().registerMBean(bean, name);
      return name;
    } catch (InstanceAlreadyExistsException taken) {
      return null;
    }
  }

  /** Removes the bean of this type, if this cache has registered one. */
  synchronized void unregister(String type) {
    ObjectName name = registered.remove(type);
    if (name == null) {
      return;
    }
    try {
      ManagementFactory.getPlatformMBeanServer().unregisterMBean(name);
    } catch (InstanceNotFoundException removedByTheApplication) {
      return;
    } catch (JMException e) {
      throw new CacheException("Cannot unregister the " + type + " bean of " + cache.getName(), e);
    }
  }

  private ObjectName name(String type, int instance) throws JMException {
    return new ObjectName(
        (OF_STANDARD.contains(type) ? "javax.cache" : "io.pillion")
            + ":type="
            + type
            + ",CacheManager="
            + safe(withoutSecrets(cache.getCacheManager().getURI()))
            + ",Cache="
            + safe(cache.getName())
            + (instance == 1 ? "" : ",instance=" + instance));
  }

  /** The URI without user, password and the sentinels' password. */
  static String withoutSecrets(URI uri) {
    return uri.toString()
        .replaceFirst("//[^?]*@", "//")
        .replaceAll("(?i)(sentinelPassword=)[^&#]*", "$1***");
  }

  /** Characters that mean something in an object name become dots, as the standard says. */
  private static String safe(String text) {
    return text.replaceAll("[:=\n,*?\"]", ".");
  }
}
