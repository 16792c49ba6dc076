package io.pillion.samples.storefront.reads;

/** A value and what it took to read it. */
public record Metered<T>(T value, Read read) {}
