package io.pillion.samples.storefront.catalogue;

import io.pillion.cache.jdbc.JdbcMapping;
import io.pillion.jcache.JdbcCacheLoader;
import io.pillion.samples.storefront.reads.CountingLoader;
import io.pillion.samples.storefront.reads.Metered;
import io.pillion.samples.storefront.reads.ReadMeter;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableConfiguration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;

/** Albums, in a JCache cache that reads through to their table. */
@Service
public class Albums {
  private final Cache<Integer, Album> cache;
  private final ReadMeter meter;

  Albums(CacheManager caches, DataSource database, ReadMeter meter, ChinookLoader loadedFirst) {
    this.meter = meter;
    JdbcMapping<Integer, Album> rows =
        JdbcMapping.table("album", Integer.class, Album.class)
            .key("album_id")
            .column("id", "album_id")
            .build();
    cache =
        caches.createCache(
            "albums",
            new MutableConfiguration<Integer, Album>()
                .setTypes(Integer.class, Album.class)
                .setReadThrough(true)
                .setCacheLoaderFactory(
                    () -> new CountingLoader<>(new JdbcCacheLoader<>(database, rows))));
  }

  /** The album, or null when there is none with this id; and how it was read. */
  public Metered<@Nullable Album> metered(int id) {
    return meter.measure("albums", "JCache read-through", () -> cache.get(id));
  }

  /** Forgets every album; the table stays. */
  public void clear() {
    cache.clear();
  }
}
