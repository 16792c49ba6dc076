package io.pillion.engine.tracking;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Reply;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One client that wants to be told: how, of what, and by which way. */
final class Tracker {
  private static final Bytes CHANNEL = Bytes.of("__redis__:invalidate");

  final Client client;
  final Set<TrackedKey> keys = new HashSet<>();
  final Set<Bytes> prefixes = new TreeSet<>();
  TrackingOptions options;
  boolean redirectBroken;

  /** Whether CLIENT CACHING was sent for what comes next. */
  boolean caching;

  /** The command whose subcommands do not end that. */
  @Nullable Command cachingFamily;

  Tracker(Client client, TrackingOptions options) {
    this.client = client;
    this.options = options;
  }

  /** Whether what it reads now is to be remembered. */
  boolean remembersReads() {
    if (options.broadcast()) {
      return false;
    }
    return caching ? !options.optOut() : !options.optIn();
  }

  boolean ignores(@Nullable Client changedBy) {
    return options.noLoop() && changedBy == client;
  }

  /**
   * Sends an invalidation, to itself or to whom it is redirected. RESP2 knows no pushes: there it
   * goes to a subscriber only, as a message.
   *
   * @param keys writes the array of keys, or null for all keys
   */
  void send(Consumer<Reply> keys) {
    Client redirect = options.redirect();
    if (redirect == null) {
      if (client.reply().version() > 2) {
        client.push(reply -> invalidate(reply, keys));
      }
    } else if (redirect.isClosing()) {
      redirectBroken = true;
      if (client.reply().version() > 2) {
        client.push(reply -> redirectionBroken(reply, redirect));
      }
    } else if (redirect.reply().version() > 2) {
      redirect.push(reply -> invalidate(reply, keys));
    } else if (redirect.isSubscriber()) {
      redirect.push(reply -> message(reply, keys));
    }
  }

  private static void invalidate(Reply reply, Consumer<Reply> keys) {
    reply.push(2);
    reply.bulk("invalidate");
    keys.accept(reply);
  }

  private static void message(Reply reply, Consumer<Reply> keys) {
    reply.push(3);
    reply.bulk("message");
    reply.bulk(CHANNEL);
    keys.accept(reply);
  }

  private static void redirectionBroken(Reply reply, Client redirect) {
    reply.push(2);
    reply.bulk("tracking-redir-broken");
    reply.integer(redirect.id());
  }
}
