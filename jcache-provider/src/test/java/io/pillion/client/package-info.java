/** Tests of the client: every implementation passes the same contract. */
@NullMarked
package io.pillion.client;

import org.jspecify.annotations.NullMarked;
