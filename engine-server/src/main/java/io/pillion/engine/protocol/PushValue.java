package io.pillion.engine.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A push as an object: something a client is told without having asked.
 *
 * @param elements what it is told, the kind of push first
 */
public record PushValue(List<@Nullable Object> elements) {}
