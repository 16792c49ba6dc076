/** Cache figures as Micrometer meters. */
@NullMarked
package io.pillion.spring.metrics;

import org.jspecify.annotations.NullMarked;
