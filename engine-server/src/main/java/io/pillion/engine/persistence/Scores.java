package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.io.IOException;

/** Scores of sorted sets that are written as text. */
final class Scores {
  private Scores() {}

  static double parse(Bytes text, RdbInput in) throws IOException {
    try {
      return Numbers.parseBound(text, Errors.notAFloat());
    } catch (CommandException e) {
      throw in.broken("A score that is no number");
    }
  }

  static double check(double score, RdbInput in) throws IOException {
    if (Double.isNaN(score)) {
      throw in.broken("A score that is not a number");
    }
    return score;
  }
}
