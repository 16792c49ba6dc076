package io.pillion.cache;

/**
 * A value that says: it was looked for, and there is none. For faces that cache nulls (Spring);
 * every codec setting stores it in three bytes.
 */
public enum AbsentValue {
  /** The only one. */
  ABSENT
}
