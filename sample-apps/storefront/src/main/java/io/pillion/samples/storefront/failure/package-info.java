/** What start-up failures of this application mean, in one line. */
@NullMarked
package io.pillion.samples.storefront.failure;

import org.jspecify.annotations.NullMarked;
