/** One way to send commands, over the wire or straight into an engine of this JVM. */
@NullMarked
package io.pillion.client;

import org.jspecify.annotations.NullMarked;
