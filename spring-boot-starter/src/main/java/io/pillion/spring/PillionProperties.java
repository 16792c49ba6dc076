package io.pillion.spring;

import io.pillion.cache.FailureSettings;
import io.pillion.cache.LoadingSettings;
import io.pillion.cache.NearSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What an application says about Pillion in its configuration.
 *
 * @param url Where commands go: redis://[user:password@]host:port, rediss://, redis-socket:///path,
 *     redis-sentinel://host#primary, or several hosts for a cluster. Empty for an engine inside
 *     this process.
 * @param username User to authenticate as; overrides the user in the URL.
 * @param password Password to authenticate with; overrides the password in the URL.
 * @param timeout How long a command may take; overrides the option in the URL.
 * @param connectTimeout How long making a connection may take; overrides the option in the URL.
 * @param clientName Name the server lists this application under; the application's name when it is
 *     not given.
 * @param checkOnStart Whether the application refuses to start when the server does not answer.
 * @param embedded Engine inside this process.
 * @param cache Caches.
 * @param session HTTP sessions.
 * @param leaderboard Leaderboards.
 * @param jcache JSR-107 cache manager.
 * @param serialization Objects in Java's serialized form.
 */
@ConfigurationProperties("pillion")
public record PillionProperties(
    @DefaultValue("") String url,
    @Nullable String username,
    @Nullable String password,
    @Nullable Duration timeout,
    @Nullable Duration connectTimeout,
    @Nullable String clientName,
    @DefaultValue("true") boolean checkOnStart,
    @DefaultValue Embedded embedded,
    @DefaultValue Cache cache,
    @DefaultValue Session session,
    @DefaultValue Leaderboard leaderboard,
    @DefaultValue JCache jcache,
    @DefaultValue Serialization serialization) {

  /** Names no secret. */
  @Override
  public String toString() {
    return "PillionProperties";
  }

  /**
   * The engine inside this process.
   *
   * @param listen Where other processes reach the engine: a port on the loopback address, an
   *     address and a port such as 127.0.0.1:6399, or the absolute path of a Unix domain socket.
   *     Empty for nowhere: no port is opened.
   * @param maxMemory Memory for keys and values, outside the Java heap.
   * @param settings Directives of the engine as in redis.conf, by their names: what is kept on disk
   *     (dir, appendonly, save), backups (backup-schedule, restore-from) and others. True and false
   *     are read as yes and no.
   */
  public record Embedded(
      @DefaultValue("") String listen,
      @Nullable DataSize maxMemory,
      @DefaultValue Map<String, String> settings) {

    /** The settings as lines of redis.conf. */
    public String config() {
      StringBuilder lines = new StringBuilder();
      settings.forEach(
          (name, value) -> lines.append(name).append(' ').append(words(value)).append('\n'));
      return lines.toString();
    }

    private static String words(String value) {
      return switch (value) {
        case "" -> "\"\"";
        // What YAML makes of yes and no.
        case "true" -> "yes";
        case "false" -> "no";
        default -> value.replaceAll("[\r\n]", " ");
      };
    }
  }

  /**
   * Caches, Spring's and those of the JCache manager: what holds for all of them, and what single
   * caches say otherwise. The time to live, null values and statistics of JCache caches are said in
   * their own configuration.
   *
   * @param enabled Whether to provide the CacheManager.
   * @param prefix What every key of a cache begins with; applications that share a server and must
   *     not share caches each have their own.
   * @param ttl How long an entry lives after it was written. Without it entries stay until evicted,
   *     thirty days at most.
   * @param allowNullValues Whether a null result is cached.
   * @param compressFrom Size from which values are compressed. Without it none is.
   * @param unreadable Whether a value that cannot be read is a miss that is counted, or a failure.
   * @param statistics Whether hits, misses, puts and removals are counted.
   * @param transactional Whether caches change when the caller's transaction was committed, and not
   *     when it is rolled back.
   * @param near Copies of entries in this process.
   * @param loading Values that many want at once.
   * @param failure What happens while the server is away.
   * @param writeBehind Writers that are called later; of JCache caches that write through.
   * @param caches Settings of single caches, by cache name.
   */
  public record Cache(
      @DefaultValue("true") boolean enabled,
      @DefaultValue("p") String prefix,
      @Nullable Duration ttl,
      @DefaultValue("true") boolean allowNullValues,
      @Nullable DataSize compressFrom,
      @DefaultValue("miss") Unreadable unreadable,
      @DefaultValue("true") boolean statistics,
      @DefaultValue("true") boolean transactional,
      @DefaultValue Near near,
      @DefaultValue Loading loading,
      @DefaultValue Failure failure,
      @DefaultValue WriteBehind writeBehind,
      @DefaultValue Map<String, NamedCache> caches) {

    /** What holds for the cache of this name, its own settings before those for all. */
    public NamedCache of(String name) {
      NamedCache own = caches.getOrDefault(name, NamedCache.AS_ALL);
      return new NamedCache(
          own.ttl() != null ? own.ttl() : ttl,
          own.allowNullValues() != null ? own.allowNullValues() : Boolean.valueOf(allowNullValues),
          own.compressFrom() != null ? own.compressFrom() : compressFrom,
          own.unreadable() != null ? own.unreadable() : unreadable,
          own.near() == null ? near : own.near().orElse(near),
          own.loading() == null ? loading : own.loading().orElse(loading),
          own.failure() == null ? failure : own.failure().orElse(failure),
          own.writeBehind() == null ? writeBehind : own.writeBehind());
    }
  }

  /**
   * One cache; what is not given here is as for all caches.
   *
   * @param ttl How long an entry lives after it was written.
   * @param allowNullValues Whether a null result is cached.
   * @param compressFrom Size from which values are compressed.
   * @param unreadable Whether a value that cannot be read is a miss that is counted, or a failure.
   * @param near Copies of entries in this process.
   * @param loading Values that many want at once.
   * @param failure What happens while the server is away.
   * @param writeBehind Writers that are called later.
   */
  public record NamedCache(
      @Nullable Duration ttl,
      @Nullable Boolean allowNullValues,
      @Nullable DataSize compressFrom,
      @Nullable Unreadable unreadable,
      @Nullable Near near,
      @Nullable Loading loading,
      @Nullable Failure failure,
      @Nullable WriteBehind writeBehind) {
    static final NamedCache AS_ALL = new NamedCache(null, null, null, null, null, null, null, null);
  }

  /**
   * What happens while the server cannot be reached. With a mode, what could not be stored, removed
   * or cleared is made good when the server is back.
   *
   * @param mode Whether the application goes on without the cache or hears of the failure at once.
   *     Without it every operation asks the server and fails with it.
   * @param failuresToOpen After how many failures in a row nothing is sent for a while.
   * @param retryAfter For how long nothing is sent then.
   * @param mostMissed How many missed keys are remembered before the cache is cleared instead.
   */
  public record Failure(
      @Nullable FailureMode mode,
      @Nullable Integer failuresToOpen,
      @Nullable Duration retryAfter,
      @Nullable Integer mostMissed) {

    Failure orElse(Failure all) {
      return new Failure(
          mode != null ? mode : all.mode,
          failuresToOpen != null ? failuresToOpen : all.failuresToOpen,
          retryAfter != null ? retryAfter : all.retryAfter,
          mostMissed != null ? mostMissed : all.mostMissed);
    }

    /** As the cache core knows it; null when nothing is to happen. */
    public @Nullable FailureSettings settings() {
      if (mode == null) {
        return null;
      }
      FailureSettings settings =
          mode == FailureMode.OPEN ? FailureSettings.open() : FailureSettings.fast();
      if (failuresToOpen != null) {
        settings = settings.withFailuresToOpen(failuresToOpen);
      }
      if (retryAfter != null) {
        settings = settings.withRetryAfter(retryAfter);
      }
      return mostMissed == null ? settings : settings.withMostMissed(mostMissed);
    }
  }

  /**
   * How the changes of a JCache cache that writes through reach its writer later, from a queue on
   * the server.
   *
   * @param enabled Whether the writer is called later.
   * @param batchSize How many changes are written at once, at most.
   * @param maxDelay How long a change waits for others, at most.
   * @param retries How often a change that failed is tried again before it becomes a dead letter.
   * @param backOff The time before the first of these; it doubles each time.
   * @param maxBackOff The longest such time.
   * @param capacity How many changes may wait, and how many dead letters there may be.
   * @param fullWait How long an operation waits when the queue is full.
   * @param lease How long a process that died keeps others from writing.
   * @param drain How long closing the cache waits for the queue to be written.
   */
  public record WriteBehind(
      @Nullable Boolean enabled,
      @Nullable Integer batchSize,
      @Nullable Duration maxDelay,
      @Nullable Integer retries,
      @Nullable Duration backOff,
      @Nullable Duration maxBackOff,
      @Nullable Integer capacity,
      @Nullable Duration fullWait,
      @Nullable Duration lease,
      @Nullable Duration drain) {}

  /** What comes of a value that cannot be read: of another version of its class, say. */
  public enum Unreadable {
    /** It counts as missing. */
    MISS,
    /** Whoever reads it gets an exception. */
    FAIL
  }

  /** Whether an application hears of a server that is away. */
  public enum FailureMode {
    /** The application goes on without the cache. */
    OPEN,
    /** Operations fail at once. */
    FAST
  }

  /**
   * How values are loaded that many want at once. Concerns what Spring loads through the cache:
   * sync = true, and methods that return futures or reactive types.
   *
   * @param lease Lets one process at a time load a key, for at most so long. Without it each
   *     process loads for itself.
   * @param staleFor How long an entry is still handed out after its time to live, while it is
   *     loaded anew in the background.
   * @param refreshAhead From how long before its end an entry that is read is loaded anew in the
   *     background.
   * @param jitter By what part of it, at most, a time to live is cut at random: 0 to 0.5.
   * @param absentFor How long it is remembered that there is no value, where that is not the same
   *     as for values.
   */
  public record Loading(
      @Nullable Duration lease,
      @Nullable Duration staleFor,
      @Nullable Duration refreshAhead,
      @Nullable Double jitter,
      @Nullable Duration absentFor) {

    Loading orElse(Loading all) {
      return new Loading(
          lease != null ? lease : all.lease,
          staleFor != null ? staleFor : all.staleFor,
          refreshAhead != null ? refreshAhead : all.refreshAhead,
          jitter != null ? jitter : all.jitter,
          absentFor != null ? absentFor : all.absentFor);
    }

    /** As the cache core knows it. */
    public LoadingSettings settings() {
      return new LoadingSettings(
          lease,
          staleFor == null ? Duration.ZERO : staleFor,
          refreshAhead == null ? Duration.ZERO : refreshAhead,
          jitter == null ? 0 : jitter,
          absentFor == null ? Duration.ZERO : absentFor);
    }
  }

  /**
   * Copies of entries in this process. An engine inside this process has none, as its entries are
   * here already.
   *
   * @param enabled Whether copies are kept.
   * @param maxSize What they may weigh.
   * @param ttl After which a copy is fetched again in any case. Without it a copy lives as long as
   *     its entry.
   * @param maxStaleness How late a change of another process may be seen.
   * @param immutable Comma-separated list of classes whose objects never change and are handed out
   *     without being copied: a class name, a package followed by .* or, with the packages below
   *     it, by .**
   */
  public record Near(
      @Nullable Boolean enabled,
      @Nullable DataSize maxSize,
      @Nullable Duration ttl,
      @Nullable Duration maxStaleness,
      @Nullable List<String> immutable) {

    Near orElse(Near all) {
      return new Near(
          enabled != null ? enabled : all.enabled,
          maxSize != null ? maxSize : all.maxSize,
          ttl != null ? ttl : all.ttl,
          maxStaleness != null ? maxStaleness : all.maxStaleness,
          immutable != null ? immutable : all.immutable);
    }

    /** As the cache core knows it; null when no copies are kept. */
    public @Nullable NearSettings settings() {
      if (!Boolean.TRUE.equals(enabled)) {
        return null;
      }
      NearSettings settings = NearSettings.defaults().withTtl(ttl);
      if (maxSize != null) {
        settings = settings.withMaxBytes(maxSize.toBytes());
      }
      if (maxStaleness != null) {
        settings = settings.withMaxStaleness(maxStaleness);
      }
      for (String pattern : immutable == null ? List.<String>of() : immutable) {
        settings = settings.withImmutable(pattern);
      }
      return settings;
    }
  }

  /**
   * HTTP sessions.
   *
   * @param enabled Whether to keep HTTP sessions in the engine.
   * @param namespace Keeps the sessions of applications that share a server apart.
   * @param sweepInterval How often expired sessions are looked for, to tell the application of
   *     them.
   */
  public record Session(
      @DefaultValue("true") boolean enabled,
      @DefaultValue("default") String namespace,
      @DefaultValue("10s") Duration sweepInterval) {}

  /**
   * Leaderboards.
   *
   * @param enabled Whether to provide the leaderboards bean.
   */
  public record Leaderboard(@DefaultValue("true") boolean enabled) {}

  /**
   * The JSR-107 cache manager.
   *
   * @param enabled Whether to provide a javax.cache.CacheManager bean. When not given, only if
   *     Spring Boot's JCache support needs it.
   */
  public record JCache(@Nullable Boolean enabled) {}

  /**
   * Objects in Java's serialized form.
   *
   * @param allow Comma-separated list of classes that may be read back, besides those of the
   *     application's own packages: a class name, a package followed by .* or, with the packages
   *     below it, by .**
   */
  public record Serialization(@DefaultValue List<String> allow) {}
}
