/** The JSR-107 face of the cache core. */
@NullMarked
package io.pillion.jcache;

import org.jspecify.annotations.NullMarked;
