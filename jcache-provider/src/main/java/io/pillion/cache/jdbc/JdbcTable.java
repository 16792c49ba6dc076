package io.pillion.cache.jdbc;

import io.pillion.cache.CacheEntry;
import io.pillion.cache.EntryLoader;
import io.pillion.cache.EntryWriter;
import io.pillion.cache.jdbc.Shape.Column;
import io.pillion.cache.jdbc.Statements.Bound;
import io.pillion.cache.jdbc.Statements.Part;
import io.pillion.cache.jdbc.Statements.Slot;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A table behind a cache: loads rows as values, writes values as rows. Many keys are loaded with
 * few statements; many entries are written or deleted in one transaction, all or none of them.
 *
 * <p>Thread-safe as far as the data source is; each call takes one connection from it and gives it
 * back. The table is looked up in the database's catalogue at the first use, so a database that is
 * down when the application starts does no harm then.
 *
 * <p>Every failure is a {@link JdbcTableException}.
 */
public final class JdbcTable<K, V> implements EntryLoader<K, V>, EntryWriter<K, V> {
  private static final int ROWS_PER_BATCH = 500;

  private final DataSource dataSource;
  private final JdbcMapping<K, V> mapping;
  private final Database database;
  private volatile @Nullable Statements known;

  /** A table of this database. */
  public JdbcTable(DataSource dataSource, JdbcMapping<K, V> mapping) {
    this.dataSource = dataSource;
    this.mapping = mapping;
    this.database = new Database(dataSource, mapping.name());
  }

  /** The same table over what this makes of the data source. */
  public JdbcTable<K, V> over(UnaryOperator<DataSource> view) {
    return new JdbcTable<>(view.apply(dataSource), mapping);
  }

  @Override
  public @Nullable V load(K key) {
    return loadAll(Set.of(key)).values().stream().findFirst().orElse(null);
  }

  @Override
  public Map<K, V> loadAll(Set<? extends K> keys) {
    return database.withConnection(
        "read", connection -> loadAll(connection, statements(connection), new ArrayList<>(keys)));
  }

  private Map<K, V> loadAll(Connection connection, Statements sql, List<K> keys)
      throws SQLException {
    Map<K, V> loaded = new LinkedHashMap<>();
    int atOnce = sql.keysPerSelect();
    for (int from = 0; from < keys.size(); from += atOnce) {
      List<K> some = keys.subList(from, Math.min(keys.size(), from + atOnce));
      boolean hasStrangers = select(connection, sql, some, loaded);
      if (hasStrangers) {
        // The database takes keys for equal that are not: by case, trailing spaces, scale.
        for (K key : some) {
          if (!loaded.containsKey(key)) {
            select(connection, sql, List.of(key), loaded);
          }
        }
      }
    }
    return loaded;
  }

  /** Loads the rows of these keys; whether there were rows of other keys. */
  private boolean select(Connection connection, Statements sql, List<K> keys, Map<K, V> loaded)
      throws SQLException {
    Bound bound = sql.select(keys.size());
    try (PreparedStatement select = connection.prepareStatement(bound.sql())) {
      bind(select, sql, bound, keys.stream().map(mapping.key()::take).toList(), List.of());
      try (ResultSet rows = select.executeQuery()) {
        return read(rows, sql, keys, loaded);
      }
    }
  }

  private boolean read(ResultSet rows, Statements sql, List<K> asked, Map<K, V> loaded)
      throws SQLException {
    List<Column> keyColumns = mapping.key().columns();
    List<Column> valueColumns = mapping.value().columns();
    int[] keyPlaces = sql.places(rows, keyColumns, Part.KEY);
    int[] valuePlaces = sql.places(rows, valueColumns, Part.VALUE);
    Set<K> known = new HashSet<>(asked);
    boolean hasStrangers = false;
    while (rows.next()) {
      boolean isOne = asked.size() == 1;
      K key = isOne ? asked.get(0) : mapping.key().make(read(rows, keyPlaces, keyColumns));
      if (known.contains(key)) {
        loaded.put(key, mapping.value().make(read(rows, valuePlaces, valueColumns)));
      } else {
        hasStrangers = true;
      }
    }
    return hasStrangers;
  }

  private static List<@Nullable Object> read(ResultSet row, int[] places, List<Column> columns)
      throws SQLException {
    List<@Nullable Object> held = new ArrayList<>(columns.size());
    for (int i = 0; i < columns.size(); i++) {
      held.add(ColumnTypes.get(row, places[i], columns.get(i)));
    }
    return held;
  }

  @Override
  public void write(K key, V value) {
    List<CacheEntry<K, V>> one = List.of(new CacheEntry<>(key, value));
    database.committing(
        "write",
        connection -> {
          write(connection, statements(connection), one);
          return one;
        });
  }

  @Override
  public void writeAll(Collection<CacheEntry<K, V>> entries) {
    database.inTransaction(
        "write",
        connection -> {
          write(connection, statements(connection), entries);
          return entries;
        });
    entries.clear();
  }

  private void write(Connection connection, Statements sql, Collection<CacheEntry<K, V>> entries)
      throws SQLException {
    if (mapping.version() < 0) {
      execute(connection, sql, sql.write(), entries);
    } else if (sql instanceof Statements.OfTable table) {
      writeNewer(connection, table, entries);
    } else {
      // One by one: for a batch, drivers may not say how many rows each statement changed.
      for (CacheEntry<K, V> entry : entries) {
        if (!execute(connection, sql, sql.write(), List.of(entry)).isEmpty()) {
          throw new JdbcConflictException(
              "A row of " + mapping.name() + " is not older than the value; read it again");
        }
      }
    }
  }

