/** The values themselves: no keys, no clients, no sockets. */
@NullMarked
package io.pillion.engine.datatype;

import org.jspecify.annotations.NullMarked;
