package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.OutgoingReply;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All clients of an engine, in the order they came: how they come and go, and what they may take.
 * Under the engine lock.
 */
public final class Clients implements Iterable<Client> {
  private static final Logger log = LoggerFactory.getLogger(Clients.class);

  private final Engine engine;
  private final ClientMemory memory;
  private final Map<Long, Client> byId = new LinkedHashMap<>();
  private final List<ClientListener> listeners = new ArrayList<>();
  private long nextId = 1;

  Clients(Engine engine) {
    this.engine = engine;
    memory = new ClientMemory(engine.statistics());
  }

  /** Adds somebody to be told which clients to forget. */
  public void addListener(ClientListener listener) {
    listeners.add(listener);
  }

  // --- coming and going

  Client connect(Outlet outlet, OutgoingReply reply) {
    Client client = new Client(engine, nextId++, outlet, reply, engine.keyspace().now());
    engine.gate().welcome(client);
    if (engine.isClosed()) {
      client.closed();
      return client;
    }
    byId.put(client.id(), client);
    engine.statistics().connected();
    return client;
  }

  void disconnect(Client client) {
    client.closed();
    byId.remove(client.id());
    memory.forget(client);
    forget(client);
    Blocked blocked = client.blocked();
    if (blocked != null) {
      engine.waits().release(blocked, Blocked.State.KILLED);
    }
    engine.postponed().remove(client);
  }

  void kill(Client client) {
    if (client == engine.executing()) {
      client.close(/* afterReplies= */ true);
    } else {
      client.close(/* afterReplies= */ false);
      disconnect(client);
    }
  }

  /** A replica has sent a command with a reply, which its stream has no place for. */
  void cutOff(Client replica) {
    log.warn(
        "Replica generated a reply to a command, disconnecting it: {}",
        replica.outlet().peerAddress());
    replica.close(/* afterReplies= */ true);
    engine.touch(replica);
  }

  /** Forgets what a client was putting together, watched and listened to. */
  public void forget(Client client) {
    client.transaction(null);
    engine.unwatch(client);
    for (int i = 0; i < listeners.size(); i++) {
      listeners.get(i).forget(client);
    }
  }

  /** The engine has ended: disconnects all. */
  void end() {
    for (Client client : List.copyOf(byId.values())) {
      client.close(/* afterReplies= */ false);
      disconnect(client);
    }
  }

  // --- who is there

  /** The client of a number, or null. */
  public @Nullable Client get(long id) {
    return byId.get(id);
  }

  /** How many there are. */
  public int size() {
    return byId.size();
  }

  /** How many wait: for keys, for the log, or for their command to begin. */
  public long blockedCount() {
    return stream().filter(client -> client.blocked() != null).count();
  }

  /** All of them; none may come or go meanwhile. */
  public Stream<Client> stream() {
    return byId.values().stream();
  }

  @Override
  public Iterator<Client> iterator() {
    return Collections.unmodifiableCollection(byId.values()).iterator();
  }

  // --- what they take

  /**
   * Limits what clients may take.
   *
   * @param keptBytesOfOne of one client, for queued commands and watched keys
   * @param allBytes of all clients, for everything; 0 for no limit
   */
  public void limit(long keptBytesOfOne, long allBytes) {
    memory.maxKeptBytesOfOne(keptBytesOfOne);
    memory.maxBytes(allBytes);
    if (memory.isLimited()) {
      byId.values().forEach(memory::count);
    }
  }

  /** Whether there is a limit on what all of them take. */
  public boolean areLimited() {
    return memory.isLimited();
  }

  ClientMemory memory() {
    return memory;
  }

  /** Counts what some take now, and evicts the largest of all when it is too much. */
  void count(List<Client> changed) {
    if (memory.isLimited()) {
      changed.forEach(memory::count);
      memory.evict(byId.values());
    }
  }
}
