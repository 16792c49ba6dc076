/** Lua: EVAL and FUNCTION bodies calling back into the dispatcher. */
@NullMarked
package io.pillion.engine.scripting;

import org.jspecify.annotations.NullMarked;
