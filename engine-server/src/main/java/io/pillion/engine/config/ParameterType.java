package io.pillion.engine.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** What a parameter takes, how it is checked, and how CONFIG GET and CONFIG REWRITE say it. */
sealed interface ParameterType {
  /**
   * A value that has passed its check.
   *
   * @param text what CONFIG GET says
   * @param number the number or truth value behind it; 0 where there is none
   */
  record Value(String text, long number) {}

  /**
   * Checks words and makes a value of them.
   *
   * @param current the value until now, for types that change only a part of it
   * @param first false when a configuration file has already set this parameter in an earlier line,
   *     so that types of many lines add to it
   * @throws ConfigException with Redis' reason
   */
  Value parse(List<String> words, Value current, boolean first);

  /** The lines CONFIG REWRITE writes, each without the name. */
  default List<String> lines(Value value) {
    return List.of(value.text());
  }

  /** The value before anyone sets it. */
  default Value initial(List<String> words) {
    return parse(words, new Value("", 0), /* first= */ true);
  }

  /** {@code yes} or {@code no}. */
  record Bool() implements ParameterType {
    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      return switch (words.get(0).toLowerCase(Locale.ROOT)) {
        case "yes" -> new Value("yes", 1);
        case "no" -> new Value("no", 0);
        default -> throw new ConfigException("argument must be 'yes' or 'no'");
      };
    }
  }

  /** A whole number within inclusive bounds. */
  record Whole(long min, long max) implements ParameterType {
    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      long number;
      try {
        number = parseStrict(words.get(0));
      } catch (NumberFormatException e) {
        throw new ConfigException("argument couldn't be parsed into an integer");
      }
      return new Value(Long.toString(checkRange(number, min, max)), number);
    }
  }

  /** A whole number; what is below or above a narrower range becomes its end. */
  record Clamped(Whole accepted, long least, long most) implements ParameterType {
    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      long number = accepted.parse(words, current, first).number();
      long clamped = Math.max(least, Math.min(most, number));
      return new Value(Long.toString(clamped), clamped);
    }
  }

  /** A number in octal, for file modes. */
  record Octal(long min, long max) implements ParameterType {
    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      long number;
      try {
        number = Long.parseLong(words.get(0), 8);
      } catch (NumberFormatException e) {
        throw new ConfigException("argument couldn't be parsed as an octal number");
      }
      if (number < min || number > max) {
        throw new ConfigException(
            "argument must be between "
                + Long.toOctalString(min)
                + " and "
                + Long.toOctalString(max)
                + " inclusive");
      }
      return new Value(Long.toOctalString(number), number);
    }
  }

  /** A number of bytes, with units from {@code b} to {@code gb}. */
  record Memory(long min, long max) implements ParameterType {
    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      long bytes = parseBytes(words.get(0));
      if (bytes < 0) {
        throw new ConfigException("argument must be a memory value");
      }
      return new Value(Long.toString(checkRange(bytes, min, max)), bytes);
    }

    @Override
    public List<String> lines(Value value) {
      return List.of(formatBytes(value.number()));
    }
  }

  /** A number of bytes, or a share of {@code maxmemory}, kept as a negative number. */
  record MemoryOrPercent() implements ParameterType {
    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      String text = words.get(0);
      if (text.endsWith("%")) {
        long percent;
        try {
          percent = parseStrict(text.substring(0, text.length() - 1));
        } catch (NumberFormatException e) {
          throw new ConfigException("argument must be a memory or percent value");
        }
        if (percent < 0) {
          throw new ConfigException("argument must be a memory or percent value");
        }
        if (percent > 100) {
          throw new ConfigException("percentage argument must be less or equal to 100");
        }
        return new Value(percent + "%", -percent);
      }
      long bytes = parseBytes(text);
      if (bytes < 0) {
        throw new ConfigException("argument must be a memory or percent value");
      }
      return new Value(Long.toString(bytes), bytes);
    }

    @Override
    public List<String> lines(Value value) {
      return List.of(value.number() < 0 ? value.text() : formatBytes(value.number()));
    }
  }

  /** One of a few names; the number is its place among them. */
  record OneOf(List<String> names) implements ParameterType {
    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      int place = indexIgnoreCase(names, words.get(0));
      if (place < 0) {
        throw notOneOf(names);
      }
      return new Value(names.get(place), place);
    }
  }

  /** Some of a few names; the number has a bit for each but the first, which stands for none. */
  record SomeOf(List<String> names) implements ParameterType {
    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      if (words.isEmpty()) {
        throw notOneOf(names);
      }
      long bits = 0;
      for (String word : words) {
        int place = indexIgnoreCase(names, word);
        if (place < 0) {
          throw notOneOf(names);
        }
        bits |= place == 0 ? 0 : 1L << (place - 1);
      }
      if (names.contains("nosave") && (bits & 3) == 3) {
        throw new ConfigException("shutdown options SAVE and NOSAVE can't be used simultaneously");
      }
      List<String> chosen = new ArrayList<>();
      for (int i = 1; i < names.size(); i++) {
        if ((bits & 1L << (i - 1)) != 0) {
          chosen.add(names.get(i));
        }
      }
      return new Value(bits == 0 ? names.get(0) : String.join(" ", chosen), bits);
    }
  }

  /** Any text that passes a check, which may also bring it into its usual form. */
  record Text(UnaryOperator<String> check) implements ParameterType {
    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      return new Value(check.apply(words.get(0)), 0);
    }

    @Override
    public List<String> lines(Value value) {
      return List.of(QuotedWords.quote(value.text()));
    }
  }

  /** Several words on one line that pass a check together. */
  record Several(UnaryOperator<List<String>> check) implements ParameterType {
    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      return new Value(String.join(" ", check.apply(words)), 0);
    }

    @Override
    public List<String> lines(Value value) {
      return List.of(value.text().isEmpty() ? "\"\"" : value.text());
    }
  }

  /** When to save: pairs of seconds and changes, over one line or many. */
  record SavePoints() implements ParameterType {
    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      if (words.size() == 1 && words.get(0).isEmpty()) {
        return new Value("", 0);
      }
      if (words.size() % 2 != 0) {
        throw new ConfigException("Invalid save parameters");
      }
      List<String> numbers = new ArrayList<>();
      for (int i = 0; i < words.size(); i++) {
        long number;
        try {
          number = Long.parseLong(words.get(i).strip());
        } catch (NumberFormatException e) {
          throw new ConfigException("Invalid save parameters");
        }
        if (number < (i % 2 == 0 ? 1 : 0)) {
          throw new ConfigException("Invalid save parameters");
        }
        numbers.add(Long.toString(number));
      }
      String added = String.join(" ", numbers);
      String before = first ? "" : current.text();
      return new Value(before.isEmpty() ? added : before + " " + added, 0);
    }

    @Override
    public List<String> lines(Value value) {
      if (value.text().isEmpty()) {
        return List.of("\"\"");
      }
      List<String> lines = new ArrayList<>();
      String[] words = value.text().split(" ", -1);
      for (int i = 0; i + 1 < words.length; i += 2) {
        lines.add(words[i] + " " + words[i + 1]);
      }
      return lines;
    }
  }

  /** How much unread output each class of clients may have: only the named classes change. */
  record OutputLimits() implements ParameterType {
    static final List<String> CLASSES = List.of("normal", "slave", "pubsub");

    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      if (words.isEmpty() || words.size() % 4 != 0) {
        throw new ConfigException("Wrong number of arguments in buffer limit configuration.");
      }
      Map<String, String> limits = byClass(current);
      for (int i = 0; i < words.size(); i += 4) {
        String name = words.get(i).toLowerCase(Locale.ROOT);
        if (name.equals("replica")) {
          name = "slave";
        }
        if (!CLASSES.contains(name)) {
          throw new ConfigException(
              "Invalid client class specified in buffer limit configuration.");
        }
        long hard = parseBytes(words.get(i + 1));
        long soft = parseBytes(words.get(i + 2));
        long seconds;
        try {
          seconds = Long.parseLong(words.get(i + 3));
        } catch (NumberFormatException e) {
          seconds = -1;
        }
        if (hard < 0 || soft < 0 || seconds < 0) {
          throw new ConfigException(
              "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
        }
        limits.put(name, hard + " " + soft + " " + seconds);
      }
      StringBuilder text = new StringBuilder();
      limits.forEach(
          (name, limit) ->
              text.append(text.isEmpty() ? "" : " ").append(name).append(' ').append(limit));
      return new Value(text.toString(), 0);
    }

    @Override
    public List<String> lines(Value value) {
      List<String> lines = new ArrayList<>();
      byClass(value)
          .forEach(
              (name, limit) -> {
                String[] parts = limit.split(" ", -1);
                lines.add(
                    (name.equals("slave") ? "replica" : name)
                        + " "
                        + formatBytes(Long.parseLong(parts[0]))
                        + " "
                        + formatBytes(Long.parseLong(parts[1]))
                        + " "
                        + parts[2]);
              });
      return lines;
    }

    private static Map<String, String> byClass(Value value) {
      Map<String, String> limits = new LinkedHashMap<>();
      CLASSES.forEach(name -> limits.put(name, "0 0 0"));
      String[] words = value.text().split(" ", -1);
      for (int i = 0; i + 3 < words.length; i += 4) {
        limits.put(words[i], words[i + 1] + " " + words[i + 2] + " " + words[i + 3]);
      }
      return limits;
    }
  }

  /** The classes of keyspace events, one letter each. */
  record EventClasses() implements ParameterType {
    private static final String ALL = "g$lshzxetd";

    @Override
    public Value parse(List<String> words, Value current, boolean first) {
      Set<Character> chosen = new HashSet<>();
      for (char c : words.get(0).toCharArray()) {
        if (c == 'A') {
          ALL.chars().forEach(each -> chosen.add((char) each));
        } else if ((ALL + "KEmn").indexOf(c) >= 0) {
          chosen.add(c);
        } else {
          throw new ConfigException("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        }
      }
      StringBuilder text = new StringBuilder();
      if (ALL.chars().allMatch(each -> chosen.contains((char) each))) {
        text.append('A');
      } else {
        "g$lshzxetd".chars().filter(c -> chosen.contains((char) c)).forEach(c -> add(text, c));
      }
      "KEmn".chars().filter(c -> chosen.contains((char) c)).forEach(c -> add(text, c));
      return new Value(text.toString(), 0);
    }

    private static void add(StringBuilder text, int c) {
      text.append((char) c);
    }

    @Override
    public List<String> lines(Value value) {
      return List.of(QuotedWords.quote(value.text()));
    }
  }

  private static ConfigException notOneOf(List<String> names) {
    return new ConfigException(
        "argument(s) must be one of the following: " + String.join(", ", names));
  }

  private static int indexIgnoreCase(List<String> names, String wanted) {
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).equalsIgnoreCase(wanted)) {
        return i;
      }
    }
    return -1;
  }

  private static long checkRange(long number, long min, long max) {
    if (number < min || number > max) {
      throw new ConfigException("argument must be between " + min + " and " + max + " inclusive");
    }
    return number;
  }

  /** A number with nothing around it: no plus, no leading zeros. */
  private static long parseStrict(String text) {
    long number = Long.parseLong(text);
    if (!Long.toString(number).equals(text)) {
      throw new NumberFormatException(text);
    }
    return number;
  }

  /** Bytes from a text such as {@code 100mb}; -1 when it is none. */
  static long parseBytes(String text) {
    int digits = 0;
    while (digits < text.length() && Character.digit(text.charAt(digits), 10) >= 0) {
      digits++;
    }
    long unit =
        switch (text.substring(digits).toLowerCase(Locale.ROOT)) {
          case "", "b" -> 1;
          case "k" -> 1000;
          case "kb" -> 1L << 10;
          case "m" -> 1_000_000;
          case "mb" -> 1L << 20;
          case "g" -> 1_000_000_000;
          case "gb" -> 1L << 30;
          default -> 0;
        };
    if (text.isEmpty()) {
      return 0;
    }
    if (digits == 0 || unit == 0) {
      return -1;
    }
    try {
      return Math.multiplyExact(Long.parseLong(text.substring(0, digits)), unit);
    } catch (ArithmeticException | NumberFormatException e) {
      return -1;
    }
  }

  /** Bytes in the largest unit that divides them. */
  static String formatBytes(long bytes) {
    if (bytes != 0) {
      if (bytes % (1L << 30) == 0) {
        return (bytes >> 30) + "gb";
      }
      if (bytes % (1L << 20) == 0) {
        return (bytes >> 20) + "mb";
      }
      if (bytes % (1L << 10) == 0) {
        return (bytes >> 10) + "kb";
      }
    }
    return Long.toString(bytes);
  }
}
