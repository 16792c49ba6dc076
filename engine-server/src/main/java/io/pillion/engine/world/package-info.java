/** What is not deterministic: clock, randomness, timers, workers, files. */
@NullMarked
package io.pillion.engine.world;

import org.jspecify.annotations.NullMarked;
