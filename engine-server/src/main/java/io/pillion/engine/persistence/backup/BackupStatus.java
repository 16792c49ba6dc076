package io.pillion.engine.persistence.backup;

import org.jspecify.annotations.Nullable;

/**
 * What INFO and BACKUP STATUS say.
 *
 * @param running what is being done now, or null
 * @param lastOk whether the last backup that was tried was made; true before the first
 * @param lastMillis when the newest one was made, 0 for none
 * @param nextMillis when the next one is due, 0 for never
 * @param count how many there are
 * @param made how many were made since the start
 * @param failed how many failed since the start
 * @param missed how many were due, and not made because the window was closed
 * @param lastError when and why something failed last, whatever succeeded since, or empty
 * @param target where they are kept
 */
public record BackupStatus(
    @Nullable String running,
    boolean lastOk,
    long lastMillis,
    long nextMillis,
    int count,
    long made,
    long failed,
    long missed,
    String lastError,
    String target) {}
