package io.pillion.jcache;

import io.pillion.cache.CacheSettings;
import io.pillion.cache.JsonCodec;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Properties;
import javax.cache.CacheException;
import javax.cache.configuration.Configuration;
import org.jspecify.annotations.Nullable;

/** The settings of a cache manager's properties, as they apply to a cache. */
final class ManagerSettings {
  private static final String PREFIX = "pillion.prefix";
  private static final String ALLOW = "pillion.serialization.allow";
  private static final String TTL_CEILING = "pillion.ttl-ceiling";
  private static final String COMPRESS_FROM = "pillion.compress-from";
  private static final String CODEC = "pillion.codec";

  private ManagerSettings() {}

  /**
   * Refuses settings that no cache could be made with.
   *
   * @throws CacheException naming the setting
   */
  static void check(Properties properties) {
    settings("check", new AnyTypes(), properties, ManagerSettings.class.getClassLoader()).build();
  }

  static <K, V> CacheSettings.Builder<K, V> settings(
      String cacheName,
      Configuration<K, V> configuration,
      Properties properties,
      ClassLoader classLoader) {
    CacheSettings.Builder<K, V> settings = CacheSettings.named(cacheName);
    settings.classLoader(classLoader);
    allowPackage(settings, configuration.getKeyType());
    allowPackage(settings, configuration.getValueType());
    apply(properties, ALLOW, list -> allow(settings, list));
    apply(properties, PREFIX, settings::prefix);
    apply(properties, TTL_CEILING, text -> settings.ttlCeiling(ceiling(text)));
    apply(properties, COMPRESS_FROM, text -> settings.compressFrom(Integer.parseInt(text)));
    apply(properties, CODEC, text -> codec(settings, text, configuration.getValueType()));
    return settings;
  }

  private static void apply(Properties properties, String name, Setting setting) {
    String value = properties.getProperty(name, System.getProperty(name));
    if (value == null || value.isBlank()) {
      return;
    }
    try {
      setting.set(value.trim());
    } catch (IllegalArgumentException e) {
      throw new CacheException(name + "=" + value + " cannot be used: " + e.getMessage(), e);
    }
  }

  private static void allow(CacheSettings.Builder<?, ?> settings, String list) {
    for (String pattern : list.split("[,;\\s]+", -1)) {
      if (!pattern.isEmpty()) {
        settings.allow(pattern);
      }
    }
  }

  /** A declared type is what the cache is for, with the types beside it that it is made of. */
  private static void allowPackage(CacheSettings.Builder<?, ?> settings, Class<?> type) {
    if (!type.isPrimitive() && !type.isArray() && !type.getName().startsWith("java.")) {
      settings.allow(type.getName());
      if (!type.getPackageName().isEmpty()) {
        settings.allow(type.getPackageName() + ".**");
      }
    }
  }

  private static @Nullable Duration ceiling(String text) {
    if (text.equalsIgnoreCase("none")) {
      return null;
    }
    try {
      return Duration.parse(text);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException("write a duration such as P30D or PT12H, or none", e);
    }
  }

  private static void codec(CacheSettings.Builder<?, ?> settings, String name, Class<?> valueType) {
    switch (name) {
      case "jdk" -> {}
      case "json" -> {
        // Without a type the data would have to name it, which is how JSON becomes unsafe.
        if (valueType != Object.class) {
          settings.valueCodec(new JsonCodec(valueType));
        }
      }
      default -> throw new IllegalArgumentException("known are jdk and json");
    }
  }

  @FunctionalInterface
  private interface Setting {
    void set(String value);
  }

  /** A cache of anything. */
  private static final class AnyTypes implements Configuration<Object, Object> {
    private static final long serialVersionUID = 1L;

    @Override
    public Class<Object> getKeyType() {
      return Object.class;
    }

    @Override
    public Class<Object> getValueType() {
      return Object.class;
    }

    @Override
    public boolean isStoreByValue() {
      return true;
    }
  }
}
