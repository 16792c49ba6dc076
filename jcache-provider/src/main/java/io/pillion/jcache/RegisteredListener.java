package io.pillion.jcache;

import io.pillion.cache.EntryChange;
import io.pillion.cache.EntryChange.Kind;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import javax.cache.Cache;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.configuration.Factory;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryEventFilter;
import javax.cache.event.CacheEntryExpiredListener;
import javax.cache.event.CacheEntryListener;
import javax.cache.event.CacheEntryListenerException;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.event.CacheEntryUpdatedListener;
import org.jspecify.annotations.Nullable;

/** One listener with its filter, made from its configuration. */
final class RegisteredListener<K, V> {
  private final CacheEntryListenerConfiguration<K, V> configuration;
  private final CacheEntryListener<? super K, ? super V> listener;
  private final @Nullable CacheEntryEventFilter<? super K, ? super V> filter;

  RegisteredListener(CacheEntryListenerConfiguration<K, V> configuration) {
    this.configuration = configuration;
    this.listener = configuration.getCacheEntryListenerFactory().create();
    Factory<CacheEntryEventFilter<? super K, ? super V>> filters =
        configuration.getCacheEntryEventFilterFactory();
    try {
      this.filter = filters == null ? null : filters.create();
    } catch (RuntimeException e) {
      Closing.quietly(listener);
      throw e;
    }
  }

  CacheEntryListenerConfiguration<K, V> configuration() {
    return configuration;
  }

  boolean isSynchronous() {
    return configuration.isSynchronous();
  }

  void close() {
    Closing.quietly(listener);
    Closing.quietly(filter);
  }

  /** Tells of the changes that the listener is one for, and its filter lets through. */
  void tell(Cache<K, V> source, List<EntryChange<K, V>> changes) {
    Map<Kind, List<CacheEntryEvent<? extends K, ? extends V>>> byKind = new EnumMap<>(Kind.class);
    try {
      for (EntryChange<K, V> change : changes) {
        if (hears(change.kind())) {
          CacheEntryEvent<K, V> event =
              new PillionCacheEntryEvent<>(source, change, configuration.isOldValueRequired());
          if (filter == null || filter.evaluate(event)) {
            byKind.computeIfAbsent(change.kind(), kind -> new ArrayList<>()).add(event);
          }
        }
      }
      byKind.forEach(this::tell);
    } catch (CacheEntryListenerException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CacheEntryListenerException("A listener or its filter failed: " + e, e);
    }
  }

  private boolean hears(Kind kind) {
    return switch (kind) {
      case CREATED -> listener instanceof CacheEntryCreatedListener;
      case UPDATED -> listener instanceof CacheEntryUpdatedListener;
      case REMOVED -> listener instanceof CacheEntryRemovedListener;
      case EXPIRED -> listener instanceof CacheEntryExpiredListener;
    };
  }

  @SuppressWarnings("unchecked") // a listener of a supertype takes events of the type
  private void tell(Kind kind, List<CacheEntryEvent<? extends K, ? extends V>> events) {
    switch (kind) {
      case CREATED -> ((CacheEntryCreatedListener<K, V>) listener).onCreated(events);
      case UPDATED -> ((CacheEntryUpdatedListener<K, V>) listener).onUpdated(events);
      case REMOVED -> ((CacheEntryRemovedListener<K, V>) listener).onRemoved(events);
      case EXPIRED -> ((CacheEntryExpiredListener<K, V>) listener).onExpired(events);
    }
  }
}
