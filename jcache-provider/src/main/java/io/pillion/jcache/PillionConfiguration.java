package io.pillion.jcache;

import io.pillion.cache.FailureSettings;
import io.pillion.cache.GenericType;
import io.pillion.cache.LoadingSettings;
import io.pillion.cache.NearSettings;
import io.pillion.cache.ValueCodec;
import io.pillion.cache.WriteBehindSettings;
import java.util.Objects;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.Factory;
import javax.cache.configuration.MutableConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * The standard's configuration of a cache, and what Pillion adds to it. What is not set here is
 * taken from the properties of the cache manager, see {@link PillionCacheManager}.
 */
public final class PillionConfiguration<K, V> extends MutableConfiguration<K, V> {
  private static final long serialVersionUID = 1L;

  private @Nullable GenericType<V> genericValueType;
  private @Nullable Factory<? extends ValueCodec> valueCodecFactory;
  private @Nullable NearSettings near;
  private @Nullable LoadingSettings loading;
  private @Nullable FailureSettings failure;
  private @Nullable WriteBehindSettings writeBehind;

  /** The standard's defaults. */
  public PillionConfiguration() {}

  /** The same as another configuration. */
  public PillionConfiguration(CompleteConfiguration<K, V> other) {
    super(other);
    if (other instanceof PillionConfiguration<K, V> ours) {
      genericValueType = ours.genericValueType;
      valueCodecFactory = ours.valueCodecFactory;
      near = ours.near;
      loading = ours.loading;
      failure = ours.failure;
      writeBehind = ours.writeBehind;
    }
  }

  @Override
  public PillionConfiguration<K, V> setTypes(Class<K> keyType, Class<V> valueType) {
    super.setTypes(keyType, valueType);
    genericValueType = null;
    return this;
  }

  /**
   * Says of what classes keys and values are where those of values have type arguments, as {@code
   * setTypes(String.class, new GenericType<List<Product>>() {})}. {@link #getValueType} and {@link
   * javax.cache.CacheManager#getCache(String, Class, Class)} know the class without them ({@code
   * List}); with {@code pillion.codec=json} values are read as the whole type, and by Java's
   * serialization all classes in it are allowed.
   */
  public PillionConfiguration<K, V> setTypes(Class<K> keyType, GenericType<V> valueType) {
    super.setTypes(keyType, valueType.rawType());
    genericValueType = valueType;
    return this;
  }

  /** The values' type with its type arguments; null where it was given as a class. */
  public @Nullable GenericType<V> getGenericValueType() {
    return genericValueType;
  }

  /** Makes what stores values; null for as the cache manager's properties say. */
  public @Nullable Factory<? extends ValueCodec> getValueCodecFactory() {
    return valueCodecFactory;
  }

  /**
   * Stores values by a codec of the application's, or by {@link io.pillion.cache.JsonCodec} with a
   * mapper of its own; strings, byte arrays, numbers and booleans are stored as they are. It is
   * made when the cache is.
   */
  public PillionConfiguration<K, V> setValueCodecFactory(
      @Nullable Factory<? extends ValueCodec> factory) {
    this.valueCodecFactory = factory;
    return this;
  }

  /** How copies are kept in this process; null for as the cache manager's properties say. */
  public @Nullable NearSettings getNear() {
    return near;
  }

  /** Keeps copies in this process. */
  public PillionConfiguration<K, V> setNear(@Nullable NearSettings near) {
    this.near = near;
    return this;
  }

  /** How values are loaded; null for as the cache manager's properties say. */
  public @Nullable LoadingSettings getLoading() {
    return loading;
  }

  /** Says how values are loaded that many want at once. */
  public PillionConfiguration<K, V> setLoading(@Nullable LoadingSettings loading) {
    this.loading = loading;
    return this;
  }

  /** What happens while the server is away; null for as the cache manager's properties say. */
  public @Nullable FailureSettings getFailure() {
    return failure;
  }

  /** Says what happens while the server cannot be reached. */
  public PillionConfiguration<K, V> setFailure(@Nullable FailureSettings failure) {
    this.failure = failure;
    return this;
  }

  /** How the writer is called later; null for as the cache manager's properties say. */
  public @Nullable WriteBehindSettings getWriteBehind() {
    return writeBehind;
  }

  /**
   * Lets the writer be called later, from a queue on the server. The cache also needs a writer and
   * {@link #setWriteThrough}: without them nothing is written, now or later.
   */
  public PillionConfiguration<K, V> setWriteBehind(@Nullable WriteBehindSettings writeBehind) {
    this.writeBehind = writeBehind;
    return this;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return super.equals(other)
        && other instanceof PillionConfiguration<?, ?> ours
        && Objects.equals(genericValueType, ours.genericValueType)
        && Objects.equals(valueCodecFactory, ours.valueCodecFactory)
        && Objects.equals(near, ours.near)
        && Objects.equals(loading, ours.loading)
        && Objects.equals(failure, ours.failure)
        && Objects.equals(writeBehind, ours.writeBehind);
  }

  @Override
  public int hashCode() {
    return super.hashCode() * 31
        + Objects.hash(genericValueType, valueCodecFactory, near, loading, failure, writeBehind);
  }
}
