package io.pillion.engine.replication;

import io.pillion.engine.world.World;
import java.util.Locale;

/**
 * The name of the history that offsets belong to, and of the one that it has gone on from: a
 * replica that had followed that one can go on, if it has read no further than they are the same.
 */
final class History {
  /** How many hexadecimal digits a name has. */
  static final int ID_DIGITS = 40;

  private static final String NO_ID = "0".repeat(ID_DIGITS);

  private final World world;
  private String id;
  private String secondId = NO_ID;
  private long secondOffset = -1;

  /** A new one. */
  History(World world) {
    this.world = world;
    id = randomId(world);
  }

  static String randomId(World world) {
    StringBuilder digits = new StringBuilder();
    while (digits.length() < ID_DIGITS) {
      digits.append(String.format(Locale.ROOT, "%016x", world.randomLong()));
    }
    return digits.substring(0, ID_DIGITS);
  }

  /** Its name. */
  String id() {
    return id;
  }

  /** The name of the one that went before; 40 zeros for none. */
  String secondId() {
    return secondId;
  }

  /** The first offset that the one before does not have; -1 when there was none. */
  long secondOffset() {
    return secondOffset;
  }

  /** Whether this is the history of that name, at least up to an offset. */
  boolean isOf(String name, long offset) {
    return name.equalsIgnoreCase(id)
        || (name.equalsIgnoreCase(secondId) && offset + 1 <= secondOffset);
  }

  /** A new history begins, which goes on from none. */
  void beginAnew() {
    become(randomId(world));
  }

  /** It is that of another server, or of a file. */
  void become(String newId) {
    id = newId;
    secondId = NO_ID;
    secondOffset = -1;
  }

  /** It goes on under another name after an offset. */
  void branch(String newId, long offset) {
    goOnFrom(id, offset);
    id = newId;
  }

  /** It has gone on from another. */
  void goOnFrom(String oldId, long offset) {
    secondId = oldId;
    secondOffset = offset + 1;
  }
}
