/** Spring's caching abstraction on the cache core. */
@NullMarked
package io.pillion.spring.cache;

import org.jspecify.annotations.NullMarked;
