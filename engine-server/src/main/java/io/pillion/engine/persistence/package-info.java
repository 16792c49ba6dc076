/** What survives a restart: values and whole databases in Redis' RDB format, and snapshots. */
@NullMarked
package io.pillion.engine.persistence;

import org.jspecify.annotations.NullMarked;
