package io.pillion.engine.protocol;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Span;

/**
 * Where a command writes its answer. On the wire it becomes RESP2 or RESP3, as the client chose; in
 * process it becomes objects. A command says what it means ({@link #map}, {@link #number}); the
 * reply knows what that is called in the client's protocol version.
 *
 * <p>Aggregates are written as a header with the number of elements, then the elements. Where that
 * number is known only afterwards, {@link #deferred} and {@link #resolveArray} (or its siblings)
 * bracket the elements.
 */
public interface Reply {
  /** The protocol version: 2 or 3. */
  int version();

  /** Changes the protocol version, from the next reply on: HELLO. */
  void version(int newVersion);

  /** {@code +OK}. */
  void ok();

  /** A short status of ASCII letters without line breaks. */
  void simple(String status);

  /** An error: its first word is the code. Line breaks in it become spaces. */
  void error(String message);

  /** An integer. */
  void integer(long value);

  /** A string of any bytes. */
  void bulk(byte[] array, int offset, int length);

  /** A string of bytes in the arena, copied before this returns. */
  void bulk(Arena arena, long address, int length);

  /**
   * A string of bytes in the arena, which may be read from there until they have been sent: those
   * of a value that is {@linkplain Arena#isLeased not changed} meanwhile.
   */
  default void shared(Arena arena, long address, int length) {
    bulk(arena, address, length);
  }

  /** A string. */
  default void bulk(Bytes bytes) {
    bulk(bytes.array(), bytes.offset(), bytes.length());
  }

  /** A string. */
  default void bulk(byte[] bytes) {
    bulk(bytes, 0, bytes.length);
  }

  /** An element of a collection. */
  default void bulk(Span span) {
    bulk(span.arena(), span.address(), span.length());
  }

  /** A text, as UTF-8. */
  default void bulk(String text) {
    bulk(Bytes.of(text));
  }

  /** The decimal digits of a number, as a string. */
  default void bulk(long number) {
    bulk(Bytes.of(number));
  }

  /** No value: {@code $-1}, or {@code _} in RESP3. */
  void nil();

  /** No array: {@code *-1}, or {@code _} in RESP3. */
  void nilArray();

  /** A truth value: 1 or 0 in RESP2. */
  void bool(boolean value);

  /** A floating-point number: a string in RESP2. */
  void number(double value);

  /** A floating-point number in these decimal digits: a string in RESP2. */
  void number(String digits);

  /** An integer of any size in decimal digits: a string in RESP2. */
  void bigNumber(String digits);

  /** A text with its format ({@code txt} or {@code mkd}): a plain string in RESP2. */
  void verbatim(String format, String text);

  /** The header of an array of this many elements. */
  void array(int count);

  /** The header of a map of this many pairs: an array of twice as many elements in RESP2. */
  void map(int pairs);

  /** The header of a set: an array in RESP2. */
  void set(int count);

  /** The header of a push: an array in RESP2. */
  void push(int count);

  /** Begins an aggregate whose size is not known yet; returns the mark to resolve it with. */
  int deferred();

  /** Says that the aggregate begun at this mark was an array of this many elements. */
  void resolveArray(int mark, int count);

  /** Says that the aggregate begun at this mark was a map of this many pairs. */
  void resolveMap(int mark, int pairs);

  /** Says that the aggregate begun at this mark was a set of this many elements. */
  void resolveSet(int mark, int count);

  /** Where the reply stands, to be able to take back what follows. */
  int position();

  /** Takes back everything written since the position. */
  void rewind(int position);
}
