/** What a track costs: read and changed through one cache over the price table. */
@NullMarked
package io.pillion.samples.storefront.pricing;

import org.jspecify.annotations.NullMarked;
