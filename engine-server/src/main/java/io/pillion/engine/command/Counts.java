package io.pillion.engine.command;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;

/** Numbers of things as commands take them, each with its own error. */
final class Counts {
  private Counts() {}

  /** A number with a lower bound. */
  static long atLeast(Bytes word, long least, CommandException otherwise) {
    long value = Numbers.parseLong(word, otherwise);
    if (value < least) {
      throw otherwise;
    }
    return value;
  }

  /** How many to pop. */
  static long notNegative(Bytes word) {
    return atLeast(word, 0, Errors.err("value is out of range, must be positive"));
  }

  /** A number whose sign is a direction, so that it must have an opposite. */
  static long negatable(Bytes word) {
    long value = Numbers.parseLong(word, Errors.notAnInteger());
    if (value == Long.MIN_VALUE) {
      throw Errors.err(
          "value is out of range, value must between -9223372036854775807 and"
              + " 9223372036854775807");
    }
    return value;
  }

  /** How many keys follow. */
  static int numKeys(Bytes word) {
    long keys = atLeast(word, 1, Errors.err("numkeys should be greater than 0"));
    return (int) Math.min(keys, Integer.MAX_VALUE / 2);
  }

  /** Where the word behind the keys is, which must be there. */
  static int indexBehindKeys(Args args, int numKeysIndex, int keys) {
    int behind = numKeysIndex + 1 + keys;
    if (behind >= args.count()) {
      throw Errors.syntax();
    }
    return behind;
  }

  /** The number after COUNT at an index, at the end of the words; 1 when nothing is there. */
  static long countOption(Args args, int index) {
    if (index == args.count()) {
      return 1;
    }
    if (!args.is(index, "COUNT") || index + 1 == args.count()) {
      throw Errors.syntax();
    }
    long count = atLeast(args.get(index + 1), 1, Errors.err("count should be greater than 0"));
    if (index + 2 < args.count()) {
      throw Errors.syntax();
    }
    return count;
  }
}
