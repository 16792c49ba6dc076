/** Tests of how the packages of this module depend on each other. */
@NullMarked
package io.pillion;

import org.jspecify.annotations.NullMarked;
