package io.pillion.engine.observe;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.ClientListener;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.CommandMonitor;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.world.World;
import java.util.LinkedHashSet;
import java.util.Set;

/** MONITOR: clients that are shown what others send, as it is carried out. */
public final class Monitors implements CommandMonitor, ClientListener {
  private final World world;
  private final Set<Client> clients = new LinkedHashSet<>();

  /** Nobody watches. */
  public Monitors(World world) {
    this.world = world;
  }

  /** Shows a client what others send from now on. */
  public void add(Client client) {
    clients.add(client);
    client.monitor(true);
  }

  @Override
  public void forget(Client client) {
    if (clients.remove(client)) {
      client.monitor(false);
    }
  }

  @Override
  public void sent(Client client, Command command, Args args, boolean byScript) {
    if (command.is(CommandFlag.ADMIN)) {
      return;
    }
    String line = line(client, args, byScript);
    for (Client monitor : clients) {
      if (monitor.replyMode() != Client.ReplyMode.OFF) {
        monitor.push(reply -> reply.notice(line));
      }
    }
  }

  private String line(Client client, Args args, boolean byScript) {
    long millis = world.wallMillis();
    StringBuilder line = new StringBuilder();
    String fraction = Long.toString(1_000_000 + millis % 1000 * 1000).substring(1);
    line.append(millis / 1000).append('.').append(fraction);
    line.append(" [").append(client.database()).append(' ');
    line.append(byScript ? "lua" : source(client)).append(']');
    for (int i = 0; i < args.count(); i++) {
      quote(line.append(' '), args.shown(i));
    }
    return line.toString();
  }

  private static String source(Client client) {
    String address = client.outlet().peerAddress();
    return address.startsWith("/")
        ? "unix:" + address.substring(0, address.lastIndexOf(':'))
        : address;
  }

  private static void quote(StringBuilder line, Bytes word) {
    line.append('"');
    for (int i = 0; i < word.length(); i++) {
      int c = word.get(i) & 0xFF;
      switch (c) {
        case '"', '\\' -> line.append('\\').append((char) c);
        case '\n' -> line.append("\\n");
        case '\r' -> line.append("\\r");
        case '\t' -> line.append("\\t");
        case '\b' -> line.append("\\b");
        case 7 -> line.append("\\a");
        default -> {
          if (c >= ' ' && c <= '~') {
            line.append((char) c);
          } else {
            line.append("\\x").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
          }
        }
      }
    }
    line.append('"');
  }

  private static final String HEX = "0123456789abcdef";
}
