/** Sockets and connections: TCP and Unix, bytes in, commands out, replies back. */
@NullMarked
package io.pillion.engine.net;

import org.jspecify.annotations.NullMarked;
