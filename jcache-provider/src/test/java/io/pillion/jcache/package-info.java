/** Tests of {@code io.pillion.jcache}. */
@NullMarked
package io.pillion.jcache;

import org.jspecify.annotations.NullMarked;
