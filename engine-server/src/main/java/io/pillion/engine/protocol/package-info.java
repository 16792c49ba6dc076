/** RESP on the wire, and the reply that commands write to. */
@NullMarked
package io.pillion.engine.protocol;

import org.jspecify.annotations.NullMarked;
