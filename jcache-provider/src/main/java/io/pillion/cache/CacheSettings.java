package io.pillion.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** What one cache is: set once by its builder, checked there, then fixed. */
public final class CacheSettings<K, V> {
  private static final Duration DEFAULT_TTL_CEILING = Duration.ofDays(30);

  private final String name;
  private final String prefix;
  private final KeyCodec keyCodec;
  private final ValueCodec valueCodec;
  private final List<ValueCodec> alsoReads;
  private final int compressFrom;
  private final Expiry expiry;
  private final long ttlCeilingMillis;
  private final @Nullable EntryLoader<K, V> loader;
  private final boolean readThrough;
  private final @Nullable EntryWriter<K, V> writer;
  private final @Nullable EntryObserver<K, V> observer;
  private final boolean statistics;
  private final boolean failsOnUnreadable;
  private final @Nullable Class<?> valueType;
  private final Executor executor;
  private final @Nullable NearSettings near;
  private final LoadingSettings loading;
  private final @Nullable FailureSettings failure;
  private final @Nullable WriteBehindSettings writeBehind;
  private final @Nullable Transactions transactions;

  private CacheSettings(Builder<K, V> builder) {
    name = builder.name;
    prefix = builder.prefix;
    JdkCodec jdk =
        new JdkCodec(new SerializationFilter(builder.allowed, builder.shared), builder.classLoader);
    keyCodec = builder.keyCodec == null ? new TextKeyCodec(jdk) : builder.keyCodec;
    valueCodec = builder.valueCodec == null ? jdk : builder.valueCodec;
    alsoReads = new ArrayList<>(builder.alsoReads);
    alsoReads.add(jdk);
    compressFrom = builder.compressFrom;
    expiry = builder.expiry;
    ttlCeilingMillis = builder.ttlCeilingMillis;
    loader = builder.loader;
    readThrough = builder.readThrough;
    writer = builder.writer;
    observer = builder.observer;
    statistics = builder.statistics;
    failsOnUnreadable = builder.failsOnUnreadable;
    valueType = builder.valueType;
    executor = builder.executor == null ? CacheThreads.WORKERS : builder.executor;
    near = builder.near;
    loading = builder.loading;
    failure = builder.failure;
    writeBehind = builder.writer == null ? null : builder.writeBehind;
    transactions = builder.transactions;
    if (loading.looksAtAge() && (!expiry.isFixed() || expiry.forAccess() != Expiry.UNCHANGED)) {
      throw new IllegalArgumentException(
          "Cache '"
              + name
              + "' cannot refresh its entries or hand out stale ones: how long they live depends on"
              + " when they are read");
    }
    if (writeBehind != null && failure != null && failure.failsOpen()) {
      throw new IllegalArgumentException(
          "Cache '"
              + name
              + "' cannot write behind and go on without its server: a change would be acknowledged"
              + " that is in no queue");
    }
    if (readThrough && loader == null) {
      throw new IllegalArgumentException("Cache '" + name + "' reads through but has no loader");
    }
  }

  /** Settings of a cache with this name; caches of one name, prefix and server share entries. */
  public static <K, V> Builder<K, V> named(String name) {
    return new Builder<>(name);
  }

  /** The name. */
  public String name() {
    return name;
  }

  KeyLayout keyLayout() {
    return new KeyLayout(prefix, name);
  }

  KeyCodec keyCodec() {
    return keyCodec;
  }

  ValueFormat valueFormat() {
    return new ValueFormat(name, valueCodec, alsoReads, compressFrom, valueType);
  }

  Expiry expiry() {
    return expiry;
  }

  long ttlCeilingMillis() {
    return ttlCeilingMillis;
  }

  @Nullable EntryLoader<K, V> loader() {
    return loader;
  }

  boolean readsThrough() {
    return readThrough;
  }

  @Nullable EntryWriter<K, V> writer() {
    return writer;
  }

  @Nullable EntryObserver<K, V> observer() {
    return observer;
  }

