package io.pillion.engine.tracking;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.ClientListener;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.dispatch.ReadListener;
import io.pillion.engine.dispatch.WriteListener;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import io.pillion.engine.world.World;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * CLIENT TRACKING: clients that keep copies of values are told when these are out of date. Keys are
 * known by name alone, whatever their database, as in Redis. Used under the engine lock.
 *
 * <p>By default a client is told of the keys that it has read: each of those is in a table, with
 * who read it, until it is changed; then all of them are told, and the key leaves the table. With
 * BCAST a client is told of all keys with a prefix, and nothing has to be remembered: what changed
 * during a hold of the engine lock is told at its end, in one message for each prefix.
 *
 * <p>An invalidation is a push ({@link Client#push}): it follows the reply with the value that it
 * concerns, and the reply of the command that caused it.
 *
 * <p>The table is bounded: by {@code tracking-table-max-keys}, and by a sixteenth of the Java heap;
 * all prefixes together may take as much, then more are refused. When it is full, keys chosen by
 * chance leave it, as if they had been changed. A client that goes is taken out of all its keys at
 * once: O(keys that it has read), so that nothing of it remains.
 *
 * <p>Two databases that are exchanged (SWAPDB) count as emptied, since both values of each key are
 * other ones now; Redis says nothing then.
 */
public final class Tracking implements ReadListener, WriteListener, ClientListener {
  private static final String MAX_KEYS = "tracking-table-max-keys";

  /** What a key takes beside its name, and what each client of it adds. */
  private static final int KEY_BYTES = 160;

  private static final int ITEM_BYTES = 56;

  /** What a prefix of a client takes beside its bytes. */
  private static final int PREFIX_BYTES = 400;

  private static final long MAX_BYTES = Math.max(4L << 20, Runtime.getRuntime().maxMemory() / 16);

  /** How many keys of a prefix are told of in one message. */
  private static final int BROADCAST_KEYS = 4096;

  private final long maxBytes;
  private final Map<Client, Tracker> trackers = new LinkedHashMap<>();
  private final Map<Bytes, TrackedKey> table = new HashMap<>();
  private final List<TrackedKey> places = new ArrayList<>();
  private final Map<Bytes, Broadcast> broadcasts = new HashMap<>();
  private final Map<Integer, Integer> prefixLengths = new TreeMap<>();
  private final List<Broadcast> changed = new ArrayList<>();
  private final Bytes prefix = Bytes.of(new byte[0]);
  private long maxKeys;
  private long bytes;
  private long prefixBytes;
  private long items;
  private long randomState;

  /** Nobody tracks anything. */
  public Tracking(World world, Parameters parameters) {
    this(world, parameters, MAX_BYTES);
  }

  Tracking(World world, Parameters parameters, long maxBytes) {
    this.maxBytes = maxBytes;
    randomState = world.randomLong() | 1;
    maxKeys = parameters.number(MAX_KEYS);
    parameters.onChange(
        () -> {
          maxKeys = parameters.number(MAX_KEYS);
          keepLimits();
        },
        MAX_KEYS);
  }

  // --- CLIENT TRACKING

  /**
   * Turns tracking on for a client, or changes how; prefixes add up.
   *
   * @throws CommandException when this does not go together with how it tracks already
   */
  public void enable(Client client, TrackingOptions options) {
    Tracker tracker = trackers.get(client);
    if (tracker != null) {
      requireSwitchable(tracker.options, options);
    }
    requireApart(tracker == null ? List.of() : tracker.prefixes, options.prefixes());
    requireRoom(options.prefixes());
    if (tracker == null) {
      tracker = new Tracker(client, options);
      trackers.put(client, tracker);
    }
    tracker.options = options;
    tracker.redirectBroken = false;
    client.tracksReads(!options.broadcast());
    if (options.broadcast()) {
      List<Bytes> prefixes = options.prefixes();
      for (Bytes each : prefixes.isEmpty() ? List.of(Bytes.EMPTY) : prefixes) {
        addPrefix(tracker, each.copy());
      }
    }
  }

  private static void requireSwitchable(TrackingOptions before, TrackingOptions after) {
    if (before.broadcast() != after.broadcast()) {
      throw Errors.err(
          "You can't switch BCAST mode on/off before disabling tracking for this client, and then"
              + " re-enabling it with a different mode.");
    }
    if ((after.optIn() && before.optOut()) || (after.optOut() && before.optIn())) {
      throw Errors.err(
          "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then"
              + " re-enabling it with a different mode.");
    }
  }

  private void requireRoom(List<Bytes> added) {
    long more = 0;
    for (Bytes each : added) {
      more += PREFIX_BYTES + each.length();
    }
    if (prefixBytes + more > maxBytes) {
      throw Errors.err("too many prefixes: together they may take " + maxBytes + " bytes");
    }
  }

  /** Each key has at most one of a client's prefixes, so that the client is told of it once. */
  private static void requireApart(Collection<Bytes> old, List<Bytes> added) {
    for (int i = 0; i < added.size(); i++) {
      Bytes each = added.get(i);
      for (Bytes other : old) {
        if (overlap(each, other)) {
          throw overlapping(each, "an existing", other);
        }
      }
      for (Bytes other : added.subList(i + 1, added.size())) {
        if (overlap(each, other)) {
          throw overlapping(each, "another provided", other);
        }
      }
    }
  }

  private static boolean overlap(Bytes a, Bytes b) {
    int common = Math.min(a.length(), b.length());
    return a.slice(0, common).equals(b.slice(0, common));
  }

  private static CommandException overlapping(Bytes given, String which, Bytes other) {
    return Errors.err(
        "Prefix '"
            + Errors.shown(given)
            + "' overlaps with "
            + which
            + " prefix '"
            + Errors.shown(other)
            + "'. Prefixes for a single client must not overlap.");
  }

  private void addPrefix(Tracker tracker, Bytes added) {
    if (tracker.prefixes.add(added)) {
      prefixBytes += PREFIX_BYTES + added.length();
      Broadcast broadcast = broadcasts.get(added);
      if (broadcast == null) {
        broadcast = new Broadcast(added);
        broadcasts.put(added, broadcast);
        prefixLengths.merge(added.length(), 1, Integer::sum);
      }
      broadcast.trackers.add(tracker);
    }
  }

  private void removePrefix(Tracker tracker, Bytes removed) {
    prefixBytes -= PREFIX_BYTES + removed.length();
    Broadcast broadcast = broadcasts.get(removed);
    if (broadcast != null && broadcast.trackers.remove(tracker) && broadcast.trackers.isEmpty()) {
      broadcasts.remove(removed);
      changed.remove(broadcast);
      prefixLengths.computeIfPresent(
          removed.length(), (length, count) -> count == 1 ? null : count - 1);
    }
  }

  /** Turns tracking off for a client: CLIENT TRACKING OFF, RESET, or it has gone. */
  @Override
  public void forget(Client client) {
    Tracker tracker = trackers.remove(client);
    if (tracker == null) {
      return;
    }
    client.tracksReads(false);
    tracker.prefixes.forEach(each -> removePrefix(tracker, each));
    for (TrackedKey key : tracker.keys) {
      key.trackers.remove(tracker);
      countItems(-1);
      if (key.trackers.isEmpty()) {
        drop(key);
      }
    }
  }

  /**
   * Says that what the client reads next is to be tracked, or, in OPTOUT mode, is not: by its next
   * command that is not of the same family, or its next transaction.
   *
   * @param by the command that says so
   * @throws CommandException when it does not track in such a mode
   */
  public void caching(Client client, boolean yes, Command by) {
    Tracker tracker = tracking(client);
    if (!(yes ? tracker.options.optIn() : tracker.options.optOut())) {
      throw Errors.err(
          yes
              ? "CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."
              : "CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    }
    tracker.caching = true;
    tracker.cachingFamily = by.container();
  }

  private Tracker tracking(Client client) {
    Tracker tracker = trackers.get(client);
    if (tracker == null) {
      throw Errors.err(
          "CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or"
              + " OPTOUT mode enabled");
    }
    return tracker;
  }

  /** Refuses CLIENT CACHING of whoever does not track at all. */
  public void requireTracking(Client client) {
    tracking(client);
  }

  // --- reading

  @Override
  public void onRead(Client client, Command command, Args args) {
    Tracker tracker = trackers.get(client);
    if (tracker == null || !tracker.remembersReads()) {
      return;
    }
    for (KeySpec spec : command.keySpecs()) {
      if (!spec.flags().contains(KeySpec.Flag.NOT_KEY)) {
        try {
          spec.forEachKey(args, index -> remember(tracker, args.get(index)));
        } catch (CommandException nonsense) {
          // The command was refused for the same reason, and has read nothing.
        }
      }
    }
    keepLimits();
  }

  private void remember(Tracker tracker, Bytes name) {
    TrackedKey key = table.get(name);
    if (key == null) {
      key = new TrackedKey(name.copy(), places.size());
      table.put(key.name, key);
      places.add(key);
      bytes += KEY_BYTES + name.length();
    }
    if (tracker.keys.add(key)) {
      key.trackers.add(tracker);
      countItems(1);
    }
  }

  @Override
  public void onAnswered(Client client) {
    Tracker tracker = trackers.get(client);
    if (tracker != null && tracker.caching && client.transaction() == null) {
      Command last = client.lastCommand();
      tracker.caching = last != null && last.container() == tracker.cachingFamily;
    }
  }

  private void countItems(int more) {
    items += more;
    bytes += (long) more * ITEM_BYTES;
  }

  private void keepLimits() {
    while ((maxKeys > 0 && table.size() > maxKeys) || (bytes > maxBytes && !places.isEmpty())) {
      randomState ^= randomState << 13;
      randomState ^= randomState >>> 7;
      randomState ^= randomState << 17;
      invalidate(places.get((int) Long.remainderUnsigned(randomState, places.size())), null);
    }
  }

  // --- writing

  @Override
  public void onWrite(Database database, Bytes name, @Nullable Client by) {
    if (trackers.isEmpty()) {
      return;
    }
    if (!broadcasts.isEmpty()) {
      broadcast(name, by);
    }
    TrackedKey key = table.get(name);
    if (key != null) {
      invalidate(key, by);
    }
  }

  private void invalidate(TrackedKey key, @Nullable Client by) {
    drop(key);
    Consumer<Reply> keys =
        reply -> {
          reply.array(1);
          reply.bulk(key.name);
        };
    for (Tracker tracker : key.trackers) {
      tracker.keys.remove(key);
      countItems(-1);
      if (!tracker.ignores(by)) {
        tracker.send(keys);
      }
    }
  }

  /** Takes a key out of the table; not out of its trackers. */
  private void drop(TrackedKey key) {
    table.remove(key.name);
    bytes -= KEY_BYTES + key.name.length();
    TrackedKey last = places.remove(places.size() - 1);
    if (last != key) {
      places.set(key.place, last);
      last.place = key.place;
    }
  }

  private void broadcast(Bytes name, @Nullable Client by) {
    for (int length : prefixLengths.keySet()) {
      if (length > name.length()) {
        return;
      }
      Broadcast broadcast = broadcasts.get(prefix.wrap(name.array(), name.offset(), length));
      if (broadcast != null) {
        int count = broadcast.add(name, by);
        if (count == 1) {
          changed.add(broadcast);
        } else if (count == BROADCAST_KEYS) {
          changed.remove(broadcast);
          broadcast.deliver();
        }
      }
    }
  }

  @Override
  public void onHoldEnd() {
    if (!changed.isEmpty()) {
      changed.sort(Comparator.comparing(each -> each.prefix));
      changed.forEach(Broadcast::deliver);
      changed.clear();
    }
  }

  @Override
  public void onFlush() {
    for (Tracker tracker : trackers.values()) {
      tracker.keys.clear();
      tracker.send(Reply::nil);
    }
    table.clear();
    places.clear();
    bytes = 0;
    items = 0;
  }

  // --- asking

  /** How a client tracks, or null when it does not. */
  public @Nullable TrackingOptions options(Client client) {
    Tracker tracker = trackers.get(client);
    return tracker == null ? null : tracker.options;
  }

  /** The prefixes of a client, in order; none when it does not broadcast. */
  public Collection<Bytes> prefixes(Client client) {
    Tracker tracker = trackers.get(client);
    return tracker == null ? List.of() : Collections.unmodifiableCollection(tracker.prefixes);
  }

  /** Whether CLIENT CACHING was sent for what comes next. */
  public boolean isCaching(Client client) {
    Tracker tracker = trackers.get(client);
    return tracker != null && tracker.caching;
  }

  /** Whether an invalidation could not be sent because the client to send it to has gone. */
  public boolean isRedirectBroken(Client client) {
    Tracker tracker = trackers.get(client);
    return tracker != null && tracker.redirectBroken;
  }

  /** How many clients track. */
  public int clientCount() {
    return trackers.size();
  }

  /** How many keys are in the table. */
  public int keyCount() {
    return table.size();
  }

  /** How many clients the keys in the table have, together. */
  public long itemCount() {
    return items;
  }

  /** How many different prefixes are broadcast. */
  public int prefixCount() {
    return broadcasts.size();
  }
}
