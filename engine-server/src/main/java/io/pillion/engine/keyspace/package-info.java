/** Databases: keys to values, expiry, eviction, waiting clients. */
@NullMarked
package io.pillion.engine.keyspace;

import org.jspecify.annotations.NullMarked;
