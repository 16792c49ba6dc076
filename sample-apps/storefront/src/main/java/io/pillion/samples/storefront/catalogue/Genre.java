package io.pillion.samples.storefront.catalogue;

import java.io.Serializable;

/** A kind of music, and how many tracks there are of it. */
public record Genre(int id, String name, int tracks) implements Serializable {}
