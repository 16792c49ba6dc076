package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.Oracle;
import io.pillion.engine.testkit.RandomWords;
import io.pillion.engine.testkit.TestClient;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random commands, good and bad, some of them sent by scripts, to our engine and, where there is
 * one, to the real server: every answer must be the same, and from time to time the data. In the
 * end our effects are replayed.
 *
 * <p>The system property {@code pillion.seeds} says how many seeds are tried, {@code pillion.seed}
 * which is the first.
 */
final class RandomCommandsTest {
  private static final long FIRST_SEED = Long.getLong("pillion.seed", 1);
  private static final int SEEDS = Integer.getInteger("pillion.seeds", 4);
  private static final int COMMANDS = 6000;
  private static final int MOST_DIFFERENCES = 12;

  /** Options that the oldest oracle does not have: reads that differ there say nothing. */
  private static final Set<String> NEWER_WORDS =
      Set.of("NOSCORES", "NOVALUES", "WITHSCORE", "WITHSCORES");

  /** Options by which data would come to differ. */
  private static final Set<String> NEWER_WRITES = Set.of("IFEQ");

  /** Refusals that the oldest oracle does not have. */
  private static final Set<String> NEWER_REFUSALS =
      Set.of(
          "ERR invalid cursor",
          "ERR Wrong number of args calling command from script",
          "ERR unknown type name 'nosuch'",
          "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be"
              + " specified.",
          "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be"
              + " specified.",
          "ERR value is out of range, value must between -9223372036854775807 and"
              + " 9223372036854775807");

  /** Commands that leave the order of a set as it is kept, where they are told not to sort. */
  private static final Set<String> UNSORTED = Set.of("SORT", "SORT_RO");

  /** SORT of the oracles also says so when an earlier conversion, of anything, was out of range. */
  private static final String STALE_ERROR = "One or more scores can't be converted into double";

  /** Nothing that a client is meant to rely on, or that came with a later oracle. */
  private static final Set<String> SHAPE_ONLY =
      Set.of("xinfo|stream", "xinfo|groups", "xinfo|consumers");

  /** Commands by which data would come to differ. */
  private static final Set<String> STRICTER_WRITES = Set.of("xsetid");

  /** Reads that look at their words before they look for the key, since 7.2. */
  private static final Set<String> STRICTER_READS = Set.of("BITCOUNT", "BITPOS");

  /** Takes seconds, and touches no key. */
  private static final Set<String> NO_KEYS = Set.of("pfselftest");

  /** One command in so many is sent by a script. */
  private static final int SCRIPT_EVERY = 8;

  private static LongStream seeds() {
    return LongStream.range(FIRST_SEED, FIRST_SEED + SEEDS);
  }

  /** Both protocols, with collections that are packed or not, by turns. */
  @ParameterizedTest
  @MethodSource("seeds")
  void answersAreTheOracles(long seed) {
    int protocol = seed % 4 == 1 || seed % 4 == 2 ? 2 : 3;
    int packedEntries = seed % 2 == 0 ? (int) (2 + seed % 4) : 0;
    Oracle.withOursAndAnyOracle(
        (ours, oracle) -> {
          if (packedEntries > 0) {
            keepPacked(packedEntries, ours, "set-max-listpack-entries");
            if (oracle != null) {
              keepPacked(packedEntries, oracle, "set-max-intset-entries");
            }
          }
          ours.call("HELLO", protocol);
          if (oracle != null) {
            oracle.call("HELLO", protocol);
          }
          List<String> differences = new Run(seed, ours, oracle).differences();
          assertThat(differences).isEmpty();
        });
  }

  /** Lets collections grow out of their packed form at so many elements. */
  private static void keepPacked(int entries, TestClient client, String ofSets) {
    for (String name :
        List.of(
            "hash-max-listpack-entries",
            "zset-max-listpack-entries",
            "list-max-listpack-size",
            "set-max-intset-entries",
            ofSets)) {
      Oracle.configure(client, name, Integer.toString(entries));
    }
  }

  private static final class Run {
    private final RandomWords words;
    private final TestClient ours;
    private final @Nullable TestClient oracle;
    private final List<String> differences = new ArrayList<>();

