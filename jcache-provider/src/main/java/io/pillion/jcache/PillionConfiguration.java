package io.pillion.jcache;

import io.pillion.cache.FailureSettings;
import io.pillion.cache.LoadingSettings;
import io.pillion.cache.NearSettings;
import java.util.Objects;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.MutableConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * The standard's configuration of a cache, and what Pillion adds to it. What is not set here is
 * taken from the properties of the cache manager, see {@link PillionCacheManager}.
 */
public final class PillionConfiguration<K, V> extends MutableConfiguration<K, V> {
  private static final long serialVersionUID = 1L;

  private @Nullable NearSettings near;
  private @Nullable LoadingSettings loading;
  private @Nullable FailureSettings failure;

  /** The standard's defaults. */
  public PillionConfiguration() {}

  /** The same as another configuration. */
  public PillionConfiguration(CompleteConfiguration<K, V> other) {
    super(other);
    if (other instanceof PillionConfiguration<K, V> ours) {
      near = ours.near;
      loading = ours.loading;
      failure = ours.failure;
    }
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

  @Override
  public boolean equals(@Nullable Object other) {
    return super.equals(other)
        && other instanceof PillionConfiguration<?, ?> ours
        && Objects.equals(near, ours.near)
        && Objects.equals(loading, ours.loading)
        && Objects.equals(failure, ours.failure);
  }

  @Override
  public int hashCode() {
    return super.hashCode() * 31 + Objects.hash(near, loading, failure);
  }
}
