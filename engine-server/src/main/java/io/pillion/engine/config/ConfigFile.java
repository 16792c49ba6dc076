package io.pillion.engine.config;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** Reads redis.conf: one directive a line, quotes, comments, includes. */
public final class ConfigFile {
  /** Directives that Redis once had and still accepts without any effect. */
  private static final List<String> FORGOTTEN =
      List.of("list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands");

  private static final int MAX_INCLUDE_DEPTH = 16;

  private final Parameters parameters;
  private final Function<String, List<String>> includes;

  /**
   * A reader that sets these parameters.
   *
   * @param includes the texts of all files that match a path or pattern; may throw {@link
   *     FatalConfigException}
   */
  public ConfigFile(Parameters parameters, Function<String, List<String>> includes) {
    this.parameters = parameters;
    this.includes = includes;
  }

  /**
   * Sets what the text says.
   *
   * @throws FatalConfigException at the first line that cannot be understood, with all that the
   *     user must be told
   */
  public void load(String text) {
    load(text, 0);
  }

  private void load(String text, int depth) {
    String[] lines = text.split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      String line = trim(lines[i]);
      try {
        loadLine(line, depth);
      } catch (ConfigException e) {
        throw new FatalConfigException(i + 1, line, e.reason());
      }
    }
    if (parameters.isOn("cluster-enabled") && !parameters.text("replicaof").isEmpty()) {
      throw new FatalConfigException("replicaof directive not allowed in cluster mode");
    }
  }

  private void loadLine(String line, int depth) {
    if (line.isEmpty() || line.charAt(0) == '#') {
      return;
    }
    List<String> all = QuotedWords.split(line);
    if (all == null) {
      throw new ConfigException("Unbalanced quotes in configuration line");
    }
    if (all.isEmpty()) {
      return;
    }
    String name = all.get(0).toLowerCase(Locale.ROOT);
    List<String> words = all.subList(1, all.size());
    if (Parameters.find(name) != null) {
      parameters.load(name, words);
      return;
    }
    switch (name) {
      case "include" -> {
        if (words.size() != 1 || depth == MAX_INCLUDE_DEPTH) {
          throw ConfigException.unknown(name);
        }
        includes.apply(words.get(0)).forEach(text -> load(text, depth + 1));
      }
      case "user" -> parameters.addUser(words);
      case "rename-command", "loadmodule" ->
          throw new ConfigException(name + " is not supported: remove the line");
      case "sentinel" -> throw new ConfigException("sentinel directive while not in sentinel mode");
      default -> {
        if (name.indexOf('.') >= 0 && words.isEmpty()) {
          throw new ConfigException("Module config specified without value");
        }
        if (name.indexOf('.') < 0 && !FORGOTTEN.contains(name)) {
          throw ConfigException.unknown(name);
        }
      }
    }
  }

  private static String trim(String line) {
    int from = 0;
    int to = line.length();
    while (from < to && " \t\r\n".indexOf(line.charAt(from)) >= 0) {
      from++;
    }
    while (to > from && " \t\r\n".indexOf(line.charAt(to - 1)) >= 0) {
      to--;
    }
    return line.substring(from, to);
  }
}
