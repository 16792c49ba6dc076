package io.pillion.engine.command;

import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;

/**
 * Which entries of a sorted set a command means: by position, by score or by member. Whichever, in
 * a given set they are the entries of consecutive ranks.
 */
sealed interface SortedSetRange {
  /** Where the range begins and ends in a set. */
  Ranks in(SortedSetValue set);

  /**
   * Ranks in ascending order.
   *
   * @param from the first
   * @param to the one behind the last
   */
  record Ranks(int from, int to) {
    int count() {
      return Math.max(0, to - from);
    }
  }

  /**
   * By position.
   *
   * @param reverse whether positions count from the highest score
   */
  record ByIndex(long start, long stop, boolean reverse) implements SortedSetRange {
    static ByIndex parse(Args args, int index, boolean reverse) {
      return new ByIndex(args.integer(index), args.integer(index + 1), reverse);
    }

    @Override
    public Ranks in(SortedSetValue set) {
      int size = set.size();
      IndexRange range = IndexRange.of(start, stop, size);
      int from = (int) Math.min(range.from(), size);
      int count = (int) range.count();
      return reverse ? new Ranks(size - from - count, size - from) : new Ranks(from, from + count);
    }
  }

  /** By score, each bound included or not. */
  record ByScore(double min, boolean aboveMin, double max, boolean belowMax)
      implements SortedSetRange {
    static ByScore parse(Bytes min, Bytes max) {
      boolean aboveMin = isOpen(min);
      boolean belowMax = isOpen(max);
      return new ByScore(bound(min, aboveMin), aboveMin, bound(max, belowMax), belowMax);
    }

    private static boolean isOpen(Bytes word) {
      return !word.isEmpty() && word.get(0) == '(';
    }

    /** As C's strtod reads it: blanks before it are skipped, and nothing at all is 0. */
    private static double bound(Bytes word, boolean open) {
      int from = open ? 1 : 0;
      while (from < word.length() && isBlank(word.get(from))) {
        from++;
      }
      CommandException error = Errors.err("min or max is not a float");
      return from == word.length() ? 0 : Numbers.parseBound(word.slice(from, word.length()), error);
    }

    private static boolean isBlank(byte b) {
      return b == ' ' || (b >= '\t' && b <= '\r');
    }

    @Override
    public Ranks in(SortedSetValue set) {
      return new Ranks(set.countBelow(min, aboveMin), set.countBelow(max, !belowMax));
    }
  }

  /** By member, in a set whose scores are all the same. */
  record ByMember(Bound min, Bound max) implements SortedSetRange {
    static ByMember parse(Bytes min, Bytes max) {
      return new ByMember(Bound.parse(min), Bound.parse(max));
    }

    @Override
    public Ranks in(SortedSetValue set) {
      return new Ranks(min.rankIn(set, /* isMax= */ false), max.rankIn(set, /* isMax= */ true));
    }
  }

  /**
   * A member that bounds a range.
   *
   * @param kind whether it is one
   */
  record Bound(Kind kind, Bytes member) {
    enum Kind {
      LOWEST,
      HIGHEST,
      INCLUDED,
      EXCLUDED
    }

    static Bound parse(Bytes word) {
      byte first = word.isEmpty() ? 0 : word.get(0);
      if (first == '[' || first == '(') {
        return new Bound(
            first == '[' ? Kind.INCLUDED : Kind.EXCLUDED, word.slice(1, word.length()));
      }
      if (word.length() == 1 && (first == '-' || first == '+')) {
        return new Bound(first == '-' ? Kind.LOWEST : Kind.HIGHEST, Bytes.EMPTY);
      }
      throw Errors.err("min or max not valid string range item");
    }

    int rankIn(SortedSetValue set, boolean isMax) {
      return switch (kind) {
        case LOWEST -> 0;
        case HIGHEST -> set.size();
        case INCLUDED -> set.countBefore(member, /* orEqual= */ isMax);
        case EXCLUDED -> set.countBefore(member, /* orEqual= */ !isMax);
      };
    }
  }
}
