/** Tests of the leaderboard. */
@NullMarked
package io.pillion.client.leaderboard;

import org.jspecify.annotations.NullMarked;
