/** Users and rules: who may send which command, on which keys and channels. */
@NullMarked
package io.pillion.engine.acl;

import org.jspecify.annotations.NullMarked;
