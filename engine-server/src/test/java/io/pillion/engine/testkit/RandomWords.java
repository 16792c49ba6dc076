package io.pillion.engine.testkit;

import io.pillion.engine.command.Syntax;
import io.pillion.engine.dispatch.CommandGroup;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Random commands that follow a declared syntax: values fit their names, mostly. Some are hostile
 * (huge, negative, empty, no number at all), some have words too many, too few or out of place.
 *
 * <p>Times to live are long or over, never about to end: what a key holds must not depend on how
 * fast the test runs.
 */
public final class RandomWords {
  /** The commands that deal with data, of which they are words. */
  public static final Set<CommandGroup> DATA_GROUPS =
      Set.of(
          CommandGroup.GENERIC,
          CommandGroup.STRING,
          CommandGroup.BITMAP,
          CommandGroup.LIST,
          CommandGroup.SET,
          CommandGroup.SORTED_SET,
          CommandGroup.HASH,
          CommandGroup.HYPERLOGLOG,
          CommandGroup.GEO,
          CommandGroup.STREAM);

  private static final List<String> KEYS = List.of("a", "b", "c", "d", "e", "f", "", "key 7");
  private static final List<String> VALUES =
      List.of(
          "a",
          "b",
          "c",
          "d",
          "e",
          "f",
          "g",
          "",
          "1",
          "2",
          "-7",
          "3.5",
          "0",
          "10",
          "\0\r\n\u00ff",
          "x".repeat(70),
          "y".repeat(400),
          "9223372036854775807",
          "abcabcabc",
          "hello world");
  private static final List<String> HOSTILE_NUMBERS =
      List.of(
          "9223372036854775807",
          "-9223372036854775808",
          "9223372036854775808",
          "-1",
          "0",
          "-0",
          "01",
          "+1",
          " 1",
          "1 ",
          "1.5",
          "",
          "x",
          "4294967296",
          "1e3",
          "0x10",
          "99999999999999999999999");
  private static final List<String> HOSTILE_SCORES =
      List.of(
          "inf",
          "-inf",
          "+inf",
          "nan",
          "1e308",
          "-1e308",
          "1e400",
          "0.1",
          "1e-5",
          "(1",
          "[a",
          "(a",
          "-",
          "+",
          "",
          "x",
          "0x10",
          "1.0e2",
          "3.0",
          "-0",
          "12345678901234");
  private static final List<String> GROUPS = List.of("g", "h", "");
  private static final List<String> HOSTILE_IDS =
      List.of(
          "-",
          "+",
          "$",
          ">",
          "*",
          "5-*",
          "99-*",
          "(1-1",
          "(7",
          "(-",
          "",
          "-1",
          "1-",
          "+7",
          "1-x",
          "18446744073709551616",
          "7-18446744073709551615");
  private static final List<String> PATTERNS =
      List.of("*", "a*", "?", "[a-c]", "[^a]", "\\a", "[", "a[", "**", "*b*", "", "[]", "\\");

  private static final List<String> ENCODINGS =
      List.of("u1", "i1", "u8", "i8", "u5", "i13", "u63", "i64", "i63", "u33", "u64", "i65", "x8");

  /** What scripts do with two keys and the words of a command. */
  private static final List<String> SCRIPTS =
      List.of(
          "return redis.pcall(unpack(ARGV))",
          "local answer = redis.pcall(unpack(ARGV)) return {type(answer), answer}",
          "redis.pcall('set', KEYS[1], #ARGV) return redis.pcall(unpack(ARGV))",
          "local answer = redis.pcall(unpack(ARGV)) redis.pcall('incr', KEYS[2]) return answer",
          "redis.pcall('append', KEYS[1], 'x') redis.pcall(unpack(ARGV))"
              + " return redis.pcall('get', KEYS[2])",
          "for i = 1, 3 do redis.pcall(unpack(ARGV)) end"
              + " return redis.pcall('exists', KEYS[1], KEYS[2])",
          "local kind = redis.call('type', KEYS[1]).ok"
              + " if kind == 'list' then return redis.call('rpoplpush', KEYS[1], KEYS[2]) end"
              + " if kind == 'string' then return redis.call('strlen', KEYS[1]) end"
              + " if kind == 'hash' then return redis.call('hlen', KEYS[1]) / 2 end"
              + " return redis.pcall(unpack(ARGV))");

  private final Random random;
  private final Map<String, Syntax> parsed = new HashMap<>();
  private int keysAnnounced = -1;

  public RandomWords(long seed) {
    random = new Random(seed);
  }

  /** Begins anew: what follows depends on this seed alone. */
  public void seed(long seed) {
    random.setSeed(seed);
    keysAnnounced = -1;
  }

