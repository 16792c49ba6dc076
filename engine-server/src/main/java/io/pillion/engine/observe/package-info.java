/** Slow log, latency, MONITOR, memory: what is kept of how the engine fares. */
@NullMarked
package io.pillion.engine.observe;

import org.jspecify.annotations.NullMarked;