  boolean statistics() {
    return statistics;
  }

  boolean failsOnUnreadable() {
    return failsOnUnreadable;
  }

  Executor executor() {
    return executor;
  }

  @Nullable NearSettings near() {
    return near;
  }

  LoadingSettings loading() {
    return loading;
  }

  @Nullable Outage outage() {
    return failure == null ? null : new Outage(name, failure);
  }

  @Nullable Transactions transactions() {
    return transactions;
  }

  /** Null without a writer. */
  @Nullable WriteBehindSettings writeBehind() {
    return writeBehind;
  }

  /** Gathers settings; each has a default but the name. */
  public static final class Builder<K, V> {
    private final String name;
    private String prefix = "p";
    private @Nullable KeyCodec keyCodec;
    private @Nullable ValueCodec valueCodec;
    private final List<ValueCodec> alsoReads = new ArrayList<>();
    private final List<String> allowed = new ArrayList<>();
    private @Nullable ClassLoader classLoader;
    private boolean shared = true;
    private int compressFrom = Integer.MAX_VALUE;
    private Expiry expiry = Expiry.eternal();
    private long ttlCeilingMillis = DEFAULT_TTL_CEILING.toMillis();
    private @Nullable EntryLoader<K, V> loader;
    private boolean readThrough;
    private @Nullable EntryWriter<K, V> writer;
    private @Nullable EntryObserver<K, V> observer;
    private boolean statistics;
    private boolean failsOnUnreadable;
    private @Nullable Class<?> valueType;
    private @Nullable Executor executor;
    private @Nullable NearSettings near;
    private LoadingSettings loading = LoadingSettings.none();
    private @Nullable FailureSettings failure;
    private @Nullable WriteBehindSettings writeBehind;
    private @Nullable Transactions transactions;

    private Builder(String name) {
      this.name = Objects.requireNonNull(name, "name");
    }

    /** Begins every key on the server: one per application or tenant. By default {@code p}. */
    public Builder<K, V> prefix(String prefix) {
      this.prefix = KeyLayout.requirePrefix(prefix);
      return this;
    }

    /** How keys become text; by default strings, ints, longs and UUIDs are readable. */
    public Builder<K, V> keyCodec(KeyCodec codec) {
      this.keyCodec = codec;
      return this;
    }

    /**
     * How values are stored that are not strings, byte arrays, numbers or booleans; by default the
     * JDK's serialization behind the allow-list.
     *
     * @throws IllegalArgumentException when its id is not one of an application's codec
     */
    public Builder<K, V> valueCodec(ValueCodec codec) {
      this.valueCodec = requireId(codec);
      return this;
    }

    /** A codec that earlier settings wrote with. The JDK's is always read. */
    public Builder<K, V> alsoReads(ValueCodec codec) {
      alsoReads.add(requireId(codec));
      return this;
    }

    private static ValueCodec requireId(ValueCodec codec) {
      boolean ours = codec.getClass().getPackage() == ValueCodec.class.getPackage();
      if (!ours && (codec.id() < ValueCodec.FIRST_CUSTOM_ID || codec.id() > ValueCodec.LAST_ID)) {
        throw new IllegalArgumentException(
            String.format(
                "%s has the id %d, and not one of %d to %d",
                codec.getClass().getName(),
                codec.id(),
                ValueCodec.FIRST_CUSTOM_ID,
                ValueCodec.LAST_ID));
      }
      return codec;
    }

    /** Adds a pattern of classes that may be deserialized, see {@link SerializationFilter}. */
    public Builder<K, V> allow(String pattern) {
      allowed.add(ClassPatterns.requirePattern(pattern));
      return this;
    }

    /** Where classes of values are looked up; by default the thread's context class loader. */
    public Builder<K, V> classLoader(ClassLoader loader) {
      this.classLoader = loader;
      return this;
    }

    /** Whether other processes use this cache; by default they do. Decides what is warned of. */
    public Builder<K, V> shared(boolean shared) {
      this.shared = shared;
      return this;
    }

