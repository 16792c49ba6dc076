package io.pillion.spring.jcache;

import io.pillion.spring.PillionProperties;
import io.pillion.spring.PillionProperties.Failure;
import io.pillion.spring.PillionProperties.Loading;
import io.pillion.spring.PillionProperties.NamedCache;
import io.pillion.spring.PillionProperties.Near;
import io.pillion.spring.PillionProperties.WriteBehind;
import io.pillion.spring.TrustedClasses;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;

/** What the application's configuration says of caches, in the words of a JCache manager. */
final class ManagerProperties {
  private final Properties properties = new Properties();

  private ManagerProperties() {}

  static Properties of(PillionProperties all, TrustedClasses trusted) {
    PillionProperties.Cache cache = all.cache();
    ManagerProperties manager = new ManagerProperties();
    manager.put("pillion.prefix", cache.prefix());
    manager.put("pillion.serialization.allow", trusted.patterns());
    manager.put("pillion.compress-from", cache.compressFrom());
    manager.put("pillion.unreadable", cache.unreadable());
    manager.near("pillion.", cache.near());
    manager.loading("pillion.", cache.loading());
    manager.failure("pillion.", cache.failure());
    manager.writeBehind("pillion.", cache.writeBehind());
    cache.caches().forEach(manager::named);
    return manager.properties;
  }

  private void named(String name, NamedCache cache) {
    String prefix = "pillion.caches." + name + ".";
    put(prefix + "compress-from", cache.compressFrom());
    put(prefix + "unreadable", cache.unreadable());
    near(prefix, cache.near());
    loading(prefix, cache.loading());
    failure(prefix, cache.failure());
    writeBehind(prefix, cache.writeBehind());
  }

  private void near(String prefix, @Nullable Near near) {
    if (near != null) {
      put(prefix + "near", near.enabled());
      put(prefix + "near.max-bytes", near.maxSize());
      put(prefix + "near.ttl", near.ttl());
      put(prefix + "near.max-staleness", near.maxStaleness());
      put(prefix + "near.immutable", near.immutable());
    }
  }

  private void loading(String prefix, @Nullable Loading loading) {
    if (loading != null) {
      put(prefix + "loading.lease", loading.lease());
      put(prefix + "loading.stale-for", loading.staleFor());
      put(prefix + "loading.refresh-ahead", loading.refreshAhead());
      put(prefix + "loading.jitter", loading.jitter());
      put(prefix + "loading.absent-for", loading.absentFor());
    }
  }

  private void failure(String prefix, @Nullable Failure failure) {
    if (failure != null) {
      put(prefix + "failure", failure.mode());
      put(prefix + "failure.failures-to-open", failure.failuresToOpen());
      put(prefix + "failure.retry-after", failure.retryAfter());
      put(prefix + "failure.most-missed", failure.mostMissed());
    }
  }

  private void writeBehind(String prefix, @Nullable WriteBehind behind) {
    if (behind != null) {
      put(prefix + "write-behind", behind.enabled());
      put(prefix + "write-behind.batch-size", behind.batchSize());
      put(prefix + "write-behind.max-delay", behind.maxDelay());
      put(prefix + "write-behind.retries", behind.retries());
      put(prefix + "write-behind.back-off", behind.backOff());
      put(prefix + "write-behind.max-back-off", behind.maxBackOff());
      put(prefix + "write-behind.capacity", behind.capacity());
      put(prefix + "write-behind.full-wait", behind.fullWait());
      put(prefix + "write-behind.lease", behind.lease());
      put(prefix + "write-behind.drain", behind.drain());
    }
  }

  private void put(String name, @Nullable Object value) {
    if (value instanceof DataSize size) {
      properties.setProperty(name, Long.toString(size.toBytes()));
    } else if (value instanceof List<?> list) {
      properties.setProperty(
          name, list.stream().map(String::valueOf).collect(Collectors.joining(",")));
    } else if (value instanceof Enum<?> constant) {
      properties.setProperty(name, constant.name().toLowerCase(Locale.ROOT));
    } else if (value != null) {
      properties.setProperty(name, value.toString());
    }
  }
}
