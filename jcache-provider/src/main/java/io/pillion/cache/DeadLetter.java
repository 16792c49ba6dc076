package io.pillion.cache;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A change that the writer could not carry out. There is at most one for a key: a later change of
 * the key that is written, or fails too, replaces it.
 *
 * @param id names it in {@link WriteBehind#retry} and {@link WriteBehind#discard}
 * @param key null when this process cannot read it, as of a class that it does not have
 * @param isDeletion whether the entry was to be deleted, not written
 * @param value null for a deletion, and when this process cannot read it
 * @param tries how often it was tried
 * @param error what the writer threw last
 * @param since when it was given up
 */
public record DeadLetter<K, V>(
    String id,
    @Nullable K key,
    boolean isDeletion,
    @Nullable V value,
    int tries,
    String error,
    Instant since) {}
