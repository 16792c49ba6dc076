/** The visitor's cart, kept in the HTTP session. */
@NullMarked
package io.pillion.samples.storefront.cart;

import org.jspecify.annotations.NullMarked;
