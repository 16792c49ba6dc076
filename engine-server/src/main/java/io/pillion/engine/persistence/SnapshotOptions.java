package io.pillion.engine.persistence;

import io.pillion.engine.config.Parameters;
import org.jspecify.annotations.Nullable;

/**
 * How a snapshot is written.
 *
 * @param compress whether strings are compressed
 * @param checksum whether the check sum is made
 * @param aofBase whether an append-only file goes on from it
 * @param memoryBytes how much may wait for the target in memory
 * @param folder where the rest waits
 * @param fieldTtls how fields with a time to live are written
 * @param point what the data are a moment of, or null when nobody could go on from it
 * @param contents what of it all is written
 */
public record SnapshotOptions(
    boolean compress,
    boolean checksum,
    boolean aofBase,
    long memoryBytes,
    String folder,
    FieldTtls fieldTtls,
    @Nullable ReplicationPoint point,
    Contents contents) {
  /** What of it all is written. */
  public enum Contents {
    ALL,
    /** Libraries of functions, and no keys. */
    FUNCTIONS,
    NOTHING
  }

  /** Of data that nobody could go on from. */
  public SnapshotOptions(
      boolean compress,
      boolean checksum,
      boolean aofBase,
      long memoryBytes,
      String folder,
      FieldTtls fieldTtls) {
    this(
        compress,
        checksum,
        aofBase,
        memoryBytes,
        folder,
        fieldTtls,
        /* point= */ null,
        Contents.ALL);
  }

  /** As the parameters of now say. */
  public static SnapshotOptions of(Parameters parameters, boolean aofBase) {
    return new SnapshotOptions(
        parameters.isOn("rdbcompression"),
        parameters.isOn("rdbchecksum"),
        aofBase,
        parameters.number("snapshot-memory"),
        parameters.text("dir"),
        FieldTtls.of(parameters));
  }

  /** The same, of a moment that others can go on from. */
  public SnapshotOptions at(@Nullable ReplicationPoint newPoint) {
    return new SnapshotOptions(
        compress, checksum, aofBase, memoryBytes, folder, fieldTtls, newPoint, contents);
  }

  /** The same, but with other fields with a time to live. */
  public SnapshotOptions with(FieldTtls others) {
    return new SnapshotOptions(
        compress, checksum, aofBase, memoryBytes, folder, others, point, contents);
  }

  /** The same, but of other things. */
  public SnapshotOptions of(Contents others) {
    return new SnapshotOptions(
        compress, checksum, aofBase, memoryBytes, folder, fieldTtls, point, others);
  }
}
