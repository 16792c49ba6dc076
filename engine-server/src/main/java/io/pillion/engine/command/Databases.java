package io.pillion.engine.command;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.protocol.Errors;

/** Numbers of databases as clients give them. */
final class Databases {
  private Databases() {}

  /**
   * The number of an existing database.
   *
   * @throws io.pillion.engine.protocol.CommandException when the word is no number, or there is no
   *     such database
   */
  static int selectable(Call call, int index) {
    long number = integer(call, index);
    if (number < 0 || number >= call.keyspace().databaseCount()) {
      throw Errors.err("DB index is out of range");
    }
    return (int) number;
  }

  /** A number of 32 bits. */
  static int integer(Call call, int index) {
    long number = call.args().integer(index);
    if (number != (int) number) {
      throw Errors.err("value is out of range, value must between -2147483648 and 2147483647");
    }
    return (int) number;
  }
}
