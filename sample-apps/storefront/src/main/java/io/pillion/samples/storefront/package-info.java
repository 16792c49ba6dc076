/** A small web shop: caches, sessions and a leaderboard on the engine. */
@NullMarked
package io.pillion.samples.storefront;

import org.jspecify.annotations.NullMarked;
