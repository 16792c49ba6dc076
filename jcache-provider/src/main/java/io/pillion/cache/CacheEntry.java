package io.pillion.cache;

/** One key and its value, as they were at one moment. */
public record CacheEntry<K, V>(K key, V value) {}