  /** Updates rows of lower versions, and inserts those that are not there. */
  private void writeNewer(
      Connection connection, Statements.OfTable sql, Collection<CacheEntry<K, V>> entries)
      throws SQLException {
    Bound update = sql.updateOlder(mapping.version());
    List<CacheEntry<K, V>> left = execute(connection, sql, update, entries);
    if (left.isEmpty()) {
      return;
    }
    Map<K, V> rows = loadAll(connection, sql, left.stream().map(CacheEntry::key).toList());
    for (Iterator<CacheEntry<K, V>> all = left.iterator(); all.hasNext(); ) {
      CacheEntry<K, V> entry = all.next();
      V row = rows.get(entry.key());
      if (row != null) {
        requireWritten(sql, row, entry.value());
        all.remove();
      }
    }
    execute(connection, sql, sql.insert(), left);
  }

  /** What was written twice, by a queue that does so after a crash, is no conflict. */
  private void requireWritten(Statements.OfTable sql, V row, V value) {
    List<@Nullable Object> inRow = mapping.value().take(row);
    List<@Nullable Object> wanted = mapping.value().take(value);
    for (int column : sql.written()) {
      if (!ColumnTypes.isSame(
          inRow.get(column), wanted.get(column), mapping.value().columns().get(column))) {
        throw new JdbcConflictException(
            "A row of "
                + mapping.name()
                + " has version "
                + inRow.get(mapping.version())
                + " and is not replaced by version "
                + wanted.get(mapping.version())
                + "; whoever changes a value counts its version up");
      }
    }
  }

  @Override
  public void delete(K key) {
    database.committing(
        "delete from",
        connection -> {
          Statements sql = statements(connection);
          Bound bound = sql.delete();
          try (PreparedStatement delete = connection.prepareStatement(bound.sql())) {
            bind(delete, sql, bound, List.of(mapping.key().take(key)), List.of());
            return delete.executeUpdate();
          }
        });
  }

  @Override
  public void deleteAll(Collection<K> keys) {
    database.inTransaction(
        "delete from",
        connection -> {
          Statements sql = statements(connection);
          Bound bound = sql.delete();
          try (PreparedStatement delete = connection.prepareStatement(bound.sql())) {
            int pending = 0;
            for (K key : keys) {
              bind(delete, sql, bound, List.of(mapping.key().take(key)), List.of());
              delete.addBatch();
              if (++pending % ROWS_PER_BATCH == 0) {
                delete.executeBatch();
              }
            }
            return delete.executeBatch();
          }
        });
    keys.clear();
  }

  /** Does this with every entry; those of which it changed no row, or does not say whether. */
  private List<CacheEntry<K, V>> execute(
      Connection connection, Statements sql, Bound bound, Collection<CacheEntry<K, V>> entries)
      throws SQLException {
    Set<CacheEntry<K, V>> left = new LinkedHashSet<>();
    try (PreparedStatement write = connection.prepareStatement(bound.sql())) {
      List<CacheEntry<K, V>> batch = new ArrayList<>();
      for (CacheEntry<K, V> entry : entries) {
        List<@Nullable Object> value = mapping.value().take(entry.value());
        requireVersion(value);
        bind(write, sql, bound, List.of(mapping.key().take(entry.key())), value);
        batch.add(entry);
        if (entries.size() == 1) {
          return write.executeUpdate() == 0 ? new ArrayList<>(batch) : new ArrayList<>();
        }
        write.addBatch();
        if (batch.size() == ROWS_PER_BATCH) {
          left.addAll(unchanged(batch, write.executeBatch()));
          batch.clear();
        }
      }
      left.addAll(unchanged(batch, write.executeBatch()));
    }
    return new ArrayList<>(left);
  }

  private void requireVersion(List<@Nullable Object> value) {
    if (mapping.version() >= 0) {
      Objects.requireNonNull(value.get(mapping.version()), "The version of a value is null");
    }
  }

  private static <T> List<T> unchanged(List<T> batch, int[] counts) {
    List<T> left = new ArrayList<>();
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] == 0 || counts[i] == Statement.SUCCESS_NO_INFO) {
        left.add(batch.get(i));
      }
    }
    return left;
  }

  private void bind(
      PreparedStatement statement,
      Statements sql,
      Bound bound,
      List<List<@Nullable Object>> keys,
      List<@Nullable Object> value)
      throws SQLException {
    int index = 1;
    for (Slot slot : bound.slots()) {
      boolean ofKey = slot.part() == Part.KEY;
      Column column = (ofKey ? mapping.key() : mapping.value()).columns().get(slot.column());
      Object held = (ofKey ? keys.get(slot.keyNumber()) : value).get(slot.column());
      if (column.json() == null) {
        sql.dialect().set(statement, index++, held, column.type());
      } else {
        String text = held == null ? null : column.json().write(held);
        sql.dialect().setJson(statement, index++, text, sql.isJson(slot.column()));
      }
    }
  }

  private Statements statements(Connection connection) throws SQLException {
    Statements statements = known;
    if (statements == null) {
      statements =
          mapping.isGiven()
              ? new GivenStatements(
                  mapping, Dialect.of(connection.getMetaData().getDatabaseProductName()))
              : new Catalogue(connection, mapping).statements();
      known = statements;
    }
    return statements;
  }
}
