package io.pillion.engine.persistence;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** How a base file comes about, and how it is read: all data as they are at one moment. */
interface Bases {
  /** Whether somebody else is writing all data, so that a cut is not possible now. */
  boolean isBusy();

  /**
   * The data of now; under the engine lock.
   *
   * @param target where they are written to, without the lock
   */
  Base cut(OutputStream target);

  /**
   * Reads an RDB into the engine, without the lock.
   *
   * @return how many bytes of the stream belong to it
   */
  long load(InputStream in, long size, LoadProgress progress) throws IOException;

  /** All data as they were at the cut, on their way to a file. */
  interface Base {
    /** Takes down some more, under the engine lock; false when there is nothing left. */
    boolean scan(int mostBytes);

    /** How many keys were taken down. */
    long records();

    /** Whether the data were removed meanwhile, so that this will never be whole. */
    boolean isFlushed();

    /** The most bytes that waited at once to be written. Any thread. */
    long peakBytes();

    /** Writes what was taken down; without the lock. */
    void drain() throws IOException;

    /** Writes the end; without the lock. */
    void finish() throws IOException;

    /** Gives up; under the lock. */
    void abandon();
  }
}
