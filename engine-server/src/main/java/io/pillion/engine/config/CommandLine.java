package io.pillion.engine.config;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The command line as redis-server takes it: an optional configuration file, an optional {@code -}
 * for more of it on standard input, then {@code --directive value ...}, which are lines appended to
 * that file.
 *
 * @param configFile the file named first, or null
 * @param standardInput whether a dash asks for standard input
 * @param directives the options as configuration lines
 */
public record CommandLine(@Nullable String configFile, boolean standardInput, String directives) {

  /** Reads arguments; what they mean is checked when the lines are loaded. */
  public static CommandLine parse(String... args) {
    int at = 0;
    String file = null;
    if (args.length > 0 && !args[0].startsWith("-")) {
      file = args[0];
      at++;
    }
    boolean input = at < args.length && args[at].equals("-");
    if (input) {
      at++;
    }
    return new CommandLine(file, input, lines(Arrays.asList(args).subList(at, args.length)));
  }

  private static String lines(List<String> args) {
    StringBuilder lines = new StringBuilder();
    boolean valueSeen = true;
    for (int i = 0; i < args.size(); i++) {
      String arg = args.get(i);
      if (!valueSeen || !arg.startsWith("--")) {
        // A name's first value is a value whatever it looks like.
        lines.append(QuotedWords.quote(arg)).append(' ');
        valueSeen = true;
        continue;
      }
      lines.append(lines.isEmpty() ? "" : "\n").append(arg.substring(2)).append(' ');
      List<String> words = QuotedWords.split(arg);
      if (words == null || words.size() != 1) {
        continue;
      }
      boolean last = i == args.size() - 1;
      if (arg.equalsIgnoreCase("--save") && (last || args.get(i + 1).startsWith("--"))) {
        lines.append("\"\"");
      } else {
        valueSeen = false;
      }
    }
    return lines.toString();
  }
}
