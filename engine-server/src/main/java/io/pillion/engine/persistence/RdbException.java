package io.pillion.engine.persistence;

import java.io.IOException;

/** Bytes that are not what they should be: the message says what is wrong, and where. */
public final class RdbException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String complaint;
  private final long offset;
  private final boolean emptyCollection;

  RdbException(String complaint, long offset) {
    this(complaint, offset, /* emptyCollection= */ false);
  }

  RdbException(String complaint, long offset, boolean emptyCollection) {
    super(complaint + " at byte " + offset);
    this.complaint = complaint;
    this.offset = offset;
    this.emptyCollection = emptyCollection;
  }

  /** The same, with what else there is to say before it. */
  RdbException after(String words) {
    return new RdbException(words + complaint, offset, emptyCollection);
  }

  /**
   * Whether all that is wrong is a collection without elements, which old servers may have written:
   * a file is read on without it.
   */
  boolean isEmptyCollection() {
    return emptyCollection;
  }
}
