package io.pillion.engine.tracking;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.memory.Bytes;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a client wants to be told, as CLIENT TRACKING ON says it.
 *
 * @param redirect who is told in its place, or null
 * @param broadcast of all keys with a prefix, whoever read them
 * @param prefixes for {@code broadcast}; none means all keys
 * @param optIn only of keys that it reads after CLIENT CACHING YES
 * @param optOut not of keys that it reads after CLIENT CACHING NO
 * @param noLoop not of what it changes itself
 */
public record TrackingOptions(
    @Nullable Client redirect,
    boolean broadcast,
    List<Bytes> prefixes,
    boolean optIn,
    boolean optOut,
    boolean noLoop) {}
