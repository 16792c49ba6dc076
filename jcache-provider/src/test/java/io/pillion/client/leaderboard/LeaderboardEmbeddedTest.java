package io.pillion.client.leaderboard;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import org.junit.jupiter.api.AfterAll;

/** The leaderboard on an engine in this JVM. */
class LeaderboardEmbeddedTest extends LeaderboardContract {
  private static final Commands COMMANDS = PillionClient.connect("embedded:leaderboard-test");

  @AfterAll
  static void stop() {
    COMMANDS.close();
  }

  @Override
  protected Commands commands() {
    return COMMANDS;
  }
}
