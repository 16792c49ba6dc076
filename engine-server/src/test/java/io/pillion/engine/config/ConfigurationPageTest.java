package io.pillion.engine.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * docs/configuration.md says of every directive what it does, that it does nothing, or that it
 * stops the start; and what it says is so.
 */
final class ConfigurationPageTest {
  private static final String EFFECTS = "What has an effect today:";
  private static final String NOTHING = "These can do nothing here:";
  private static final String REFUSED = "These stop the start:";
  private static final Pattern NAME = Pattern.compile("`([a-z*][a-z0-9*-]*)[^`]*`");
  private static final List<String> NO_PARAMETERS = List.of("user", "loadmodule", "rename-command");

  private String page = "";

  @BeforeEach
  void read() throws IOException {
    page = Files.readString(Path.of("..", "docs", "configuration.md"));
  }

  /** The names and patterns in the first column of the table that follows a sentence. */
  private List<String> names(String sentence) {
    int at = page.indexOf(sentence);
    assertThat(at).as(sentence).isPositive();
    List<String> names = new ArrayList<>();
    for (String line : page.substring(at).lines().skip(4).toList()) {
      if (!line.startsWith("|")) {
        break;
      }
      Matcher name = NAME.matcher(line.substring(0, line.indexOf('|', 1)));
      while (name.find()) {
        names.add(name.group(1));
      }
    }
    assertThat(names).isNotEmpty();
    return names;
  }

  private static boolean matches(String pattern, String name) {
    return name.matches(pattern.replace("*", "[a-z0-9-]*"));
  }

  /** The sentence above the table that speaks of a parameter: by its name, or else by a pattern. */
  private List<String> tablesOf(String name) {
    List<String> tables = List.of(EFFECTS, NOTHING, REFUSED);
    List<String> exact = tables.stream().filter(table -> names(table).contains(name)).toList();
    return exact.isEmpty()
        ? tables.stream()
            .filter(table -> names(table).stream().anyMatch(each -> matches(each, name)))
            .toList()
        : exact;
  }

  @Test
  void speaksOfEveryDirectiveOnce() {
    for (Parameter parameter : Parameters.all()) {
      assertThat(tablesOf(parameter.name())).as(parameter.name()).hasSize(1);
    }
    for (String table : List.of(EFFECTS, NOTHING, REFUSED)) {
      assertThat(names(table))
          .allMatch(
              name ->
                  NO_PARAMETERS.contains(name)
                      || Parameters.all().stream().anyMatch(each -> matches(name, each.name())));
    }
  }

  @Test
  void whatHasAnEffectIsReadSomewhereAndWhatHasNoneNowhere() throws IOException {
    String all = sources(path -> !path.endsWith("ParameterTable.java"));
    // INFO shows some that do nothing, as tools expect.
    String acting =
        sources(path -> !path.endsWith("ParameterTable.java") && !path.endsWith("ServerInfo.java"));
    TreeSet<String> useless = new TreeSet<>();
    TreeSet<String> hidden = new TreeSet<>();
    for (Parameter each : Parameters.all()) {
      String table = tablesOf(each.name()).get(0);
      if (table.equals(EFFECTS) && !isRead(each, all)) {
        useless.add(each.name());
      } else if (table.equals(NOTHING) && isRead(each, acting)) {
        hidden.add(each.name());
      }
    }
    assertThat(useless).as("said to have an effect, but nobody reads them").isEmpty();
    assertThat(hidden).as("said to do nothing, but somebody reads them").isEmpty();
  }

  private static boolean isRead(Parameter parameter, String sources) {
    String name = parameter.name();
    // Those of the two signals are put together.
    return sources.contains('"' + name + '"')
        || (parameter.alias() != null && sources.contains('"' + parameter.alias() + '"'))
        || (name.startsWith("shutdown-on-sig") && sources.contains("\"shutdown-on-\""));
  }

  private static String sources(Predicate<Path> which) throws IOException {
    StringBuilder text = new StringBuilder();
    try (Stream<Path> files = Files.walk(Path.of("src", "main", "java"))) {
      for (Path file : files.filter(Files::isRegularFile).filter(which).toList()) {
        text.append(Files.readString(file));
      }
    }
    return text.toString();
  }
}
