package io.pillion.samples.storefront.catalogue;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A track for sale, with the names a visitor knows it by. Its price is kept apart (it changes).
 *
 * @param composer null when the data set does not name one
 * @param milliseconds how long it plays
 */
public record Track(
    int id,
    String name,
    int albumId,
    String album,
    String artist,
    String genre,
    @Nullable String composer,
    int milliseconds)
    implements Serializable {}
