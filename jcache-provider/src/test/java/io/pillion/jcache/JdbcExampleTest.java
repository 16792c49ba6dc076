package io.pillion.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.cache.jdbc.JdbcMapping;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.Serializable;
import java.math.BigDecimal;
import java.net.URI;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableConfiguration;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** The example of docs/jcache.md, on a real PostgreSQL; {@link DocumentationTest} compares them. */
class JdbcExampleTest {
  @Test
  void theExample() throws Exception {
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start();
        CacheManager manager =
            new PillionCachingProvider()
                .getCacheManager(URI.create("embedded:jdbc-example"), null)) {
      DataSource dataSource = postgres.getPostgresDatabase();
      execute(
          dataSource,
          """
          create table product(
              id bigint primary key, name text, unit_price numeric, tags jsonb, version int)\
          """,
          "insert into product values (7, 'lamp', 19.90, '[\"new\"]', 1)");
      // docs: begin
      record Product(String name, BigDecimal unitPrice, List<String> tags, int version)
          implements Serializable {}
      JdbcMapping<Long, Product> rows =
          JdbcMapping.table("product", Long.class, Product.class)
              .key("id")
              .json("tags")
              .version("version")
              .build();
      Cache<Long, Product> products =
          manager.createCache(
              "products",
              new MutableConfiguration<Long, Product>()
                  .setTypes(Long.class, Product.class)
                  .setReadThrough(true)
                  .setCacheLoaderFactory(() -> new JdbcCacheLoader<>(dataSource, rows))
                  .setWriteThrough(true)
                  .setCacheWriterFactory(() -> new JdbcCacheWriter<>(dataSource, rows)));

      Product lamp = products.get(7L); // loaded: select … where id in (?)
      products.put(
          7L, new Product("lamp", new BigDecimal("17.50"), lamp.tags(), lamp.version() + 1));
      products.putAll( // one batch in one transaction
          Map.of(
              8L, new Product("desk", new BigDecimal("120"), List.of(), 1),
              9L, new Product("chair", new BigDecimal("45"), List.of("oak"), 1)));
      products.removeAll(Set.of(8L));
      // docs: end
      assertThat(lamp).isEqualTo(new Product("lamp", new BigDecimal("19.90"), List.of("new"), 1));
      assertThat(text(dataSource)).isEqualTo("7 lamp 17.50 [\"new\"] 2, 9 chair 45 [\"oak\"] 1");
    }
  }

  private static void execute(DataSource dataSource, String... statements) throws Exception {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static String text(DataSource dataSource) throws Exception {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select string_agg(concat_ws(' ', id, name, unit_price, tags, version), ', '"
                    + " order by id) from product")) {
      row.next();
      return row.getString(1);
    }
  }
}
