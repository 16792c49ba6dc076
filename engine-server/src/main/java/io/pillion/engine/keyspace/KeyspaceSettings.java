package io.pillion.engine.keyspace;

import io.pillion.engine.datatype.TypeLimits;

/** What of the configuration concerns keys; changes take effect at once. */
public final class KeyspaceSettings {
  /** Up to what size collections stay packed. */
  public final TypeLimits types = new TypeLimits();

  /** Bytes beyond which keys are evicted or writes refused; 0 is no limit but the arena's. */
  public long maxMemoryBytes;

  /** Whether nothing is evicted or refused, as another server does that for both. */
  public boolean ignoresMaxMemory;

  /** What is evicted. */
  public EvictionPolicy policy = EvictionPolicy.NO_EVICTION;

  /** How many keys are compared for each one evicted. */
  public int samples = 5;

  /** {@code lfu-log-factor}: how slowly the use counter saturates. */
  public int lfuLogFactor = 10;

  /** {@code lfu-decay-time}: minutes after which the use counter loses one; 0 for never. */
  public int lfuDecayMinutes = 1;

  /** {@code lazyfree-lazy-user-del}: whether DEL frees large values bit by bit. */
  public boolean lazyDelete = true;

  /** {@code lazyfree-lazy-user-flush}: whether FLUSHDB does, when not told. */
  public boolean lazyFlush = true;

  /** {@code lazyfree-lazy-server-del}: whether values are that others replace. */
  public boolean lazyReplace = true;

  /** {@code lazyfree-lazy-expire}: whether values are whose time has come. */
  public boolean lazyExpire = true;

  /** {@code lazyfree-lazy-eviction}: whether values are that are evicted. */
  public boolean lazyEvict = true;

  /**
   * Whether keys leave by themselves when their time has come; else when they are next asked for.
   */
  public boolean activeExpiry = true;

  /** Bytes beyond which keys are evicted or writes refused now; 0 for none. */
  public long limitBytes() {
    return ignoresMaxMemory ? 0 : maxMemoryBytes;
  }
}
