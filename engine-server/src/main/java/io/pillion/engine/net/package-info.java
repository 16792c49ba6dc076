/** Sockets and connections: TCP, TLS and Unix, bytes in, commands out, replies back. */
@NullMarked
package io.pillion.engine.net;

import org.jspecify.annotations.NullMarked;
