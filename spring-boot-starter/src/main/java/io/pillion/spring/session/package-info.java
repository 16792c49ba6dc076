/** HTTP sessions in the engine, for Spring Session. */
@NullMarked
package io.pillion.spring.session;

import org.jspecify.annotations.NullMarked;
