package io.pillion.samples.storefront.catalogue;

import java.io.Serializable;

/** An album. */
public record Album(int id, String title, int artistId) implements Serializable {}
