package io.pillion.engine.keyspace;

/** What is evicted when memory is full, as {@code maxmemory-policy} names it. */
public enum EvictionPolicy {
  NO_EVICTION("noeviction", false, Order.NONE),
  ALLKEYS_LRU("allkeys-lru", false, Order.LRU),
  ALLKEYS_LFU("allkeys-lfu", false, Order.LFU),
  ALLKEYS_RANDOM("allkeys-random", false, Order.RANDOM),
  VOLATILE_LRU("volatile-lru", true, Order.LRU),
  VOLATILE_LFU("volatile-lfu", true, Order.LFU),
  VOLATILE_RANDOM("volatile-random", true, Order.RANDOM),
  VOLATILE_TTL("volatile-ttl", true, Order.TTL);

  private final String redisName;
  private final boolean volatileOnly;
  private final Order order;

  EvictionPolicy(String redisName, boolean volatileOnly, Order order) {
    this.redisName = redisName;
    this.volatileOnly = volatileOnly;
    this.order = order;
  }

  /** The name in redis.conf. */
  public String redisName() {
    return redisName;
  }

  /** Whether only keys with a time to live may go. */
  boolean volatileOnly() {
    return volatileOnly;
  }

  /** Whether uses are counted, rather than their last time kept. */
  public boolean countsUses() {
    return order == Order.LFU;
  }

  /** What is compared. */
  public Order order() {
    return order;
  }

  /** By what keys are compared. */
  public enum Order {
    NONE,
    LRU,
    LFU,
    RANDOM,
    TTL
  }
}
