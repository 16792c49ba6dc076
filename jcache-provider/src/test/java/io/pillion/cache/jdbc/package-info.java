/** Tests of {@code io.pillion.cache.jdbc}. */
@NullMarked
package io.pillion.cache.jdbc;

import org.jspecify.annotations.NullMarked;
