/** Every parameter: its name, type, default, check and whether it may change. */
@NullMarked
package io.pillion.engine.config;

import org.jspecify.annotations.NullMarked;
