/** What the official TCK needs around it, and the proof that it ran. */
@NullMarked
package io.pillion.tck;

import org.jspecify.annotations.NullMarked;
