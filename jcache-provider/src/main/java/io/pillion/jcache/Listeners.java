package io.pillion.jcache;

import io.pillion.cache.EntryChange;
import io.pillion.cache.EntryObserver;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.cache.Cache;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.event.CacheEntryListenerException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listeners of one cache. Synchronous ones run before the operation returns, on its thread, and
 * what they throw it throws. The others run on one thread per cache, in the order of the changes.
 *
 * <p>Events are of local origin: changes made through this cache object. Other processes' changes,
 * and expiry on the server, raise none.
 */
final class Listeners<K, V> implements EntryObserver<K, V> {
  private static final Logger log = LoggerFactory.getLogger(Listeners.class);
  private static final int QUEUE_LENGTH = 100_000;
  private static final long IDLE_SECONDS = 5;

  private final Cache<K, V> source;
  private final List<RegisteredListener<K, V>> registered = new CopyOnWriteArrayList<>();
  private final ThreadPoolExecutor later;

  Listeners(Cache<K, V> source) {
    this(source, QUEUE_LENGTH);
  }

  /**
   * None yet.
   *
   * @param queueLength how many changes may wait for asynchronous listeners
   */
  Listeners(Cache<K, V> source, int queueLength) {
    this.source = source;
    this.later =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(queueLength),
            task -> {
              Thread thread = new ListenerThread(task, "pillion-listener-" + source.getName());
              thread.setDaemon(true);
              return thread;
            },
            Listeners::whenThereIsRoom);
    later.allowCoreThreadTimeOut(true);
  }

  /**
   * A full queue slows the writer down: no event is dropped, and none overtakes those that wait. A
   * listener that changes the cache itself tells its own thread, which cannot wait for itself.
   */
  private static void whenThereIsRoom(Runnable task, ThreadPoolExecutor later) {
    if (later.isShutdown()) {
      return;
    }
    if (Thread.currentThread() instanceof ListenerThread) {
      task.run();
      return;
    }
    boolean interrupted = false;
    try {
      while (!later.isShutdown()) {
        try {
          if (later.getQueue().offer(task, 1, TimeUnit.SECONDS)) {
            break;
          }
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Makes and adds the listener of this configuration.
   *
   * @throws IllegalArgumentException when there is one already
   */
  void add(CacheEntryListenerConfiguration<K, V> configuration) {
    synchronized (registered) {
      if (registered.stream().anyMatch(one -> one.configuration().equals(configuration))) {
        throw new IllegalArgumentException(
            "This listener is already registered with cache '" + source.getName() + "'");
      }
      registered.add(new RegisteredListener<>(configuration));
    }
  }

  /** Removes and closes the listener of this configuration, if there is one. */
  void remove(CacheEntryListenerConfiguration<K, V> configuration) {
    synchronized (registered) {
      List<RegisteredListener<K, V>> removed =
          registered.stream().filter(one -> one.configuration().equals(configuration)).toList();
      registered.removeAll(removed);
      removed.forEach(RegisteredListener::close);
    }
  }

  /** Removes and closes all, after what they were still to be told. */
  void close() {
    later.shutdown();
    try {
      if (!later.awaitTermination(1, TimeUnit.SECONDS)) {
        log.warn(
            "Listeners of cache '{}' have {} events left that it does not wait for",
            source.getName(),
            waiting());
        later.shutdownNow();
      }
    } catch (InterruptedException e) {
      later.shutdownNow();
      Thread.currentThread().interrupt();
    }
    registered.forEach(RegisteredListener::close);
    registered.clear();
  }

  /** How many changes wait for asynchronous listeners, besides the one that they hear of now. */
  int waiting() {
    return later.getQueue().size();
  }

  @Override
  public boolean isActive() {
    return !registered.isEmpty();
  }

  @Override
  public void changed(List<EntryChange<K, V>> changes) {
    CacheEntryListenerException failure = null;
    for (RegisteredListener<K, V> listener : registered) {
      if (!listener.isSynchronous()) {
        later.execute(() -> tellQuietly(listener, changes));
        continue;
      }
      try {
        listener.tell(source, changes);
      } catch (CacheEntryListenerException e) {
        // The change is made: the other listeners are to hear of it all the same.
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void tellQuietly(RegisteredListener<K, V> listener, List<EntryChange<K, V>> changes) {
    try {
      listener.tell(source, changes);
    } catch (RuntimeException e) {
      log.warn("A listener of cache '{}' failed", source.getName(), e);
    }
  }

  /** Told apart from the application's threads. */
  private static final class ListenerThread extends Thread {
    ListenerThread(Runnable task, String name) {
      super(task, name);
    }
  }
}
