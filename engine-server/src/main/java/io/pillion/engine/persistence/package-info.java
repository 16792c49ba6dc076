/** What survives a restart: RDB files, the append-only log, and the snapshots both come from. */
@NullMarked
package io.pillion.engine.persistence;

import org.jspecify.annotations.NullMarked;
