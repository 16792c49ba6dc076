/** The command table, the turn with its one lock, and the command log. */
@NullMarked
package io.pillion.engine.dispatch;

import org.jspecify.annotations.NullMarked;
