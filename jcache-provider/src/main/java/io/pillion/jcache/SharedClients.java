package io.pillion.jcache;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.PillionUrl;
import java.util.HashMap;
import java.util.Map;

/** One client per server for all cache managers of this JVM, closed with the last of them. */
final class SharedClients {
  private static final Map<PillionUrl, Shared> CLIENTS = new HashMap<>();

  private SharedClients() {}

  /** The client of this server; to be released once. */
  static Commands acquire(PillionUrl url) {
    synchronized (CLIENTS) {
      Shared shared = CLIENTS.computeIfAbsent(url, u -> new Shared(PillionClient.connect(u)));
      shared.users++;
      return shared.commands;
    }
  }

  static void release(PillionUrl url) {
    synchronized (CLIENTS) {
      Shared shared = CLIENTS.get(url);
      if (shared != null && --shared.users == 0) {
        CLIENTS.remove(url);
        shared.commands.close();
      }
    }
  }

  private static final class Shared {
    private final Commands commands;
    private int users;

    Shared(Commands commands) {
      this.commands = commands;
    }
  }
}
