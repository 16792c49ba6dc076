package io.pillion.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import io.pillion.cache.EntryStore.Fetched;
import io.pillion.client.CommandException;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import io.pillion.client.Invalidations;
import java.time.Duration;
import java.util.Arrays;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The copies of one cache's entries in this process.
 *
 * <p><b>A copy is never older than what is reported.</b> Before the server is asked for a missing
 * entry, a {@link Fill} takes the entry's place. A report of a change, and a write of this process,
 * remove whatever is in the place. The answer is kept only if its fill is still there: then no
 * change was reported since the question was sent, and every later one will find the copy and
 * remove it. This needs no order between the connection that brings answers and the one that brings
 * reports.
 *
 * <p><b>Everything ends at once.</b> Places carry the epoch in which their fill began. Whatever
 * concerns all entries (cleared, flushed, reports may have been lost) begins a new epoch, which
 * costs the same however many copies there are.
 *
 * <p><b>The bound.</b> The server's answer to a heartbeat says that all changes acknowledged before
 * it was sent were reported. Copies are used until {@code maxStaleness} after that, and not at all
 * between a gap in the reports and the first heartbeat when they are complete again.
 *
 * <p>Immutable values are kept as objects and handed out; others are kept as the server's bytes and
 * decoded for each reader, who may then do with them what he likes.
 */
final class NearCache implements Invalidations.Listener, NearStatistics {
  private static final Logger log = LoggerFactory.getLogger(NearCache.class);
  private static final int OVERHEAD = 64;

  private final KeyLayout layout;
  private final KeyCodec keyCodec;
  private final boolean textKeys;
  private final ValueFormat valueFormat;
  private final ImmutableTypes immutableTypes;
  private final Duration maxStaleness;
  private final long maxStalenessNanos;
  private final long ttlNanos;
  private final Cache<Object, Place> places;

  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();
  private final LongAdder invalidations = new LongAdder();
  private final AtomicLong epoch = new AtomicLong();
  private final AtomicBoolean emptying = new AtomicBoolean();
  private @Nullable Invalidations reports;
  private volatile long heardNanos = System.nanoTime();
  private volatile long freshUntilNanos = System.nanoTime() - 1;

  private NearCache(
      NearSettings settings, KeyLayout layout, KeyCodec keyCodec, ValueFormat valueFormat) {
    this.layout = layout;
    this.keyCodec = keyCodec;
    this.textKeys = keyCodec instanceof TextKeyCodec;
    this.valueFormat = valueFormat;
    this.immutableTypes = new ImmutableTypes(settings.immutable());
    this.maxStaleness = settings.maxStaleness();
    this.maxStalenessNanos = maxStaleness.toNanos();
    Duration ttl = settings.ttl();
    this.ttlNanos = ttl == null ? Long.MAX_VALUE / 4 : Math.min(nanos(ttl), Long.MAX_VALUE / 4);
    this.places =
        Caffeine.newBuilder()
            .maximumWeight(settings.maxBytes())
            .<Object, Place>weigher((key, place) -> place.weight)
            .executor(Runnable::run)
            .build();
  }

  private static long nanos(Duration duration) {
    return duration.compareTo(Duration.ofDays(365)) > 0 ? Long.MAX_VALUE / 4 : duration.toNanos();
  }

  /**
   * The copies that these settings want, told of changes from now on; null when none are wanted, or
   * none can be kept.
   *
   * @throws IllegalArgumentException when the server cannot report changes
   */
  static @Nullable NearCache open(CacheSettings<?, ?> settings, Commands commands) {
    NearSettings wanted = settings.near();
    if (wanted == null) {
      return null;
    }
    Expiry expiry = settings.expiry();
    if (!expiry.isFixed() || expiry.forAccess() != Expiry.UNCHANGED) {
      log.info(
          "Cache '{}' keeps no copies in this process: the server has to see every read of its"
              + " entries, as reading may change how long they live",
          settings.name());
      return null;
    }
    NearCache copies =
        new NearCache(wanted, settings.keyLayout(), settings.keyCodec(), settings.valueFormat());
    return copies.follow(settings.name(), commands) ? copies : null;
  }

