package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Where some of a command's keys are and what is done to them, as COMMAND INFO describes it: where
 * the search begins, and how keys are found from there.
 *
 * @param index where to begin when there is no keyword; 0 is the command's name
 * @param keyword the word after which keys begin, or null
 * @param startFrom where the search for the keyword begins; negative counts from the end
 * @param find how keys lie from the beginning on
 * @param last for a range: the last key relative to the first, or negative from the end
 * @param step how far apart keys are
 * @param limit for a range with last -1: only the first one in {@code limit} of the words
 * @param countIndex for a count: where the number of keys is, relative to the beginning
 * @param firstIndex for a count: where the first key is, relative to the beginning
 * @param flags what is done to the keys
 * @param finder for what cannot be described: the index of the key in these words, or 0
 */
public record KeySpec(
    int index,
    @Nullable String keyword,
    int startFrom,
    Find find,
    int last,
    int step,
    int limit,
    int countIndex,
    int firstIndex,
    Set<Flag> flags,
    @Nullable ToIntFunction<Args> finder) {

  /** What is done to a key. */
  public enum Flag {
    RO,
    RW,
    OW,
    RM,
    ACCESS,
    UPDATE,
    INSERT,
    DELETE,
    NOT_KEY,
    INCOMPLETE,
    VARIABLE_FLAGS;

    /** The name in COMMAND INFO. */
    public String redisName() {
      return this == NOT_KEY || this == INCOMPLETE || this == VARIABLE_FLAGS
          ? name().toLowerCase(Locale.ROOT)
          : this == RO || this == RW || this == OW || this == RM
              ? name()
              : name().toLowerCase(Locale.ROOT);
    }
  }

  /** How keys lie. */
  public enum Find {
    RANGE,
    COUNT,
    UNKNOWN
  }

  /** Keys from one index to another. */
  public static KeySpec range(int first, int last, int step, Flag... flags) {
    return new KeySpec(
        first,
        null,
        0,
        Find.RANGE,
        last < 0 ? last : last - first,
        step,
        0,
        0,
        0,
        set(flags),
        null);
  }

  /** As many keys as the word at {@code countIndex} says, beginning one after it. */
  public static KeySpec counted(int countIndex, Flag... flags) {
    return counted(countIndex, 1, flags);
  }

  /** As many keys as the word at {@code countIndex} says, {@code step} apart. */
  public static KeySpec counted(int countIndex, int step, Flag... flags) {
    return new KeySpec(countIndex, null, 0, Find.COUNT, 0, step, 0, 0, 1, set(flags), null);
  }

  /** One key after a keyword that is searched from an index on. */
  public static KeySpec after(String keyword, int startFrom, Flag... flags) {
    return new KeySpec(0, keyword, startFrom, Find.RANGE, 0, 1, 0, 0, 0, set(flags), null);
  }

  /**
   * At most one key, at a place that COMMAND INFO has no words for.
   *
   * @param finder gives the index of the key, or 0 when these words have none
   */
  public static KeySpec unknown(ToIntFunction<Args> finder, Flag... flags) {
    return new KeySpec(0, null, 0, Find.UNKNOWN, 0, 0, 0, 0, 0, set(flags), finder);
  }

  /** Keys that fill the first half of the words after a keyword, searched from an index on. */
  public static KeySpec firstHalfAfter(String keyword, int startFrom, Flag... flags) {
    return new KeySpec(0, keyword, startFrom, Find.RANGE, -1, 1, 2, 0, 0, set(flags), null);
  }

  private static Set<Flag> set(Flag... flags) {
    EnumSet<Flag> set = EnumSet.noneOf(Flag.class);
    for (Flag flag : flags) {
      set.add(flag);
    }
    return set;
  }

  /**
   * Finds the keys in a command.
   *
   * @param key is told the index of each
   * @throws CommandException when the command's words make no sense to this specification
   */
  public void forEachKey(Args args, IntConsumer key) {
    if (finder != null) {
      int found = finder.applyAsInt(args);
      if (found > 0) {
        key.accept(found);
      }
      return;
    }
    if (keyword != null && startFrom > 0 && last == 0) {
      forEachAfterKeyword(args, keyword, key);
      return;
    }
    int begin = begin(args);
    if (begin <= 0) {
      return;
    }
    if (find == Find.COUNT) {
      CommandException invalid = Errors.err("Invalid arguments specified for command");
      if (begin + countIndex >= args.count()) {
        throw invalid;
      }
      long count = Numbers.parseLong(args.get(begin + countIndex), invalid);
      int first = begin + firstIndex;
      int behindFirst = args.count() - 1 - first;
      if (count < 0 || (count > 0 && (behindFirst < 0 || count - 1 > behindFirst / step))) {
        throw invalid;
      }
      for (int i = 0; i < count; i++) {
        key.accept(first + i * step);
      }
      return;
    }
    int end = last >= 0 ? begin + last : args.count() + last;
    if (last == -1 && limit > 1) {
      end = begin + (args.count() - begin) / limit - 1;
    }
    for (int i = begin; i <= Math.min(end, args.count() - 1); i += step) {
      key.accept(i);
    }
  }

  /** An option that is given twice counts as it was given last: neither may be overlooked. */
  private void forEachAfterKeyword(Args args, String word, IntConsumer key) {
    for (int i = startFrom; i + 1 < args.count(); i++) {
      if (args.get(i).equalsIgnoreCase(word)) {
        key.accept(++i);
      }
    }
  }

  private int begin(Args args) {
    if (keyword == null) {
      return index;
    }
    int step = startFrom < 0 ? -1 : 1;
    int from = startFrom < 0 ? args.count() + startFrom : startFrom;
    for (int i = from; i > 0 && i < args.count(); i += step) {
      if (args.get(i).equalsIgnoreCase(keyword)) {
        return i + 1 < args.count() ? i + 1 : 0;
      }
    }
    return 0;
  }
}
