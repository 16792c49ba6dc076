package io.pillion.engine.tracking;

import io.pillion.engine.memory.Bytes;
import java.util.ArrayList;
import java.util.List;

/** A key that somebody may have a copy of. */
final class TrackedKey {
  final Bytes name;
  final List<Tracker> trackers = new ArrayList<>(1);

  /** Its place in the list that random keys are taken from. */
  int place;

  TrackedKey(Bytes name, int place) {
    this.name = name;
    this.place = place;
  }
}
