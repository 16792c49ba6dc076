package io.pillion.engine.pubsub;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.EventListener;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.memory.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Set;

/**
 * Keyspace notifications: what happens to keys, published as {@code notify-keyspace-events} says.
 * While that asks for nothing, this listens to nothing, so that it costs nothing.
 */
public final class KeyspaceEvents implements EventListener {
  private static final String PARAMETER = "notify-keyspace-events";

  /** The classes that the letter A stands for. */
  private static final Set<EventClass> ALL =
      EnumSet.complementOf(EnumSet.of(EventClass.MISS, EventClass.NEW));

  private final Engine engine;
  private final PubSub pubSub;
  private final Set<EventClass> wanted = EnumSet.noneOf(EventClass.class);
  private boolean toKey;
  private boolean toEvent;

  /** Publishes nothing until it is told what. */
  public KeyspaceEvents(Engine engine, PubSub pubSub) {
    this.engine = engine;
    this.pubSub = pubSub;
  }

  /** Publishes from now on what the parameters say. */
  public void follow(Parameters parameters) {
    choose(parameters.text(PARAMETER));
    parameters.onChange(() -> choose(parameters.text(PARAMETER)), PARAMETER);
  }

  private void choose(String letters) {
    wanted.clear();
    for (EventClass each : EventClass.values()) {
      if (letters.indexOf(each.letter()) >= 0 || (letters.contains("A") && ALL.contains(each))) {
        wanted.add(each);
      }
    }
    toKey = letters.contains("K");
    toEvent = letters.contains("E");
    engine.removeEventListener(this);
    if (!wanted.isEmpty() && (toKey || toEvent)) {
      engine.addEventListener(this);
    }
  }

  @Override
  public void onEvent(Database database, Bytes key, EventClass eventClass, String event) {
    if (!wanted.contains(eventClass)) {
      return;
    }
    byte[] name = event.getBytes(StandardCharsets.ISO_8859_1);
    if (toKey) {
      pubSub.publish(channel("__keyspace@", database, key), Bytes.of(name));
    }
    if (toEvent) {
      pubSub.publish(channel("__keyevent@", database, Bytes.of(name)), key);
    }
  }

  private static Bytes channel(String prefix, Database database, Bytes subject) {
    byte[] begin = (prefix + database.number() + "__:").getBytes(StandardCharsets.US_ASCII);
    byte[] channel = new byte[begin.length + subject.length()];
    System.arraycopy(begin, 0, channel, 0, begin.length);
    System.arraycopy(subject.array(), subject.offset(), channel, begin.length, subject.length());
    return Bytes.of(channel);
  }
}
