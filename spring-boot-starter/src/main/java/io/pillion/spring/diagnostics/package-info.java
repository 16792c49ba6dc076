/** What start-up failures mean, and what to do about them. */
@NullMarked
package io.pillion.spring.diagnostics;

import org.jspecify.annotations.NullMarked;