    /** Compresses values from this many bytes on; by default none. */
    public Builder<K, V> compressFrom(int bytes) {
      if (bytes < 0) {
        throw new IllegalArgumentException("Cannot compress from " + bytes + " bytes on");
      }
      this.compressFrom = bytes;
      return this;
    }

    /** How long entries live; by default until the ceiling. */
    public Builder<K, V> expiry(Expiry expiry) {
      this.expiry = expiry;
      return this;
    }

    /**
     * No entry lives longer than this from when it was written, so that nothing stays on the server
     * for ever when its cache is forgotten; by default 30 days.
     *
     * @param ceiling above zero, or null for no ceiling
     */
    public Builder<K, V> ttlCeiling(@Nullable Duration ceiling) {
      long millis = ceiling == null ? Expiry.ETERNAL : Expiry.millis(ceiling);
      if (millis == 0) {
        throw new IllegalArgumentException("The ceiling of the time to live must be above zero");
      }
      this.ttlCeilingMillis = millis;
      return this;
    }

    /** Finds missing values; asked on a read only with {@link #readThrough}. */
    public Builder<K, V> loader(@Nullable EntryLoader<K, V> loader) {
      this.loader = loader;
      return this;
    }

    /** Whether reading a missing key asks the loader; by default not. */
    public Builder<K, V> readThrough(boolean readThrough) {
      this.readThrough = readThrough;
      return this;
    }

    /** Writes through to what stands behind the cache. */
    public Builder<K, V> writer(@Nullable EntryWriter<K, V> writer) {
      this.writer = writer;
      return this;
    }

    /** Is told of changes. */
    public Builder<K, V> observer(EntryObserver<K, V> observer) {
      this.observer = observer;
      return this;
    }

    /** Whether operations are counted from the start; by default not. */
    public Builder<K, V> statistics(boolean enabled) {
      this.statistics = enabled;
      return this;
    }

    /**
     * Whether a value that cannot be read fails the operation with a {@link CodecException}; by
     * default it counts as missing.
     */
    public Builder<K, V> failOnUnreadable(boolean fail) {
      this.failsOnUnreadable = fail;
      return this;
    }

    /** What values are: others that are found on the server cannot be read. By default anything. */
    public Builder<K, V> valueType(@Nullable Class<?> type) {
      this.valueType = type;
      return this;
    }

    /** Where asynchronous forms run what may block (loaders, writers); by default own threads. */
    public Builder<K, V> executor(Executor executor) {
      this.executor = executor;
      return this;
    }

    /** Keeps copies in this process, see {@link NearSettings}; null, the default, keeps none. */
    public Builder<K, V> near(@Nullable NearSettings near) {
      this.near = near;
      return this;
    }

    /** How values are loaded that many want at once, see {@link LoadingSettings}. */
    public Builder<K, V> loading(LoadingSettings loading) {
      this.loading = loading;
      return this;
    }

    /** What happens while the server cannot be reached, see {@link FailureSettings}. */
    public Builder<K, V> failure(@Nullable FailureSettings failure) {
      this.failure = failure;
      return this;
    }

    /**
     * Lets the writer be called later, see {@link WriteBehind}; null, the default, calls it before
     * the cache changes. Without a writer nothing is queued.
     */
    public Builder<K, V> writeBehind(@Nullable WriteBehindSettings writeBehind) {
      this.writeBehind = writeBehind;
      return this;
    }

    /**
     * Lets the cache change when the caller's transaction was committed, and not when it is rolled
     * back; null, the default, at once. The writer is called at once in any case.
     */
    public Builder<K, V> transactions(@Nullable Transactions transactions) {
      this.transactions = transactions;
      return this;
    }

    /**
     * Checks and fixes the settings.
     *
     * @throws IllegalArgumentException when they contradict each other or are out of range
     */
    public CacheSettings<K, V> build() {
      return new CacheSettings<>(this);
    }
  }
}
