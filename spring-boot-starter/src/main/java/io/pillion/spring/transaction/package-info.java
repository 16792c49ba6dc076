/** Caches that change when the application's transaction was committed. */
@NullMarked
package io.pillion.spring.transaction;

import org.jspecify.annotations.NullMarked;
