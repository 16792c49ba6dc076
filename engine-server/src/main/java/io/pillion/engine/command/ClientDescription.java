package io.pillion.engine.command;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.ClientUser;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.pubsub.Kind;
import io.pillion.engine.pubsub.PubSub;
import io.pillion.engine.tracking.Tracking;
import io.pillion.engine.tracking.TrackingOptions;

/** What CLIENT INFO, CLIENT LIST and ACL LOG say of a client. */
final class ClientDescription {
  private final PubSub pubSub;
  private final Tracking tracking;

  /** Describes clients of an engine with these parts. */
  ClientDescription(PubSub pubSub, Tracking tracking) {
    this.pubSub = pubSub;
    this.tracking = tracking;
  }

  /** A client in one line, at a moment in Unix milliseconds. */
  String of(Client client, long nowMillis) {
    return of(client, nowMillis, /* argumentBytes= */ 0);
  }

  String of(Client client, long nowMillis, long argumentBytes) {
    Client.Transaction transaction = client.transaction();
    Command last = client.lastCommand();
    Outlet outlet = client.outlet();
    ClientUser user = client.user();
    long pending = outlet.pendingBytes();
    StringBuilder line = new StringBuilder(320);
    field(line, "id", client.id());
    field(line, "addr", outlet.peerAddress());
    field(line, "laddr", outlet.localAddress());
    field(line, "fd", -1);
    field(line, "name", client.name());
    field(line, "age", seconds(nowMillis - client.connectedMillis()));
    field(line, "idle", seconds(nowMillis - client.lastActiveMillis()));
    field(line, "flags", flags(client));
    field(line, "db", client.database());
    field(line, "sub", pubSub.count(client, Kind.CHANNEL));
    field(line, "psub", pubSub.count(client, Kind.PATTERN));
    field(line, "ssub", pubSub.count(client, Kind.SHARD));
    field(line, "multi", transaction == null ? -1 : transaction.queue().size());
    field(line, "watch", client.watchedCount());
    field(line, "qbuf", outlet.heldInputBytes());
    field(line, "qbuf-free", outlet.freeInputBytes());
    field(line, "argv-mem", argumentBytes);
    field(line, "multi-mem", transaction == null ? 0 : transaction.bytes());
    field(line, "rbs", outlet.replyCapacity());
    field(line, "rbp", outlet.replyCapacity());
    field(line, "obl", 0);
    field(line, "oll", pending == 0 ? 0 : 1);
    field(line, "omem", pending);
    field(line, "tot-mem", client.memoryBytes() + argumentBytes);
    field(line, "events", pending == 0 ? "r" : "rw");
    field(line, "cmd", last == null ? "NULL" : last.fullName());
    field(line, "user", user == null ? "(superuser)" : user.name().toUtf8());
    field(line, "redir", TrackingCommands.redirect(tracking.options(client)));
    field(line, "resp", client.reply().version());
    field(line, "lib-name", client.libraryName());
    field(line, "lib-ver", client.libraryVersion());
    field(line, "tot-net-in", outlet.receivedBytes());
    field(line, "tot-net-out", outlet.sentBytes());
    field(line, "tot-cmds", client.commandCount());
    return line.toString();
  }

  private static void field(StringBuilder line, String name, Object value) {
    line.append(line.isEmpty() ? "" : " ").append(name).append('=').append(value);
  }

  private static long seconds(long millis) {
    return Math.max(0, millis / 1000);
  }

  private String flags(Client client) {
    StringBuilder flags = new StringBuilder();
    if (client.isReplica()) {
      flags.append('S');
    }
    if (client.isPrimary()) {
      flags.append('M');
    }
    if (client.isMonitor()) {
      flags.append('O');
    }
    if (client.isSubscriber()) {
      flags.append('P');
    }
    if (client.transaction() != null) {
      flags.append('x');
    }
    if (client.blocked() != null) {
      flags.append('b');
    }
    TrackingOptions options = tracking.options(client);
    if (options != null) {
      flags.append('t');
      if (tracking.isRedirectBroken(client)) {
        flags.append('R');
      }
      if (options.broadcast()) {
        flags.append('B');
      }
    }
    if (client.isWatchBroken()) {
      flags.append('d');
    }
    if (client.isClosing()) {
      flags.append('c');
    }
    if (client.outlet().peerAddress().startsWith("/")) {
      flags.append('U');
    }
    if (client.readsHere()) {
      flags.append('r');
    }
    if (client.isNoEvict()) {
      flags.append('e');
    }
    if (client.isNoTouch()) {
      flags.append('T');
    }
    return flags.isEmpty() ? "N" : flags.toString();
  }
}
