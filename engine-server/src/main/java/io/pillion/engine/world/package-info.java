/** What is not deterministic: clock, randomness, timers, workers, files, lines to other servers. */
@NullMarked
package io.pillion.engine.world;

import org.jspecify.annotations.NullMarked;
