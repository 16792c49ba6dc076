/** What the page says about the engine underneath. */
@NullMarked
package io.pillion.samples.storefront.engine;

import org.jspecify.annotations.NullMarked;
