/** What a cache is: store, key layout, codecs, near cache, loading, write-behind and expiry. */
@NullMarked
package io.pillion.cache;

import org.jspecify.annotations.NullMarked;
