package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.KeyListener;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.memory.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What happens to keys, by a command or by time, and who is told: those who watch them, who wait
 * for them and who listen; and, where no command says it, the log. Under the engine lock.
 */
final class KeyEvents implements KeyListener {
  private static final Bytes HDEL = Bytes.of("HDEL".getBytes(StandardCharsets.US_ASCII));

  private final Engine engine;
  private final Keyspace keyspace;
  private final WatchedKeys watches;
  private final WaitingClients waits;
  private final Effects effects;
  private WriteListener[] writeListeners = {};
  private EventListener[] eventListeners = {};

  KeyEvents(Engine engine, WatchedKeys watches, WaitingClients waits, Effects effects) {
    this.engine = engine;
    this.keyspace = engine.keyspace();
    this.watches = watches;
    this.waits = waits;
    this.effects = effects;
  }

  void addWriteListener(WriteListener listener) {
    writeListeners = Arrays.copyOf(writeListeners, writeListeners.length + 1);
    writeListeners[writeListeners.length - 1] = listener;
  }

  void removeWriteListener(WriteListener listener) {
    writeListeners =
        Arrays.stream(writeListeners)
            .filter(each -> each != listener)
            .toArray(WriteListener[]::new);
  }

  void addEventListener(EventListener listener) {
    eventListeners = Arrays.copyOf(eventListeners, eventListeners.length + 1);
    eventListeners[eventListeners.length - 1] = listener;
  }

  void removeEventListener(EventListener listener) {
    eventListeners =
        Arrays.stream(eventListeners)
            .filter(each -> each != listener)
            .toArray(EventListener[]::new);
  }

  @Override
  public void onChange(Database database, Bytes key, EventClass eventClass, String event) {
    watches.changed(database, key);
    tellOfChange(database, key, engine.executing(), eventClass, event);
  }

  /** A key has changed, and there is no event of it. */
  void onSilentChange(Database database, Bytes key) {
    watches.changed(database, key);
    tellOfWrite(database, key, engine.executing());
  }

  private void tellOfChange(
      Database database, Bytes key, @Nullable Client by, EventClass eventClass, String event) {
    if (database.awaitedKeys().contains(key)) {
      waits.ready(database, key);
    }
    tellOfWrite(database, key, by);
    tellOfEvent(database, key, eventClass, event);
  }

  private void tellOfWrite(Database database, Bytes key, @Nullable Client by) {
    for (WriteListener listener : writeListeners) {
      listener.onWrite(database, key, by);
    }
  }

  private void tellOfEvent(Database database, Bytes key, EventClass eventClass, String event) {
    for (EventListener listener : eventListeners) {
      listener.onEvent(database, key, eventClass, event);
    }
  }

  /** A read did not find its key. */
  void onMiss(Database database, Bytes key) {
    tellOfEvent(database, key, EventClass.MISS, "keymiss");
  }

  @Override
  public void onNew(Database database, long record) {
    if (eventListeners.length != 0) {
      tellOfEvent(database, database.key(record), EventClass.NEW, "new");
    }
  }

  @Override
  public void onExpired(Database database, Bytes key) {
    engine.countChanges(1);
    watches.expired(database, key);
    tellOfChange(database, key, /* by= */ null, EventClass.EXPIRED, "expired");
    effects.delete(database, key, keyspace.settings().lazyExpire);
  }

  @Override
  public void onFieldsExpired(Database database, Bytes key, List<Bytes> fields, boolean emptied) {
    engine.countChanges(fields.size());
    onChange(database, key, EventClass.HASH, "hexpired");
    if (emptied) {
      onChange(database, key, EventClass.GENERIC, "del");
      effects.delete(database, key, keyspace.settings().lazyExpire);
    } else if (effects.log().isOn()) {
      Bytes[] words = new Bytes[fields.size() + 2];
      words[0] = HDEL;
      words[1] = key;
      for (int i = 0; i < fields.size(); i++) {
        words[i + 2] = fields.get(i);
      }
      effects.ofTime(database, words);
    }
  }

  @Override
  public void onEvicted(Database database, Bytes key) {
    engine.countChanges(1);
    watches.changed(database, key);
    tellOfChange(database, key, /* by= */ null, EventClass.EVICTED, "evicted");
    effects.delete(database, key, keyspace.settings().lazyEvict);
  }

  @Override
  public void beforeFlush(Database database) {
    watches.flushing(database);
    waits.allReady(database);
  }

  @Override
  public void onFlush() {
    for (WriteListener listener : writeListeners) {
      listener.onFlush();
    }
  }

  @Override
  public void onSwap(Database first, Database second) {
    watches.swapped(first, second);
    onFlush();
    waits.allReady(first);
    waits.allReady(second);
  }

  /** All data have become others, by no command. */
  void onReplaced() {
    watches.allChanged();
    onFlush();
    for (int i = 0; i < keyspace.databaseCount(); i++) {
      waits.allReady(keyspace.database(i));
    }
  }
}
