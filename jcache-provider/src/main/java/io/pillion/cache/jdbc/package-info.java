/** A table of the application's database as what stands behind a cache. */
@NullMarked
package io.pillion.cache.jdbc;

import org.jspecify.annotations.NullMarked;