    Run(long seed, TestClient ours, @Nullable TestClient oracle) {
      words = new RandomWords(seed);
      this.ours = ours;
      this.oracle = oracle;
    }

    List<String> differences() {
      List<Command> commands = new ArrayList<>();
      for (Command command : Oracle.engineOf(ours).table().all()) {
        addWith(command, commands);
      }
      for (int i = 1; i <= COMMANDS && differences.size() < MOST_DIFFERENCES; i++) {
        Command command = words.oneOf(commands);
        List<String> line =
            words.oneIn(SCRIPT_EVERY)
                ? words.script(command.fullName(), command.syntax())
                : words.command(command.fullName(), command.syntax());
        if ((oracle != null && (hasAny(line, NEWER_WRITES) || isLeftToChance(command, line)))
            || waitsOrAsksTheClock(command, line)) {
          continue;
        }
        Answer answer = ours.call(line.toArray());
        if (String.valueOf(answer.value()).contains("internal error")) {
          differences.add(answer.toString());
        }
        if (oracle != null) {
          compare(command, line, answer, oracle.call(line.toArray()));
          if (command.is(CommandFlag.WRITE) || line.get(0).equals("EVAL")) {
            compareData(line, oracle);
          }
        }
      }
      return differences;
    }

    /**
     * LSET of the oracles takes of an index what fits 32 bits: the greatest is the last element.
     * SORT ALPHA leaves those that weigh the same as its algorithm does.
     */
    private static boolean isLeftToChance(Command command, List<String> line) {
      return switch (command.name()) {
        case "LSET" -> hasAny(line, Set.of("9223372036854775807", "-9223372036854775808"));
        case "SORT" -> hasAny(line, Set.of("BY")) && hasAny(line, Set.of("STORE"));
        default -> false;
      };
    }

    /** Streams alone have commands that do so only with certain words. */
    private static boolean waitsOrAsksTheClock(Command command, List<String> line) {
      return command.group() == CommandGroup.STREAM
          && (hasAny(line, Set.of("BLOCK"))
              || (command.name().equals("XADD") && line.contains("*"))
              || (command.name().startsWith("XREAD") && line.contains("+")));
    }

    private void addWith(Command command, Collection<Command> commands) {
      command.subcommands().values().forEach(sub -> addWith(sub, commands));
      boolean stream = command.group() == CommandGroup.STREAM;
      boolean random = command.tips().contains("nondeterministic_output") && !stream;
      if (RandomWords.DATA_GROUPS.contains(command.group())
          && command.subcommands().isEmpty()
          && !command.name().equals("HELP")
          && (stream || !command.is(CommandFlag.BLOCKING))
          && !STRICTER_WRITES.contains(command.fullName())
          && !NO_KEYS.contains(command.fullName())
          && !(random && command.is(CommandFlag.WRITE))
          && isKnown(command)) {
        commands.add(command);
      }
    }

    /** Whether the oracle has it, and takes as many words. */
    private boolean isKnown(Command command) {
      return oracle == null
          || (oracle.call("COMMAND", "INFO", command.fullName()).elements().get(0)
                  instanceof List<?> info
              && Long.valueOf(command.arity()).equals(info.get(1)));
    }

    private void compare(Command command, List<String> line, Answer mine, Answer theirs) {
      Object a = mine.value();
      Object b = theirs.value();
      boolean same;
      if (isNewer(command, line, a, b)) {
        same = true;
        if (command.is(CommandFlag.WRITE)) {
          startAnew();
        }
      } else if (SHAPE_ONLY.contains(command.fullName())
          || (command.tips().contains("nondeterministic_output")
              && command.group() != CommandGroup.STREAM)) {
        same = (a == null || b == null) ? a == b : a.getClass() == b.getClass();
      } else if ((command.tips().contains("nondeterministic_output_order")
              || UNSORTED.contains(command.name()))
          && a instanceof Collection<?> x
          && b instanceof Collection<?> y) {
        same = sorted(x).equals(sorted(y));
      } else {
        same = isSame(a, b);
      }
      if (!same) {
        differences.add(shown(line) + ": ours " + brief(a) + ", theirs " + brief(b));
        startAnew();
      }
    }

