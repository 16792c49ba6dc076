/** Those who follow: full and partial resynchronisation, and the stream of effects. */
@NullMarked
package io.pillion.engine.replication;

import org.jspecify.annotations.NullMarked;
