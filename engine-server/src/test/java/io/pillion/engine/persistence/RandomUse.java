package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.testkit.RandomWords;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Random commands on a key whose value came from somewhere doubtful: none may fail inside or take
 * long, and what the key holds afterwards must be whole.
 */
final class RandomUse {
  /** The longest that anything may keep the engine, in nanoseconds. */
  static final long SLOW_NANOS = 1_000_000_000L;

  private static final int COMMANDS = 100;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Commands that go elsewhere or wait, or do not concern a key. */
  private static final Set<String> LEFT_OUT =
      Set.of("MIGRATE", "WAIT", "WAITAOF", "RESTORE", "RESTORE-ASKING", "PFSELFTEST");

  private final CommandTable table;
  private final RandomWords words;
  private final Function<Object[], @Nullable Object> sender;
  private final List<String> history = new ArrayList<>();
  private final Map<String, List<Command>> fitting = new HashMap<>();

  /** Commands from this table, sent by this sender on this thread. */
  RandomUse(CommandTable table, RandomWords words, Function<Object[], @Nullable Object> sender) {
    this.table = table;
    this.words = words;
    this.sender = sender;
  }

  /** The time that this thread has worked: others may keep the machine busy. */
  static long cpuNanos() {
    return THREADS.getCurrentThreadCpuTime();
  }

  /** All that this thread ever took from the heap. */
  static long allocatedBytes() {
    return THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
  }

  private @Nullable Object send(Object... words) {
    return sender.apply(words);
  }

  private String text(Object... words) {
    return shown(send(words));
  }

  private static String shown(@Nullable Object answer) {
    if (answer instanceof List<?> list) {
      return list.stream().map(RandomUse::shown).collect(Collectors.joining(" ", "[", "]"));
    }
    return answer instanceof byte[] bytes
        ? new String(bytes, StandardCharsets.ISO_8859_1)
        : String.valueOf(answer);
  }

  /**
   * Uses a key.
   *
   * @param what for messages: where the value came from
   * @param putBack makes the key again what it is now, when a command has removed it
   */
  void use(String what, String key, Runnable putBack) {
    history.clear();
    String type = text("TYPE", key);
    checkWhole(what, key);
    List<Command> choices = fitting.computeIfAbsent(type, this::fitting);
    for (int done = 0; done < COMMANDS; ) {
      Command command = words.oneOf(choices);
      List<String> line = words.command(command.fullName(), command.syntax());
      if (line.stream().anyMatch("BLOCK"::equalsIgnoreCase)) {
        continue;
      }
      tryOne(what, onKey(command, line, key));
      done++;
      if (!text("TYPE", key).equals(type)) {
        history.add("put back");
        putBack.run();
      }
    }
    checkWhole(what + " after " + history, key);
  }

  /** What is dumped is loaded again, where members twice and wrong counts are found, as itself. */
  private void checkWhole(String what, String key) {
    assertThat(text("OBJECT", "ENCODING", key)).as(what).doesNotContain("error");
    assertThat(text("DEBUG", "DIGEST")).as(what).hasSize(40);
    Object dump = Objects.requireNonNull(send("DUMP", key), what);
    long deadline = (Long) Objects.requireNonNull(send("PEXPIRETIME", key));
    assertThat(text("RESTORE", "dumped", Math.max(0, deadline), dump, "REPLACE", "ABSTTL"))
        .as(what)
        .isEqualTo("OK");
    assertThat(text("DEBUG", "DIGEST-VALUE", "dumped"))
        .as("%s: %s dumped and restored", what, key)
        .isEqualTo(text("DEBUG", "DIGEST-VALUE", key));
    send("DEL", "dumped");
  }

  private void tryOne(String what, Object[] command) {
    history.add(Arrays.toString(command));
    long start = cpuNanos();
    assertThat(text(command))
        .as("%s: %s", what, Arrays.toString(command))
        .doesNotContain("internal error");
    assertThat(cpuNanos() - start)
        .as("nanoseconds of %s: %s", what, Arrays.toString(command))
        .isLessThan(SLOW_NANOS);
  }

  /** The words with the key in one of the places where a key belongs. */
  private Object[] onKey(Command command, List<String> line, String key) {
    List<Integer> places = new ArrayList<>();
    Args args = new Args();
    line.forEach(word -> args.add(word.getBytes(StandardCharsets.ISO_8859_1), 0, word.length()));
    for (KeySpec spec : command.keySpecs()) {
      try {
        spec.forEachKey(args, places::add);
      } catch (CommandException e) {
        return line.toArray(); // words that do not say where their keys are
      }
    }
    places.removeIf(place -> place <= 0 || place >= line.size());
    if (!places.isEmpty()) {
      line.set(words.oneOf(places), key);
    }
    return line.toArray();
  }

  private List<Command> fitting(String type) {
    List<Command> choices = new ArrayList<>();
    table.all().forEach(command -> addFitting(command, type, choices));
    return choices;
  }

  private static void addFitting(Command command, String type, List<Command> choices) {
    command.subcommands().values().forEach(sub -> addFitting(sub, type, choices));
    boolean fits =
        switch (command.group()) {
          case GENERIC -> true;
          case STRING, BITMAP, HYPERLOGLOG -> type.equals("string");
          case LIST -> type.equals("list");
          case SET -> type.equals("set");
          case SORTED_SET, GEO -> type.equals("zset");
          case HASH -> type.equals("hash");
          case STREAM -> type.equals("stream");
          default -> false;
        };
    boolean waits = command.is(CommandFlag.BLOCKING) && !command.name().startsWith("XREAD");
    if (fits && !waits && command.subcommands().isEmpty() && !LEFT_OUT.contains(command.name())) {
      choices.add(command);
    }
  }
}
