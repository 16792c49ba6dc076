/** Backups: whole data sets under a name, made on schedule or on command, checked, restored. */
@NullMarked
package io.pillion.engine.persistence.backup;

import org.jspecify.annotations.NullMarked;
