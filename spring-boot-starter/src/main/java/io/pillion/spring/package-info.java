/** The settings under {@code pillion.*}, and the commands every other part of the starter uses. */
@NullMarked
package io.pillion.spring;

import org.jspecify.annotations.NullMarked;
