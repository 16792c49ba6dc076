/** The engine in the application's health endpoint. */
@NullMarked
package io.pillion.spring.health;

import org.jspecify.annotations.NullMarked;
