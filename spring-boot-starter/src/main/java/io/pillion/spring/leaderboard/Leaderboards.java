package io.pillion.spring.leaderboard;

import io.pillion.client.Commands;
import io.pillion.client.leaderboard.Leaderboard;

/** The leaderboards of the application's engine, by name. Thread-safe. */
public final class Leaderboards {
  private final Commands commands;

  /** The leaderboards that these commands reach. */
  public Leaderboards(Commands commands) {
    this.commands = commands;
  }

  /**
   * The board of this name, the highest score first; it comes into being with its first member.
   * Costs nothing, so it need not be kept.
   */
  public Leaderboard board(String name) {
    return Leaderboard.of(commands, name);
  }
}
