package io.pillion.engine.replication;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.RespReply;
import java.util.ArrayDeque;
import java.util.List;

/**
 * A client of a replica, as it is here: its commands are carried out as those of any client, and
 * its answers go back over the replica's connection. One command, or transaction, at a time. Under
 * the engine lock.
 */
final class Shadow implements Outlet {
  private final Forwards forwards;
  private final Forwards.Link link;
  private final long number;
  private final String address;
  private final RespReply reply = new RespReply();
  private final ArrayDeque<Args> pending = new ArrayDeque<>();
  private final Client client;
  private Bytes user = Bytes.of("");
  private boolean busy;
  private long frame;
  private long bytes;
  private boolean ending;
  private boolean ended;

  /** Under the engine lock. */
  Shadow(Forwards forwards, Forwards.Link link, long number, String address) {
    this.forwards = forwards;
    this.link = link;
    this.number = number;
    this.address = address;
    client = engine().connect(this, reply);
  }

  private Engine engine() {
    return forwards.engine();
  }

  Client client() {
    return client;
  }

  /** Whether there is something that it has not been answered yet. */
  boolean isBusy() {
    return busy;
  }

  /** Makes it a user; false when it may not be. */
  boolean becomes(Bytes name) {
    if (!name.equals(user)) {
      if (!engine().gate().become(client, name)) {
        return false;
      }
      user = name.copy();
    }
    return true;
  }

  /**
   * Takes what is to be carried out.
   *
   * @param watches whether it must have been watching keys: if it is another since, that is lost
   */
  void begin(long newFrame, List<Args> commands, boolean watches) {
    busy = true;
    frame = newFrame;
    bytes = commands.stream().mapToLong(Args::sizeBytes).sum();
    link.waitingBytes += bytes;
    pending.addAll(commands);
    if (watches && !isWatching()) {
      engine().forwarded().loseWatches(client);
    }
  }

  private boolean isWatching() {
    return client.watchedCount() > 0 || engine().forwarded().watchesElsewhere(client);
  }

  /** Carries out what can be now. */
  void goOn() {
    while (!pending.isEmpty() && client.blocked() == null && !client.isClosing()) {
      // What the commands of a transaction answer before EXEC is not asked for.
      reply.rewind(0);
      engine().execute(client, pending.remove());
    }
  }

  /** It is not needed any more. */
  void end() {
    if (!ended) {
      ended = true;
      leave();
      engine().disconnect(client);
    }
  }

  private void leave() {
    link.shadows.remove(number, this);
    link.waitingBytes -= bytes;
    bytes = 0;
    pending.clear();
  }

  // --- the way back

  @Override
  public void seal(long offset) {
    boolean answered = busy && pending.isEmpty() && client.blocked() == null && reply.size() > 0;
    if (answered && !ended) {
      busy = false;
      link.waitingBytes -= bytes;
      bytes = 0;
      forwards.answer(link, frame, client.database(), reply);
    }
    reply.clear();
    if (ending) {
      endSoon();
    }
  }

  @Override
  public void flush() {}

  @Override
  public void resume() {
    if (!pending.isEmpty()) {
      engine().world().schedule(0, () -> engine().hold(this::goOn));
    }
  }

  @Override
  public void close(boolean afterReplies) {
    if (afterReplies) {
      ending = true;
      engine().touch(client);
    } else {
      endSoon();
    }
  }

  /** Whoever closes it may be looking at all clients, of which it is to go. */
  private void endSoon() {
    ending = false;
    if (ended) {
      return;
    }
    if (busy) {
      busy = false;
      forwards.lost(link, frame);
    }
    leave();
    engine().world().schedule(0, () -> engine().hold(this::end));
  }

  @Override
  public String peerAddress() {
    return address;
  }

  @Override
  public String localAddress() {
    return link.client.outlet().localAddress();
  }

  @Override
  public long pendingBytes() {
    return bytes;
  }
}
