/** Rankings: who leads, who is where, who is next to whom. */
@NullMarked
package io.pillion.client.leaderboard;

import org.jspecify.annotations.NullMarked;