  private boolean follow(String name, Commands commands) {
    Invalidations asked;
    try {
      asked = commands.invalidations(layout.keyPrefix(), maxStaleness.dividedBy(4), this);
    } catch (UnsupportedOperationException inThisProcess) {
      log.debug("Cache '{}' keeps no copies: {}", name, inThisProcess.getMessage());
      return false;
    }
    reports = asked;
    try {
      commands.await(asked.established());
    } catch (CommandException e) {
      asked.close();
      throw new IllegalArgumentException(
          "Cache '"
              + name
              + "' cannot have a near cache: "
              + commands.target()
              + " does not report changed keys (CLIENT TRACKING over RESP3, which Redis 6.2, Valkey"
              + " and Pillion have): "
              + e.getMessage(),
          e);
    } catch (ConnectionException e) {
      log.warn(
          "Cache '{}' keeps no copies in this process until {} can be reached: {}",
          name,
          commands.target(),
          e.getMessage());
    }
    return true;
  }

  /** Ends it. */
  void close() {
    if (reports != null) {
      reports.close();
    }
  }

  /**
   * Under what an entry is kept: keys of the frequent types as they are; any other key, which may
   * be mutable, as the bytes of its id.
   */
  Object place(Object key, byte @Nullable [] id) {
    if (textKeys && isPlain(key)) {
      return key;
    }
    return new Id(id == null ? keyCodec.encode(key) : id);
  }

  private static boolean isPlain(Object key) {
    return key instanceof String
        || key instanceof Integer
        || key instanceof Long
        || key instanceof UUID;
  }

  /** The value of the copy in this place, the caller's own unless immutable; or null. */
  @Nullable Object get(Object place) {
    long now = System.nanoTime();
    if (now - freshUntilNanos < 0
        && places.getIfPresent(place) instanceof Copy copy
        && copy.epoch == epoch.get()
        && copy.endNanos - now > 0) {
      hits.increment();
      return copy.value instanceof byte[] bytes && !copy.shared
          ? valueFormat.decode(bytes)
          : copy.value;
    }
    misses.increment();
    return null;
  }

  /**
   * To be called before the server is asked for the entry of this place.
   *
   * @return what {@link #keep} needs, or null when the answer cannot be kept
   */
  @Nullable Fill begin(Object place) {
    // Read before the check: a gap withdraws the one before it begins the next of the other.
    long current = epoch.get();
    long now = System.nanoTime();
    if (now - freshUntilNanos >= 0 || !canReport(place)) {
      return null;
    }
    Fill fill = new Fill(place, current, now);
    Place before = places.asMap().putIfAbsent(place, fill);
    if (before == null) {
      return fill;
    }
    boolean outdated =
        before.epoch != current || (before instanceof Copy copy && copy.endNanos - now <= 0);
    // Otherwise somebody else is asking already.
    return outdated && places.asMap().replace(place, before, fill) ? fill : null;
  }

  /** Reports carry the key's bytes: half a surrogate pair would not come back as it is. */
  private static boolean canReport(Object place) {
    return !(place instanceof String string) || BasicCodec.isUnicode(string);
  }

  /** The server's answer to the question that the fill was begun for. */
  void keep(Fill fill, Fetched fetched, @Nullable Object value) {
    byte[] stored = fetched.value();
    long ttl = fetched.ttlMillis();
    if (stored == null || value == null || ttl == 0 || ttl < EntryStore.NO_TTL) {
      abandon(fill);
      return;
    }
    long life = ttlNanos;
    if (ttl != EntryStore.NO_TTL && ttl < life / 1_000_000) {
      life = ttl * 1_000_000;
    }
    boolean shared = immutableTypes.isImmutable(value);
    int weight = OVERHEAD + stored.length + weight(fill.place);
    Copy copy =
        new Copy(shared ? value : stored, shared, fill.epoch, fill.beganNanos + life, weight);
    places.asMap().replace(fill.place, fill, copy);
  }

