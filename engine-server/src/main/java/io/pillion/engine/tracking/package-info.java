/** Who read which key: clients that keep copies are told when these are out of date. */
@NullMarked
package io.pillion.engine.tracking;

import org.jspecify.annotations.NullMarked;
