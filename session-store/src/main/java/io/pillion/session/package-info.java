/** HTTP sessions as Spring Session keeps them, on whatever {@code Commands} leads to. */
@NullMarked
package io.pillion.session;

import org.jspecify.annotations.NullMarked;
