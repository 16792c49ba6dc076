/** Every Redis command, one file per documented group. */
@NullMarked
package io.pillion.engine.command;

import org.jspecify.annotations.NullMarked;
