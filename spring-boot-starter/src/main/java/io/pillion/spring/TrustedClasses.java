package io.pillion.spring;

import java.util.List;

/**
 * Which classes may be read back from the server in Java's serialized form: those of the
 * application's own packages, and those named by {@code pillion.serialization.allow}.
 *
 * @param patterns a class name, or a package followed by {@code .*} or {@code .**}
 * @param classLoader where the classes are looked up
 * @param shared whether other processes can read what this one writes
 */
public record TrustedClasses(List<String> patterns, ClassLoader classLoader, boolean shared) {}
