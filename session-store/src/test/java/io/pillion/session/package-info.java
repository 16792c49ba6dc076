/** Tests of the session store. */
@NullMarked
package io.pillion.session;

import org.jspecify.annotations.NullMarked;
