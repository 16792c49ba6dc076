package io.pillion.session;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import org.junit.jupiter.api.AfterAll;

/** The repository on an engine in this JVM. */
class SessionRepositoryEmbeddedTest extends SessionRepositoryContract {
  private static final Commands COMMANDS = PillionClient.connect("embedded:session-test");

  @AfterAll
  static void stop() {
    COMMANDS.close();
  }

  @Override
  protected Commands commands() {
    return COMMANDS;
  }
}
