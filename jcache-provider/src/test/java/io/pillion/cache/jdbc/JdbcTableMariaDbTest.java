package io.pillion.cache.jdbc;

import java.io.IOException;
import java.sql.SQLException;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.mariadb.jdbc.MariaDbDataSource;

/** A table behind a cache, on a real MariaDB. */
class JdbcTableMariaDbTest extends JdbcTableContract {
  private static @Nullable MariaDbServer server;
  private static @Nullable MariaDbDataSource dataSource;

  @BeforeAll
  static void start() throws IOException, SQLException {
    server = MariaDbServer.start();
    dataSource = new MariaDbDataSource(server.url());
  }

  @AfterAll
  static void stop() throws IOException {
    if (server != null) {
      server.close();
    }
  }

  @Override
  protected DataSource dataSource() {
    return Objects.requireNonNull(dataSource);
  }

  @Override
  protected String schema() {
    return "test";
  }

  @Override
  protected String adapted(String sql) {
    return sql.replace('"', sql.contains("{") ? '"' : '`')
        .replace("timestamp with time zone", "timestamp(6) null")
        .replace("timestamp(3)", "datetime(3)")
        .replace("varchar(40)", "varchar(40) character set utf8mb4")
        .replace("bytea", "varbinary(100)");
  }
}
