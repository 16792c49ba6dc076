package io.pillion.jcache;

import io.pillion.cache.FailureSettings;
import io.pillion.cache.LoadingSettings;
import io.pillion.cache.NearSettings;
import io.pillion.cache.WriteBehindSettings;
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
  private @Nullable WriteBehindSettings writeBehind;

  /** The standard's defaults. */
  public PillionConfiguration() {}

  /** The same as another configuration. */
  public PillionConfiguration(CompleteConfiguration<K, V> other) {
    super(other);
    if (other instanceof PillionConfiguration<K, V> ours) {
      near = ours.near;
      loading = ours.loading;
      failure = ours.failure;
      writeBehind = ours.writeBehind;
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
        && Objects.equals(near, ours.near)
        && Objects.equals(loading, ours.loading)
        && Objects.equals(failure, ours.failure)
        && Objects.equals(writeBehind, ours.writeBehind);
  }

  @Override
  public int hashCode() {
    return super.hashCode() * 31 + Objects.hash(near, loading, failure, writeBehind);
  }
}
