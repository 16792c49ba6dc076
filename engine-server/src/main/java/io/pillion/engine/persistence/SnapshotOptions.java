package io.pillion.engine.persistence;

import io.pillion.engine.config.Parameters;

/**
 * How a snapshot is written.
 *
 * @param compress whether strings are compressed
 * @param checksum whether the check sum is made
 * @param aofBase whether an append-only file goes on from it
 * @param memoryBytes how much may wait for the target in memory
 * @param folder where the rest waits
 */
public record SnapshotOptions(
    boolean compress, boolean checksum, boolean aofBase, long memoryBytes, String folder) {
  /** As the parameters of now say. */
  public static SnapshotOptions of(Parameters parameters, boolean aofBase) {
    return new SnapshotOptions(
        parameters.isOn("rdbcompression"),
        parameters.isOn("rdbchecksum"),
        aofBase,
        parameters.number("snapshot-memory"),
        parameters.text("dir"));
  }
}
