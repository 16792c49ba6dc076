/** Channels: who listens to what, and what is told to whom; the events of keys as messages. */
@NullMarked
package io.pillion.engine.pubsub;

import org.jspecify.annotations.NullMarked;
