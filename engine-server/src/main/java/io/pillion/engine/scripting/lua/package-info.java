/**
 * Lua 5.1 in plain Java: source in, values out, with every step and every byte metered; it knows
 * nothing of Redis.
 */
@NullMarked
package io.pillion.engine.scripting.lua;

import org.jspecify.annotations.NullMarked;
