/** Checkouts, and the best-seller board they feed. */
@NullMarked
package io.pillion.samples.storefront.sales;

import org.jspecify.annotations.NullMarked;
