package io.pillion.cache.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;

/** A table behind a cache, on H2; and what needs no database. */
class JdbcTableTest extends JdbcTableContract {
  private final JdbcDataSource dataSource = new JdbcDataSource();
  private final JdbcMapping<Long, Product> mapping =
      JdbcMapping.table("product", Long.class, Product.class).key("id").build();

  JdbcTableTest() {
    dataSource.setURL("jdbc:h2:mem:" + UUID.randomUUID());
  }

  @Override
  protected DataSource dataSource() {
    return dataSource;
  }

  @Override
  protected String adapted(String sql) {
    return sql.replace("bytea", "varbinary(100)");
  }

  record Tagged(String name, List<String> tags) {}

  @Test
  void aPropertyThatNoColumnHoldsIsNamed() {
    assertThatThrownBy(
            () -> JdbcMapping.table("product", Long.class, Tagged.class).key("id").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "The property tags is of type java.util.List, which no column holds: keep it as JSON"
                + " with json(\"tags\"), or leave it out of a bean with without(...)");
  }

  @Test
  void aDatabaseThatIsDownIsSaidToBe() {
    JdbcDataSource away = new JdbcDataSource();
    away.setURL("jdbc:h2:tcp://127.0.0.1:1/none");
    JdbcTable<Long, Product> products = new JdbcTable<>(away, mapping);
    assertThatThrownBy(() -> products.load(1L))
        .isInstanceOf(JdbcTableException.class)
        .hasMessageStartingWith("The database of table product cannot be reached: ");
  }

  @Test
  void soIsOneThatAPoolCannotReach() {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl("jdbc:h2:tcp://127.0.0.1:1/none");
    config.setInitializationFailTimeout(-1);
    config.setConnectionTimeout(250);
    try (HikariDataSource pool = new HikariDataSource(config)) {
      JdbcTable<Long, Product> products = new JdbcTable<>(pool, mapping);
      assertThatThrownBy(() -> products.write(1L, new Product(1, "p", null, true)))
          .isInstanceOf(JdbcTableException.class)
          .hasMessageStartingWith("The database of table product cannot be reached: ");
    }
  }

  @Test
  void mappingsThatCannotBeAreRefused() {
    assertThatThrownBy(() -> JdbcMapping.table("a b", Long.class, Product.class).key("id").build())
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> JdbcMapping.table("product", Long.class, Product.class).build())
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () ->
                JdbcMapping.table("product", Long.class, Product.class)
                    .key("id")
                    .column("price", "unit_price")
                    .build())
        .hasMessageContaining("[id, name, unitPrice, onSale], not [price]");
    assertThatThrownBy(
            () ->
                JdbcMapping.table("product", Long.class, Product.class)
                    .key("id")
                    .version("name")
                    .build())
        .hasMessageContaining("no property name that is an int or long");
    assertThatThrownBy(
            () ->
                JdbcMapping.table("product", Long.class, Product.class)
                    .key("id")
                    .load("select 1")
                    .build())
        .hasMessageContaining("table product has both");
    assertThatThrownBy(
            () ->
                JdbcMapping.sql(Long.class, Product.class)
                    .key("id")
                    .delete("delete from product where id = :nr")
                    .build())
        .hasMessage("There is no :nr; there are :id");
    assertThatThrownBy(() -> JdbcMapping.table("t", Long.class, Object.class).key("id").build())
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void statementsSayWhatTheDialectWants() {
    assertThat(Dialect.POSTGRESQL.upsert("t", List.of("a"), List.of("b", "c")))
        .isEqualTo(
            "INSERT INTO t (a, b, c) VALUES (?, ?, ?) ON CONFLICT (a) DO UPDATE SET b ="
                + " EXCLUDED.b, c = EXCLUDED.c");
    assertThat(Dialect.POSTGRESQL.upsert("t", List.of("a"), List.of()))
        .isEqualTo("INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO NOTHING");
    assertThat(Dialect.MYSQL.upsert("t", List.of("a", "b"), List.of("c")))
        .isEqualTo(
            "INSERT INTO t (a, b, c) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE c = VALUES(c)");
    assertThat(Dialect.MYSQL.upsert("t", List.of("a"), List.of()))
        .isEqualTo("INSERT INTO t (a) VALUES (?) ON DUPLICATE KEY UPDATE a = VALUES(a)");
    assertThatThrownBy(() -> Dialect.of("Oracle").upsert("t", List.of("a"), List.of()))
        .hasMessageContaining("H2, MariaDB, MySQL and PostgreSQL")
        .hasMessageContaining("JdbcMapping.sql(");
  }
}
