package io.pillion.engine.keyspace;

/** The classes of keyspace events, as {@code notify-keyspace-events} names them. */
public enum EventClass {
  GENERIC('g'),
  STRING('$'),
  LIST('l'),
  SET('s'),
  HASH('h'),
  ZSET('z'),
  EXPIRED('x'),
  EVICTED('e'),
  STREAM('t'),
  MISS('m'),
  NEW('n');

  private final char letter;

  EventClass(char letter) {
    this.letter = letter;
  }

  /** The letter that turns the class on. */
  public char letter() {
    return letter;
  }
}
