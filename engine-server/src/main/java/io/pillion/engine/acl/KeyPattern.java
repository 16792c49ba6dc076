package io.pillion.engine.acl;

import io.pillion.engine.memory.Bytes;

/** Keys that may be read, written, or both: those that a glob matches. */
record KeyPattern(Bytes pattern, boolean read, boolean write) {
  /** The same with the rights of another for the same pattern. */
  KeyPattern with(boolean alsoRead, boolean alsoWrite) {
    return new KeyPattern(pattern, read || alsoRead, write || alsoWrite);
  }

  /** Whether it gives all these rights, whatever the key. */
  boolean gives(boolean toRead, boolean toWrite) {
    return (read || !toRead) && (write || !toWrite);
  }

  /** As it is written in a rule. */
  @Override
  public String toString() {
    return (read && write ? "~" : read ? "%R~" : "%W~") + pattern;
  }
}
