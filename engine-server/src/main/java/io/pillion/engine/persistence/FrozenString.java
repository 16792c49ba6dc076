package io.pillion.engine.persistence;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Arena;
import org.jspecify.annotations.Nullable;

/**
 * A large string on its way into a snapshot, as it was when this was made. When it is its turn its
 * bytes are taken down part by part, and compressed by whoever writes them. Whoever is about to
 * change some of them earlier has what is left copied; but when the string goes, or moves as it
 * grows, its record stays where it is until it was taken down.
 */
final class FrozenString {
  private static final int PART_BYTES = 64 << 10;

  private final Arena arena;
  private final int number;
  private final byte[] head;
  private final long record;
  private final long address;
  private final int length;
  private final FrozenValue.Outputs outputs;
  private int done;
  private boolean begun;
  private boolean retained;

  /** All bytes, where they are to be compressed, or somebody has changed them before their turn. */
  private @Nullable Parcel copy;

  /**
   * Freezes the string of a record, which {@link #isWorthIt}. Its key has been written to where is
   * gathered.
   *
   * @param number of the database, as the snapshot has it
   */
  FrozenString(
      Arena arena, Database database, int number, long record, FrozenValue.Outputs outputs) {
    this.arena = arena;
    this.number = number;
    this.record = record;
    this.outputs = outputs;
    address = database.stringAddress(record);
    length = database.stringLength(record);
    head = outputs.gathering().bytes().toByteArray();
    outputs.gathering().clear();
  }

  /** Whether a value is a string so large that it is better not written in one go. */
  static boolean isWorthIt(Database database, long record) {
    return database.type(record) == ValueType.STRING
        && database.stringLength(record) > Keyspace.LARGE_STRING_BYTES;
  }

  long record() {
    return record;
  }

  /** The database that it is in, as the snapshot has it. */
  int number() {
    return number;
  }

  /** Its record is in no database any more: whoever ends this gives its memory back. */
  void retain() {
    retained = true;
  }

  boolean isRetained() {
    return retained;
  }

  /** Some of its bytes are about to change: takes down what is left, and needs them no more. */
  void beforeChange() {
    if (!begun) {
      copy = new Parcel(outputs.memory());
    }
    if (done < length) {
      takeDown(length - done);
    }
  }

  /** Its turn begins. */
  void begin() {
    begun = true;
    RdbOutput out = outputs.out();
    out.putDraft(head);
    if (!out.wouldCompress(length)) {
      out.putLength(length);
    } else if (copy == null) {
      copy = new Parcel(outputs.memory());
    }
  }

  /** Writes some of it; false when all is written. */
  boolean step() {
    if (done < length) {
      takeDown(Math.min(PART_BYTES, length - done));
      if (done < length) {
        return true;
      }
    }
    Parcel parcel = copy;
    if (parcel != null) {
      RdbOutput out = outputs.out();
      out.flush();
      if (out.wouldCompress(length)) {
        outputs.spool().string(parcel);
      } else {
        outputs.spool().plain(parcel);
      }
    }
    return false;
  }

  private void takeDown(int bytes) {
    Parcel parcel = copy;
    if (parcel == null) {
      outputs.out().putBytes(arena, address + done, bytes);
      done += bytes;
      return;
    }
    RdbOutput copying = outputs.copying();
    for (int left = bytes; left > 0; ) {
      int part = Math.min(PART_BYTES, left);
      copying.putBytes(arena, address + done, part);
      copying.moveTo(parcel);
      done += part;
      left -= part;
    }
    if (begun) {
      outputs.out().count(bytes);
    }
  }
}
