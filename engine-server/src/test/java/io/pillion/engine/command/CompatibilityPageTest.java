package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.world.RealWorld;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The list of commands in docs/compatibility.md is what the table declares. After a change of the
 * table, run this test with {@code -DargLine=-Dpillion.write.docs=true} to write the list anew.
 */
final class CompatibilityPageTest {
  private static final String BEGIN = "<!-- commands: written by CompatibilityPageTest -->\n";
  private static final String END = "<!-- end of commands -->\n";

  @Test
  void listsWhatTheTableDeclares() throws IOException {
    Path page = Path.of("..", "docs", "compatibility.md");
    String text = Files.readString(page);
    int begin = text.indexOf(BEGIN) + BEGIN.length();
    int end = text.indexOf(END);
    String expected = text.substring(0, begin) + list() + text.substring(end);
    if (Boolean.getBoolean("pillion.write.docs")) {
      Files.writeString(page, expected);
    }
    assertThat(Files.readString(page)).isEqualTo(expected);
  }

  private static String list() {
    CommandTable table = new CommandTable();
    Services.create(RealWorld.get(), new Parameters(), table, /* onShutdown= */ null);
    Map<CommandGroup, String> groups =
        table.all().stream()
            .collect(
                Collectors.groupingBy(
                    Command::group,
                    TreeMap::new,
                    Collectors.mapping(CompatibilityPageTest::describe, Collectors.joining(", "))));
    StringBuilder list = new StringBuilder("| group | commands |\n|---|---|\n");
    groups.forEach(
        (group, commands) ->
            list.append("| ")
                .append(group.redisName())
                .append(" | ")
                .append(commands)
                .append(" |\n"));
    return list.toString();
  }

  private static String describe(Command command) {
    return command.isContainer()
        ? command.name() + " (" + String.join(", ", command.subcommands().keySet()) + ")"
        : command.name();
  }
}
