package io.pillion.engine.protocol;

/**
 * An error reply as an object.
 *
 * @param message the error in the server's words, beginning with its code
 */
public record ErrorValue(String message) {}
