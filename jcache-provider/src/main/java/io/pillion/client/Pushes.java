package io.pillion.client;

import io.lettuce.core.api.push.PushMessage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The listeners of a client, and the way of a push to them. */
final class Pushes {
  private static final Logger LOG = LoggerFactory.getLogger(Pushes.class);

  private final List<Commands.PushListener> listeners = new CopyOnWriteArrayList<>();
  private final List<Runnable> gapListeners = new CopyOnWriteArrayList<>();

  AutoCloseable add(Commands.PushListener listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  /** Is told when a connection broke, and of no push; not necessarily at once. */
  AutoCloseable addForGaps(Runnable listener) {
    gapListeners.add(listener);
    return () -> gapListeners.remove(listener);
  }

  /** Whether somebody wants to hear of pushes, at once. */
  boolean areAwaited() {
    return !listeners.isEmpty();
  }

  /** A push arrived over the wire; its first element is its kind. */
  void deliver(PushMessage message) {
    if (listeners.isEmpty()) {
      return;
    }
    List<@Nullable Object> content = plain(message.getContent());
    content.remove(0);
    deliver(message.getType(), content);
  }

  /** A push, with its content after the kind. */
  void deliver(String kind, List<@Nullable Object> content) {
    each(listeners, listener -> listener.onPush(kind, content));
  }

  /** A connection broke: pushes may have been missed. */
  void lost() {
    each(listeners, Commands.PushListener::onGap);
    each(gapListeners, Runnable::run);
  }

  private static <L> void each(List<L> listeners, Consumer<L> action) {
    for (L listener : listeners) {
      try {
        action.accept(listener);
      } catch (RuntimeException e) {
        // One listener's bug must not cost the connection nor the other listeners.
        LOG.warn("A push listener failed", e);
      }
    }
  }

  private static List<@Nullable Object> plain(List<?> elements) {
    List<@Nullable Object> plain = new ArrayList<>(elements.size());
    for (Object element : elements) {
      if (element instanceof ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        plain.add(bytes);
      } else {
        plain.add(element instanceof List<?> nested ? plain(nested) : element);
      }
    }
    return plain;
  }
}