    private static boolean isSame(@Nullable Object a, @Nullable Object b) {
      if (a instanceof List<?> mine && b instanceof List<?> theirs) {
        boolean same = mine.size() == theirs.size();
        for (int i = 0; same && i < mine.size(); i++) {
          same = isSame(mine.get(i), theirs.get(i));
        }
        return same;
      }
      return Objects.equals(a, b) || isSameTime(a, b) || isSameNumber(a, b);
    }

    private static boolean isNewer(
        Command command, List<String> line, @Nullable Object ours, @Nullable Object theirs) {
      if (UNSORTED.contains(command.name()) && String.valueOf(theirs).contains(STALE_ERROR)) {
        return true;
      }
      boolean refused = isRefusal(ours) || isRefusal(theirs);
      return NEWER_REFUSALS.stream().anyMatch(String.valueOf(ours)::contains)
          || (refused && hasAny(line, NEWER_WORDS))
          || (refused && STRICTER_READS.contains(command.name()));
    }

    private static boolean isRefusal(@Nullable Object value) {
      return value instanceof Answer.Failure
          || (value instanceof List<?> list && list.stream().anyMatch(Run::isRefusal));
    }

    private static boolean hasAny(List<String> line, Set<String> words) {
      return line.stream().anyMatch(word -> words.contains(word.toUpperCase(Locale.ROOT)));
    }

    /**
     * Redis 7.2 writes doubles shorter than 7.0 does; both read back the same. A zero's sign is
     * lost in small sets only, and which sets are made large at once differs.
     */
    private static boolean isSameNumber(@Nullable Object a, @Nullable Object b) {
      if (a instanceof Double mine && b instanceof Double theirs) {
        return mine.doubleValue() == theirs.doubleValue();
      }
      if (!(a instanceof String mine && b instanceof String theirs)) {
        return false;
      }
      try {
        return Double.parseDouble(mine) == Double.parseDouble(theirs);
      } catch (NumberFormatException e) {
        return false;
      }
    }

    /** Times that count from now on differ by what passes between both servers. */
    private static boolean isSameTime(@Nullable Object a, @Nullable Object b) {
      return a instanceof Long mine
          && b instanceof Long theirs
          && mine > 1_000_000_000
          && Math.abs(mine - theirs) < 1000;
    }

    private void compareData(List<String> line, TestClient other) {
      String mine = ours.call("DEBUG", "DIGEST").text();
      if (!mine.equals(other.call("DEBUG", "DIGEST").text()) && !isSameByKey(other)) {
        differences.add("the data differ after " + shown(line));
        startAnew();
      }
    }

    /**
     * Whether both have the same, though digests differ: before 7.2 scores had more digits in them.
     */
    private boolean isSameByKey(TestClient other) {
      boolean same = true;
      for (int database : List.of(1, 0)) {
        ours.ok("SELECT", database);
        other.ok("SELECT", database);
        List<String> keys = sorted(ours.call("KEYS", "*").texts());
        same &= keys.equals(sorted(other.call("KEYS", "*").texts()));
        for (String key : keys) {
          boolean scored = ours.call("TYPE", key).text().equals("zset");
          Object[] asked =
              scored
                  ? new Object[] {"ZRANGE", key, 0, -1, "WITHSCORES"}
                  : new Object[] {"DEBUG", "DIGEST-VALUE", key};
          for (Object[] question : List.of(asked, new Object[] {"PEXPIRETIME", key})) {
            same &= isSame(ours.call(question).value(), other.call(question).value());
          }
        }
      }
      return same;
    }

    private void startAnew() {
      ours.ok("FLUSHALL");
      if (oracle != null) {
        oracle.ok("FLUSHALL");
      }
    }

    private static List<String> sorted(Collection<?> values) {
      return values.stream()
          .map(each -> String.valueOf(each instanceof Collection<?> inner ? sorted(inner) : each))
          .sorted()
          .toList();
    }

    private static String brief(@Nullable Object value) {
      String text = String.valueOf(value);
      return text.length() > 160 ? text.substring(0, 160) + "..." : text;
    }

    private static String shown(List<String> line) {
      List<String> quoted = new ArrayList<>();
      for (String word : line) {
        quoted.add(word.length() > 40 ? "(" + word.length() + " bytes)" : '"' + word + '"');
      }
      return String.join(" ", quoted);
    }
  }
}
