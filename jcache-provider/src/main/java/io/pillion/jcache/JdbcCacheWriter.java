package io.pillion.jcache;

import io.pillion.cache.CacheEntry;
import io.pillion.cache.jdbc.JdbcMapping;
import io.pillion.cache.jdbc.JdbcTable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.UnaryOperator;
import javax.cache.Cache;
import javax.cache.integration.CacheWriter;
import javax.cache.integration.CacheWriterException;
import javax.sql.DataSource;

/**
 * Writes through to a table of H2, MariaDB, MySQL or PostgreSQL, or with statements that are given:
 * a row is inserted, or updated if its key is there. Bulk operations are one transaction each.
 */
public final class JdbcCacheWriter<K, V> implements CacheWriter<K, V> {
  private final JdbcTable<K, V> table;

  /** A writer of the rows of this table; the data source stays the application's. */
  public JdbcCacheWriter(DataSource dataSource, JdbcMapping<K, V> mapping) {
    this(new JdbcTable<>(dataSource, mapping));
  }

  private JdbcCacheWriter(JdbcTable<K, V> table) {
    this.table = table;
  }

  /** The same over what this makes of the data source. */
  JdbcCacheWriter<K, V> over(UnaryOperator<DataSource> view) {
    return new JdbcCacheWriter<>(table.over(view));
  }

  @Override
  public void write(Cache.Entry<? extends K, ? extends V> entry) throws CacheWriterException {
    table.write(entry.getKey(), entry.getValue());
  }

  @Override
  public void writeAll(Collection<Cache.Entry<? extends K, ? extends V>> entries)
      throws CacheWriterException {
    List<CacheEntry<K, V>> rows = new ArrayList<>(entries.size());
    entries.forEach(entry -> rows.add(new CacheEntry<>(entry.getKey(), entry.getValue())));
    table.writeAll(rows);
    entries.clear();
  }

  @Override
  @SuppressWarnings("unchecked") // the standard's signature; the keys are the cache's
  public void delete(Object key) throws CacheWriterException {
    table.delete((K) key);
  }

  @Override
  @SuppressWarnings("unchecked") // the standard's signature; the keys are the cache's
  public void deleteAll(Collection<?> keys) throws CacheWriterException {
    table.deleteAll((Collection<K>) keys);
  }
}
