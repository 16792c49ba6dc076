/** What is for sale: artists, albums and tracks, read through caches. */
@NullMarked
package io.pillion.samples.storefront.catalogue;

import org.jspecify.annotations.NullMarked;
