package io.pillion.jcache;

import io.pillion.cache.CacheSettings;
import io.pillion.cache.FailureSettings;
import io.pillion.cache.GenericType;
import io.pillion.cache.JsonCodec;
import io.pillion.cache.LoadingSettings;
import io.pillion.cache.NearSettings;
import io.pillion.cache.ValueCodec;
import io.pillion.cache.WriteBehindSettings;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import javax.cache.CacheException;
import javax.cache.configuration.Configuration;
import javax.cache.configuration.Factory;
import org.jspecify.annotations.Nullable;

/** The settings of a cache manager's properties, as they apply to a cache. */
final class ManagerSettings {
  private static final String PREFIX = "pillion.prefix";
  private static final String ALLOW = "pillion.serialization.allow";
  private static final String TTL_CEILING = "pillion.ttl-ceiling";
  private static final String COMPRESS_FROM = "pillion.compress-from";
  private static final String CODEC = "pillion.codec";
  private static final String UNREADABLE = "pillion.unreadable";
  private static final String LOADING = "pillion.loading.";
  private static final String FAILURE = "pillion.failure";
  private static final String BEHIND = "pillion.write-behind";
  private static final String NEAR = "pillion.near";
  private static final String NEAR_MAX_BYTES = "pillion.near.max-bytes";
  private static final String NEAR_TTL = "pillion.near.ttl";
  private static final String NEAR_MAX_STALENESS = "pillion.near.max-staleness";
  private static final String NEAR_IMMUTABLE = "pillion.near.immutable";

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
    valueClasses(configuration).forEach(type -> allowPackage(settings, type));
    settings.valueType(configuration.getValueType());
    Lookup lookup = new Lookup(cacheName, properties);
    lookup.apply(ALLOW, list -> patterns(list).forEach(settings::allow));
    lookup.apply(PREFIX, settings::prefix);
    lookup.apply(TTL_CEILING, text -> settings.ttlCeiling(durationOrNone(text)));
    lookup.apply(COMPRESS_FROM, text -> settings.compressFrom(Integer.parseInt(text)));
    lookup.apply(CODEC, text -> codec(settings, text, configuration));
    Factory<? extends ValueCodec> own = ownCodec(configuration);
    if (own != null) {
      settings.valueCodec(own.create());
    }
    lookup.apply(UNREADABLE, text -> settings.failOnUnreadable(unreadableFails(text)));
    settings.near(near(lookup, configuration));
    settings.loading(loading(lookup, configuration));
    settings.failure(failure(lookup, configuration));
    settings.writeBehind(writeBehind(lookup, configuration));
    return settings;
  }

  private static @Nullable NearSettings near(Lookup lookup, Configuration<?, ?> configuration) {
    NearSettings[] near = {NearSettings.defaults()};
    boolean[] wanted = new boolean[1];
    lookup.apply(NEAR, text -> wanted[0] = truth(text));
    lookup.apply(NEAR_MAX_BYTES, text -> near[0] = near[0].withMaxBytes(Long.parseLong(text)));
    lookup.apply(NEAR_TTL, text -> near[0] = near[0].withTtl(durationOrNone(text)));
    lookup.apply(NEAR_MAX_STALENESS, text -> near[0] = near[0].withMaxStaleness(duration(text)));
    lookup.apply(
        NEAR_IMMUTABLE,
        list -> patterns(list).forEach(one -> near[0] = near[0].withImmutable(one)));
    NearSettings own =
        configuration instanceof PillionConfiguration<?, ?> ours ? ours.getNear() : null;
    return own != null ? own : wanted[0] ? near[0] : null;
  }

  private static LoadingSettings loading(Lookup lookup, Configuration<?, ?> configuration) {
    LoadingSettings[] all = {LoadingSettings.none()};
    lookup.apply(LOADING + "lease", text -> all[0] = all[0].withLease(durationOrNone(text)));
    lookup.apply(LOADING + "stale-for", text -> all[0] = all[0].withStaleFor(duration(text)));
    lookup.apply(
        LOADING + "refresh-ahead", text -> all[0] = all[0].withRefreshAhead(duration(text)));
    lookup.apply(LOADING + "jitter", text -> all[0] = all[0].withJitter(Double.parseDouble(text)));
    lookup.apply(LOADING + "absent-for", text -> all[0] = all[0].withAbsentFor(duration(text)));
    LoadingSettings own =
        configuration instanceof PillionConfiguration<?, ?> ours ? ours.getLoading() : null;
    return own != null ? own : all[0];
  }

  private static @Nullable FailureSettings failure(
      Lookup lookup, Configuration<?, ?> configuration) {
    FailureSettings[] all = {FailureSettings.fast()};
    boolean[] wanted = new boolean[1];
    lookup.apply(
        FAILURE,
        text -> {
          all[0] = FailureSettings.named(text);
          wanted[0] = true;
        });
    lookup.apply(
        FAILURE + ".failures-to-open",
        text -> all[0] = all[0].withFailuresToOpen(Integer.parseInt(text)));
    lookup.apply(FAILURE + ".retry-after", text -> all[0] = all[0].withRetryAfter(duration(text)));
    lookup.apply(
        FAILURE + ".most-missed", text -> all[0] = all[0].withMostMissed(Integer.parseInt(text)));
    FailureSettings own =
        configuration instanceof PillionConfiguration<?, ?> ours ? ours.getFailure() : null;
    return own != null ? own : wanted[0] ? all[0] : null;
  }

  private static @Nullable WriteBehindSettings writeBehind(
      Lookup lookup, Configuration<?, ?> configuration) {
    WriteBehindSettings[] all = {WriteBehindSettings.defaults()};
    boolean[] wanted = new boolean[1];
    lookup.apply(BEHIND, text -> wanted[0] = truth(text));
    lookup.apply(
        BEHIND + ".batch-size", text -> all[0] = all[0].withBatchSize(Integer.parseInt(text)));
    lookup.apply(BEHIND + ".max-delay", text -> all[0] = all[0].withMaxDelay(duration(text)));
    lookup.apply(BEHIND + ".retries", text -> all[0] = withRetries(all[0], Integer.parseInt(text)));
    lookup.apply(
        BEHIND + ".back-off",
        text -> {
          Duration first = duration(text);
          all[0] = all[0].withRetries(all[0].retries(), first, longer(all[0].maxBackOff(), first));
        });
    lookup.apply(
        BEHIND + ".max-back-off",
        text -> all[0] = all[0].withRetries(all[0].retries(), all[0].backOff(), duration(text)));
    lookup.apply(
        BEHIND + ".capacity",
        text -> all[0] = all[0].withCapacity(Integer.parseInt(text), all[0].fullWait()));
    lookup.apply(
        BEHIND + ".full-wait",
        text -> all[0] = all[0].withCapacity(all[0].capacity(), duration(text)));
    lookup.apply(BEHIND + ".lease", text -> all[0] = all[0].withLease(duration(text)));
    lookup.apply(BEHIND + ".drain", text -> all[0] = all[0].withDrain(duration(text)));
    WriteBehindSettings own =
        configuration instanceof PillionConfiguration<?, ?> ours ? ours.getWriteBehind() : null;
    return own != null ? own : wanted[0] ? all[0] : null;
  }

  private static WriteBehindSettings withRetries(WriteBehindSettings settings, int times) {
    return settings.withRetries(times, settings.backOff(), settings.maxBackOff());
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? other : one;
  }

  private static List<String> patterns(String list) {
    return Stream.of(list.split("[,;\\s]+", -1)).filter(one -> !one.isEmpty()).toList();
  }

  private static boolean unreadableFails(String text) {
    return switch (text) {
      case "miss" -> false;
      case "fail" -> true;
      default -> throw new IllegalArgumentException("write miss or fail");
    };
  }

  private static boolean truth(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("write true or false");
    };
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

  private static @Nullable Duration durationOrNone(String text) {
    return text.equalsIgnoreCase("none") ? null : duration(text);
  }

  private static Duration duration(String text) {
    try {
      return Duration.parse(text);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException("write a duration such as P30D, PT12H or PT0.5S", e);
    }
  }

  private static @Nullable GenericType<?> genericType(Configuration<?, ?> configuration) {
    return configuration instanceof PillionConfiguration<?, ?> ours
        ? ours.getGenericValueType()
        : null;
  }

  private static @Nullable Factory<? extends ValueCodec> ownCodec(
      Configuration<?, ?> configuration) {
    return configuration instanceof PillionConfiguration<?, ?> ours
        ? ours.getValueCodecFactory()
        : null;
  }

  private static List<Class<?>> valueClasses(Configuration<?, ?> configuration) {
    GenericType<?> generic = genericType(configuration);
    return generic == null ? List.of(configuration.getValueType()) : generic.classes();
  }

  private static void codec(
      CacheSettings.Builder<?, ?> settings, String name, Configuration<?, ?> configuration) {
    switch (name) {
      case "jdk" -> {}
      case "json" -> {
        GenericType<?> generic = genericType(configuration);
        Type type = generic == null ? configuration.getValueType() : generic.type();
        // Without a type the data would have to name it, which is how JSON becomes unsafe.
        if (type != Object.class && ownCodec(configuration) == null) {
          settings.valueCodec(json(type));
        }
      }
      default -> throw new IllegalArgumentException("known are jdk and json");
    }
  }

  private static JsonCodec json(Type type) {
    try {
      return new JsonCodec(type);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(e.getMessage() + " to PillionConfiguration.setTypes", e);
    }
  }

  /** Where the settings of one cache are found. */
  private record Lookup(String cacheName, Properties properties) {
    void apply(String name, Setting setting) {
      String own = name.replaceFirst("pillion\\.", Matcher.quoteReplacement(prefix()));
      String ofCache = find(own);
      String value = ofCache == null ? find(name) : ofCache;
      if (value == null || value.isBlank()) {
        return;
      }
      try {
        setting.set(value.trim());
      } catch (IllegalArgumentException e) {
        throw new CacheException(
            (ofCache == null ? name : own) + "=" + value + " cannot be used: " + e.getMessage(), e);
      }
    }

    private String prefix() {
      return "pillion.caches." + cacheName + ".";
    }

    private @Nullable String find(String name) {
      return properties.getProperty(name, System.getProperty(name));
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
