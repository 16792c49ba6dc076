package io.pillion.engine.persistence;

import io.pillion.engine.keyspace.Keyspace;
import java.util.ArrayDeque;

/**
 * What the reading of an RDB needs of the heap to work with, whatever comes of it: for who reads a
 * file twice, so that the second time takes nothing anew. One reading at a time uses it, on
 * whichever threads that has, and leaves all of it here when it is closed.
 */
final class LoadBuffers {
  /** Blocks of a file that nobody looks at. */
  final ArrayDeque<BlockReader.Block> blocks = new ArrayDeque<>();

  /** Batches that are empty. */
  final ArrayDeque<EntryBatch> batches = new ArrayDeque<>();

  /** Values as they are parsed: this asks before it takes anything of the arena. */
  final ValueReader parsed;

  /** Values as they are entered. */
  final ValueReader entered;

  /** Where strings are expanded. */
  byte[] expanded = {};

  private Runnable beforeMuch = () -> {};

  /** None yet; for what is read into these databases, or only tried out there. */
  LoadBuffers(Keyspace keyspace) {
    parsed = new ValueReader(keyspace.arena(), keyspace.settings().types, () -> beforeMuch.run());
    entered = new ValueReader(keyspace.arena(), keyspace.settings().types);
  }

  /** Says what a new reading does before it takes the arena, or much of the heap, for parsing. */
  void beforeMuch(Runnable action) {
    beforeMuch = action;
  }
}
