package io.pillion.jcache;

import io.pillion.cache.jdbc.JdbcMapping;
import io.pillion.cache.jdbc.JdbcTable;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheLoaderException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Reads through to a table.
 *
 * <pre>{@code
 * new MutableConfiguration<Long, Product>()
 *     .setTypes(Long.class, Product.class)
 *     .setReadThrough(true)
 *     .setCacheLoaderFactory(() -> new JdbcCacheLoader<>(dataSource, products));
 * }</pre>
 */
public final class JdbcCacheLoader<K, V> implements CacheLoader<K, V> {
  private final JdbcTable<K, V> table;

  /** A loader of the rows of this table; the data source stays the application's. */
  public JdbcCacheLoader(DataSource dataSource, JdbcMapping<K, V> mapping) {
    this(new JdbcTable<>(dataSource, mapping));
  }

  private JdbcCacheLoader(JdbcTable<K, V> table) {
    this.table = table;
  }

  /** The same over what this makes of the data source. */
  JdbcCacheLoader<K, V> over(UnaryOperator<DataSource> view) {
    return new JdbcCacheLoader<>(table.over(view));
  }

  /** The row of this key as a value, or null when there is none. */
  @Override
  public @Nullable V load(K key) throws CacheLoaderException {
    return table.load(key);
  }

  /** The rows of these keys, with one statement for 500 keys. */
  @Override
  public Map<K, V> loadAll(Iterable<? extends K> keys) throws CacheLoaderException {
    Set<K> all = new HashSet<>();
    keys.forEach(all::add);
    return table.loadAll(all);
  }
}
