package io.pillion.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.cache.EntryChange;
import io.pillion.client.Awaiting;
import java.net.URI;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import javax.cache.Cache;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.event.CacheEntryCreatedListener;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@link Listeners} do when there is more to tell than they can. */
@Timeout(60)
class ListenersTest {
  private final PillionCachingProvider provider = new PillionCachingProvider();
  private final Cache<Integer, String> cache =
      provider
          .getCacheManager(URI.create("embedded:ListenersTest"), null)
          .createCache(
              "listened",
              new MutableConfiguration<Integer, String>().setTypes(Integer.class, String.class));
  private final Listeners<Integer, String> listeners = new Listeners<>(cache, /* queueLength= */ 2);
  private final Collection<Integer> heard = new ConcurrentLinkedQueue<>();

  @AfterEach
  void close() {
    listeners.close();
    provider.close();
  }

  private void listen(CacheEntryCreatedListener<Integer, String> listener) {
    listeners.add(
        new MutableCacheEntryListenerConfiguration<>(
            () -> listener, null, /* isOldValueRequired= */ false, /* isSynchronous= */ false));
  }

  private void create(int key) {
    listeners.changed(List.of(new EntryChange<>(EntryChange.Kind.CREATED, key, null, "v")));
  }

  @Test
  void noEventOvertakesAnotherWhenTheQueueIsFull() {
    CountDownLatch goOn = new CountDownLatch(1);
    listen(
        events -> {
          try {
            goOn.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          events.forEach(event -> heard.add(event.getKey()));
        });
    // First: this thread alone lets the listener go on, so it must not wait for room itself.
    create(-1);
    List<Integer> keys = IntStream.range(0, 20).boxed().toList();
    CompletableFuture<Void> telling = CompletableFuture.runAsync(() -> keys.forEach(this::create));
    Awaiting.until(() -> listeners.waiting() == 2);
    goOn.countDown();
    telling.join();
    Awaiting.until(() -> heard.size() == 21);
    assertThat(heard.stream().filter(key -> key >= 0)).containsExactlyElementsOf(keys);
  }

  @Test
  void aListenerThatChangesTheCacheDoesNotWaitForItself() {
    listen(
        events ->
            events.forEach(
                event -> {
                  int key = event.getKey();
                  heard.add(key);
                  if (key < 5) {
                    IntStream.range(10 * key + 10, 10 * key + 20).forEach(this::create);
                  }
                }));
    create(0);
    Awaiting.until(() -> heard.size() == 11);
  }
}
