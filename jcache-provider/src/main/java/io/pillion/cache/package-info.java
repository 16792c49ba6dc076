/** What a cache is: store, key layout, codecs, loading and expiry. */
@NullMarked
package io.pillion.cache;

import org.jspecify.annotations.NullMarked;
