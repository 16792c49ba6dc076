/** What waits to be written behind caches, and what could not be written. */
@NullMarked
package io.pillion.spring.writebehind;

import org.jspecify.annotations.NullMarked;
