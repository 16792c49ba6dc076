/** Leaderboards as a bean. */
@NullMarked
package io.pillion.spring.leaderboard;

import org.jspecify.annotations.NullMarked;
