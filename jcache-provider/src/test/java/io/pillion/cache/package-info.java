/** Tests of {@code io.pillion.cache}. */
@NullMarked
package io.pillion.cache;

import org.jspecify.annotations.NullMarked;