  /** Chooses one of these. */
  public <T> T oneOf(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  /** The words of one command. */
  public List<String> command(String name, String syntax) {
    List<String> words = new ArrayList<>(List.of(name.split("\\|", -1)));
    int fixed = words.size();
    keysAnnounced = -1;
    if (!syntax.isEmpty()) {
      generate(parsed.computeIfAbsent(syntax, Syntax::parse), words);
    }
    if (random.nextInt(12) == 0) {
      spoil(words, fixed);
    }
    return words;
  }

  /** True once in so many times. */
  public boolean oneIn(int times) {
    return random.nextInt(times) == 0;
  }

  /** The words of a script that sends one command, and may do something before and after. */
  public List<String> script(String name, String syntax) {
    List<String> words = new ArrayList<>(List.of("EVAL", oneOf(SCRIPTS), "2"));
    words.add(oneOf(KEYS));
    words.add(oneOf(KEYS));
    words.addAll(command(name, syntax));
    return words;
  }

  private void spoil(List<String> words, int fixed) {
    int at = fixed + random.nextInt(words.size() - fixed + 1);
    switch (random.nextInt(4)) {
      case 0 -> words.add(at, oneOf(VALUES));
      case 1 -> words.add(at, oneOf(HOSTILE_NUMBERS));
      case 2 -> {
        if (at < words.size()) {
          words.remove(at);
        }
      }
      default -> {
        if (at < words.size()) {
          words.add(words.get(at));
        }
      }
    }
  }

  private void generate(Syntax syntax, List<String> words) {
    if (syntax instanceof Syntax.Token token) {
      words.add(random.nextInt(8) == 0 ? lower(token.text()) : token.text());
    } else if (syntax instanceof Syntax.Value value) {
      words.add(value(value.name()));
    } else if (syntax instanceof Syntax.Choice choice) {
      generate(oneOf(choice.alternatives()), words);
    } else if (syntax instanceof Syntax.Optional optional) {
      if (random.nextInt(5) < 2) {
        generate(optional.part(), words);
      }
    } else if (syntax instanceof Syntax.Repeat repeat) {
      repeat(repeat, words);
    } else if (syntax instanceof Syntax.Sequence sequence) {
      sequence.parts().forEach(part -> generate(part, words));
    }
  }

  private void repeat(Syntax.Repeat repeat, List<String> words) {
    int times = random.nextInt(3);
    if (keysAnnounced > 0 && repeat.part() instanceof Syntax.Value) {
      // One key has come before its repetition.
      times = keysAnnounced - 1;
      keysAnnounced = -1;
    }
    for (int i = 0; i < times; i++) {
      generate(repeat.part(), words);
    }
  }

  private static String lower(String text) {
    return text.toLowerCase(java.util.Locale.ROOT);
  }

  private String value(String name) {
    return switch (name) {
      case "key", "key1", "key2", "newkey", "source", "destination", "destkey", "sourcekey" ->
          oneOf(KEYS);
      case "pattern" -> oneOf(PATTERNS);
      case "seconds", "milliseconds" -> rarely(HOSTILE_NUMBERS, longTime());
      case "unix-time-seconds" -> rarely(HOSTILE_NUMBERS, "4102444800");
      case "unix-time-milliseconds" -> rarely(HOSTILE_NUMBERS, "4102444800123");
      case "cursor" -> rarely(List.of("x", "1 ", "1.5", "99999999999999999999"), "0");
      case "numkeys" -> {
        keysAnnounced = 1 + random.nextInt(3);
        yield rarely(HOSTILE_NUMBERS, Integer.toString(keysAnnounced));
      }
      case "type" -> oneOf(List.of("string", "list", "set", "zset", "hash", "stream", "nosuch"));
      case "db", "destination-db" -> rarely(HOSTILE_NUMBERS, oneOf(List.of("0", "1", "16")));
      case "bit" -> rarely(HOSTILE_NUMBERS, random.nextBoolean() ? "1" : "0");
      case "encoding" -> oneOf(ENCODINGS);
      case "score", "min", "max", "weight" ->
          rarely(HOSTILE_SCORES, random.nextInt(4) == 0 ? fraction() : small());
      case "increment" ->
          random.nextBoolean() ? rarely(HOSTILE_NUMBERS, small()) : rarely(HOSTILE_SCORES, small());
      case "count",
          "index",
          "start",
          "stop",
          "end",
          "offset",
          "decrement",
          "rank",
          "limit",
          "len",
          "num-matches",
          "min-match-len" ->
          rarely(HOSTILE_NUMBERS, small());
      case "longitude" -> rarely(HOSTILE_SCORES, degrees(180));
      case "latitude" -> rarely(HOSTILE_SCORES, degrees(85));
      case "radius", "width", "height" -> rarely(HOSTILE_SCORES, size());
      case "id", "last-id", "threshold", "lastid", "max-deleted-id" ->
          random.nextInt(8) == 0 ? oneOf(HOSTILE_IDS) : streamId();
      case "group", "consumer" -> oneOf(GROUPS);
      case "min-idle-time", "entries-added", "entries-read" -> rarely(HOSTILE_NUMBERS, "0");
      case "ms" -> rarely(HOSTILE_NUMBERS, "1000000000000");
      default -> oneOf(VALUES);
    };
  }

  private String streamId() {
    int ms = random.nextInt(40);
    return random.nextBoolean() ? Integer.toString(ms) : ms + "-" + random.nextInt(3);
  }

  private String rarely(List<String> hostile, String usual) {
    return random.nextInt(10) == 0 ? oneOf(hostile) : usual;
  }

  /** No two alike, so that it makes no difference how fast a server is. */
  private String longTime() {
    return Long.toString(1_000_000_000L + random.nextInt(1_000_000) * 100L);
  }

  /** Half of them near each other. */
  private String degrees(int most) {
    double degrees = (2 * random.nextDouble() - 1) * (random.nextBoolean() ? most : 1);
    return String.format(java.util.Locale.ROOT, "%.6f", degrees);
  }

  private String size() {
    return String.format(java.util.Locale.ROOT, "%.2f", Math.pow(10, random.nextInt(8)));
  }

  private String fraction() {
    return Double.toString((random.nextInt(41) - 20) * 0.1);
  }

  private String small() {
    return Integer.toString(random.nextInt(14) - 4);
  }
}
