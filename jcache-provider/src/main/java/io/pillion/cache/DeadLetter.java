package io.pillion.cache;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A change that the writer could not carry out. There is at most one for a key: a later change of
 * the key that is written, or fails too, replaces it.
 *
 * @param id names it in {@link WriteBehind#retry} and {@link WriteBehind#discard}
 * @param value null for a deletion
 * @param tries how often it was tried
 * @param error what the writer threw last
 * @param since when it was given up
 */
public record DeadLetter<K, V>(
    String id, K key, @Nullable V value, int tries, String error, Instant since) {}
