package io.pillion.engine.replication;

import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.testkit.RandomWords;
import io.pillion.engine.testkit.TestClient;
import java.util.List;

/** Random changes of all types in three databases: alone, in transactions, by scripts. */
final class RandomWrites {
  private static final String SCRIPT =
      "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SADD', KEYS[2], redis.call('DBSIZE'), 'x')"
          + " return redis.call('SPOP', KEYS[2])";

  private RandomWrites() {}

  /**
   * Sends them.
   *
   * @param table the commands to choose from
   * @param client who sends them
   * @param other of a server that must know them as well
   */
  static void run(CommandTable table, TestClient client, TestClient other, long seed, int count) {
    RandomWords words = new RandomWords(seed);
    List<Command> commands =
        table.all().stream()
            .filter(command -> RandomWords.DATA_GROUPS.contains(command.group()))
            .filter(command -> command.subcommands().isEmpty())
            .filter(command -> command.is(CommandFlag.WRITE) && !command.is(CommandFlag.BLOCKING))
            .filter(c -> other.call("COMMAND", "INFO", c.name()).elements().get(0) != null)
            .toList();
    for (int i = 0; i < count; i++) {
      int together = i % 20 == 0 ? 3 : 1;
      if (together > 1) {
        client.ok("MULTI");
      }
      for (int j = 0; j < together; j++) {
        Command command = words.oneOf(commands);
        client.call(words.command(command.fullName(), command.syntax()).toArray());
      }
      if (together > 1) {
        client.call("EXEC");
      }
      if (i % 50 == 0) {
        client.call("SELECT", i / 50 % 3);
        client.call("EVAL", SCRIPT, 2, "by script", "set by script", i);
      }
    }
  }
}
