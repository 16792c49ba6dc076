package io.pillion.engine.pubsub;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.ClientListener;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Glob;
import io.pillion.engine.protocol.OutgoingReply;
import io.pillion.engine.protocol.Reply;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Channels, patterns and who listens to them. A message goes to whoever listens at that moment, by
 * {@link Client#push}, and is kept nowhere; so it needs no place in a file. Used under the engine
 * lock.
 *
 * <p>Each name is held once for each client that listens to it, on the Java heap. All of them
 * together may take an eighth of it; then a subscription is refused.
 */
public final class PubSub implements ClientListener {
  /** What an entry of two hash tables takes, and what is around its bytes. */
  private static final int ENTRY_BYTES = 160;

  private static final long MAX_BYTES = Math.max(4L << 20, Runtime.getRuntime().maxMemory() / 8);

  private final long maxBytes;
  private final Map<Kind, Map<Bytes, Set<Client>>> listeners = new EnumMap<>(Kind.class);
  private final Map<Client, Subscriptions> clients = new HashMap<>();
  private long bytes;

  /** Nobody listens to anything. */
  public PubSub() {
    this(MAX_BYTES);
  }

  PubSub(long maxBytes) {
    this.maxBytes = maxBytes;
    for (Kind kind : Kind.values()) {
      listeners.put(kind, new LinkedHashMap<>());
    }
  }

  private Map<Bytes, Set<Client>> listeners(Kind kind) {
    Map<Bytes, Set<Client>> found = listeners.get(kind);
    if (found == null) {
      throw new IllegalStateException("every kind is there from the beginning");
    }
    return found;
  }

  // --- subscribing

  /**
   * Subscribes a client to all of these, or, when that is too much, to none. Each is confirmed, in
   * order, also those it was subscribed to before.
   *
   * @param confirmations where the confirmations go
   * @throws CommandException when all subscriptions together would take too much memory
   */
  public void subscribe(Client client, Kind kind, List<Bytes> names, Confirmations confirmations) {
    long more = 0;
    for (Bytes name : names) {
      more += ENTRY_BYTES + name.length();
    }
    if (bytes + more > maxBytes) {
      throw Errors.err("too many subscriptions: together they may take " + maxBytes + " bytes");
    }
    Subscriptions own = clients.computeIfAbsent(client, any -> new Subscriptions());
    client.subscriber(true);
    for (Bytes view : names) {
      if (!own.of(kind).contains(view)) {
        Bytes name = view.copy();
        own.of(kind).add(name);
        listeners(kind).computeIfAbsent(name, any -> new LinkedHashSet<>(2)).add(client);
        bytes += ENTRY_BYTES + name.length();
      }
      int count = count(own, kind);
      confirmations.confirm(reply -> confirm(reply, kind.subscribe(), view, count));
    }
  }

  /**
   * Ends subscriptions of a client; each is confirmed, also those it did not have.
   *
   * @param names empty for all of this kind, in the order they were made
   */
  public void unsubscribe(
      Client client, Kind kind, List<Bytes> names, Confirmations confirmations) {
    Subscriptions own = clients.getOrDefault(client, new Subscriptions());
    List<Bytes> gone = names.isEmpty() ? new ArrayList<>(own.of(kind)) : names;
    for (Bytes name : gone) {
      remove(client, own, kind, name);
      int count = count(own, kind);
      confirmations.confirm(reply -> confirm(reply, kind.unsubscribe(), name, count));
    }
    if (gone.isEmpty()) {
      int count = count(own, kind);
      confirmations.confirm(reply -> confirm(reply, kind.unsubscribe(), null, count));
    }
    if (own.isEmpty()) {
      clients.remove(client);
      client.subscriber(false);
    }
  }

  /** Whether a client listens to anything that a test finds, by what kind it is and its name. */
  public boolean anyMatch(Client client, BiPredicate<Kind, Bytes> test) {
    Subscriptions own = clients.get(client);
    if (own == null) {
      return false;
    }
    for (Kind kind : Kind.values()) {
      if (own.of(kind).stream().anyMatch(name -> test.test(kind, name))) {
        return true;
      }
    }
    return false;
  }

  /** Takes the confirmation of one subscription or of its end: to be written now. */
  @FunctionalInterface
  public interface Confirmations {
    /** One confirmation; its writer is valid during the call. */
    void confirm(Consumer<Reply> writer);
  }

  private void remove(Client client, Subscriptions own, Kind kind, Bytes name) {
    if (own.of(kind).remove(name)) {
      bytes -= ENTRY_BYTES + name.length();
      Set<Client> those = listeners(kind).getOrDefault(name, Collections.emptySet());
      those.remove(client);
      if (those.isEmpty()) {
        listeners(kind).remove(name);
      }
    }
  }

  private static int count(Subscriptions own, Kind kind) {
    return kind == Kind.SHARD
        ? own.count(Kind.SHARD)
        : own.count(Kind.CHANNEL) + own.count(Kind.PATTERN);
  }

  private static void confirm(Reply reply, String what, @Nullable Bytes name, int count) {
    reply.push(3);
    reply.bulk(what);
    if (name == null) {
      reply.nil();
    } else {
      reply.bulk(name);
    }
    reply.integer(count);
  }

  @Override
  public void forget(Client client) {
    Subscriptions own = clients.remove(client);
    if (own != null) {
      client.subscriber(false);
      for (Kind kind : Kind.values()) {
        List.copyOf(own.of(kind)).forEach(name -> remove(client, own, kind, name));
      }
    }
  }

  // --- publishing

  /**
   * Sends a message to whoever listens to a channel, or to a pattern that matches it.
   *
   * @return how many times it was sent
   */
  public int publish(Bytes channel, Bytes message) {
    int receivers = send(Kind.CHANNEL, channel, message);
    for (Map.Entry<Bytes, Set<Client>> entry : listeners(Kind.PATTERN).entrySet()) {
      Bytes pattern = entry.getKey();
      if (Glob.matches(pattern, channel)) {
        Consumer<OutgoingReply> push =
            reply -> {
              reply.push(4);
              reply.bulk(Kind.PATTERN.message());
              reply.bulk(pattern);
              reply.bulk(channel);
              reply.bulk(message);
            };
        for (Client client : entry.getValue()) {
          client.push(push);
          receivers++;
        }
      }
    }
    return receivers;
  }

  /** Sends a message to whoever listens to a shard channel; returns how many times it was sent. */
  public int publishToShard(Bytes channel, Bytes message) {
    return send(Kind.SHARD, channel, message);
  }

  private int send(Kind kind, Bytes channel, Bytes message) {
    Set<Client> those = listeners(kind).get(channel);
    if (those == null) {
      return 0;
    }
    Consumer<OutgoingReply> push =
        reply -> {
          reply.push(3);
          reply.bulk(kind.message());
          reply.bulk(channel);
          reply.bulk(message);
        };
    for (Client client : those) {
      client.push(push);
    }
    return those.size();
  }

  // --- asking

  /** The names that somebody listens to; a view. */
  public Set<Bytes> names(Kind kind) {
    return Collections.unmodifiableSet(listeners(kind).keySet());
  }

  /** How many clients listen to a name. */
  public int listenerCount(Kind kind, Bytes name) {
    return listeners(kind).getOrDefault(name, Set.of()).size();
  }

  /** How many names of a kind a client listens to. */
  public int count(Client client, Kind kind) {
    Subscriptions own = clients.get(client);
    return own == null ? 0 : own.count(kind);
  }

  /** How many clients listen to anything. */
  public int clientCount() {
    return clients.size();
  }
}
