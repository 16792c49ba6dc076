/** How a read is measured, so that the page can show hit or miss and the time taken. */
@NullMarked
package io.pillion.samples.storefront.reads;

import org.jspecify.annotations.NullMarked;