  private static int weight(Object place) {
    return place instanceof String text
        ? text.length()
        : place instanceof Id id ? id.bytes.length : 16;
  }

  /** The question that the fill was begun for has failed. */
  void abandon(Fill fill) {
    places.asMap().remove(fill.place, fill);
  }

  /** This process has changed the entry of this id, or has tried to. */
  void written(byte[] id) {
    Object place = placeOf(id);
    if (place != null) {
      places.asMap().remove(place);
    }
  }

  /** The cache was cleared. */
  void cleared() {
    epoch.incrementAndGet();
    emptySoon();
  }

  // Copies of past epochs only cost memory: they are removed away from the caller's thread.
  private void emptySoon() {
    if (emptying.compareAndSet(false, true)) {
      CacheThreads.WORKERS.execute(
          () -> {
            emptying.set(false);
            places.invalidateAll();
          });
    }
  }

  private @Nullable Object placeOf(byte[] id) {
    if (textKeys && !TextKeyCodec.isSerialized(id)) {
      try {
        return keyCodec.decode(id);
      } catch (CodecException foreign) {
        return null;
      }
    }
    return new Id(id);
  }

  @Override
  public void onInvalidated(byte[] key) {
    if (layout.isGeneration(key)) {
      invalidations.increment();
      cleared();
      return;
    }
    byte[] id = layout.idInAnyGeneration(key);
    if (id != null) {
      invalidations.increment();
      written(id);
    }
  }

  @Override
  public void onGap() {
    // First no use, then the new epoch: see begin.
    freshUntilNanos = System.nanoTime() - 1;
    cleared();
  }

  @Override
  public void onHeard(long nanos) {
    heardNanos = nanos;
    freshUntilNanos = nanos + maxStalenessNanos;
  }

  @Override
  public long hits() {
    return hits.sum();
  }

  @Override
  public long misses() {
    return misses.sum();
  }

  @Override
  public long invalidations() {
    return invalidations.sum();
  }

  @Override
  public long flushes() {
    return epoch.get();
  }

  @Override
  public long size() {
    return places.estimatedSize();
  }

  @Override
  public long weightBytes() {
    return places
        .policy()
        .eviction()
        .map(Policy.Eviction::weightedSize)
        .map(weight -> weight.orElse(0))
        .orElse(0L);
  }

  @Override
  public Duration maxStaleness() {
    return maxStaleness;
  }

  @Override
  public Duration staleness() {
    return Duration.ofNanos(Math.max(0, System.nanoTime() - heardNanos));
  }

  @Override
  public boolean isLive() {
    return System.nanoTime() - freshUntilNanos < 0;
  }

  /** What is in the place of an entry. */
  private abstract static class Place {
    final long epoch;
    final int weight;

    Place(long epoch, int weight) {
      this.epoch = epoch;
      this.weight = weight;
    }
  }

  /** The server is being asked. */
  static final class Fill extends Place {
    private final Object place;
    private final long beganNanos;

    Fill(Object place, long epoch, long beganNanos) {
      super(epoch, OVERHEAD);
      this.place = place;
      this.beganNanos = beganNanos;
    }
  }

  /** What the server answered: an object for everybody, or bytes to decode. */
  private static final class Copy extends Place {
    private final Object value;
    private final boolean shared;
    private final long endNanos;

    Copy(Object value, boolean shared, long epoch, long endNanos, int weight) {
      super(epoch, weight);
      this.value = value;
      this.shared = shared;
      this.endNanos = endNanos;
    }
  }

  /** A key as the server has it. */
  private static final class Id {
    private final byte[] bytes;
    private final int hash;

    Id(byte[] bytes) {
      this.bytes = bytes;
      this.hash = Arrays.hashCode(bytes);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Id id && Arrays.equals(bytes, id.bytes);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }
}
