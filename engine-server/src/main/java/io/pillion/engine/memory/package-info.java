/** Off-heap memory: the arena, its size classes and slabs. */
@NullMarked
package io.pillion.engine.memory;

import org.jspecify.annotations.NullMarked;
