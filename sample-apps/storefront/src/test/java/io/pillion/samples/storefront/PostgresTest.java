package io.pillion.samples.storefront;

import static org.assertj.core.api.Assertions.assertThat;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;

/** The profile {@code postgres}, on a real PostgreSQL. */
class PostgresTest {

  @Test
  void loadsSellsAndChangesPricesThere() throws IOException, SQLException {
    try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start();
        ConfigurableApplicationContext shop =
            StorefrontTest.start(
                postgres.getJdbcUrl("postgres", "postgres"),
                "--spring.profiles.active=postgres",
                "--spring.datasource.username=postgres",
                "--pillion.url=embedded:postgres",
                "--pillion.embedded.listen=")) {
      int port = StorefrontTest.portOf(shop);
      ShopClient visitor = new ShopClient();

      visitor.json(port, "/api/tracks/5/price", "PUT", "{\"price\": 1.50}");
      visitor.json(port, "/api/cart/items/5", "POST", "");
      JsonNode receipt = visitor.json(port, "/api/checkout", "POST", "");
      visitor.send(port, "/api/caches", "DELETE", "");

      try (Connection connection = shop.getBean(DataSource.class).getConnection()) {
        assertThat(connection.getMetaData().getDatabaseProductName()).isEqualTo("PostgreSQL");
      }
      assertThat(receipt.get("total").decimalValue()).isEqualByComparingTo("1.50");
      assertThat(visitor.json(port, "/api/tracks/5").get("price").decimalValue())
          .isEqualByComparingTo("1.50");
      assertThat(visitor.json(port, "/api/tracks").get("total").intValue()).isEqualTo(3503);
    }
  }
}
