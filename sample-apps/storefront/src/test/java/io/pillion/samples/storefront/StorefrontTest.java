package io.pillion.samples.storefront;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.net.http.HttpResponse;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;
import tools.jackson.databind.JsonNode;

/** One instance on its own engine, as the README's command starts it. */
class StorefrontTest {
  private static ConfigurableApplicationContext shop;
  private static int port;

  private final ShopClient visitor = new ShopClient();

  @BeforeAll
  static void start() {
    shop = start("jdbc:h2:mem:one", "--pillion.url=embedded:one", "--pillion.embedded.listen=");
    port = portOf(shop);
  }

  @AfterAll
  static void stop() {
    shop.close();
  }

  /** An instance on this database, with a port of its own. */
  static ConfigurableApplicationContext start(String databaseUrl, String... args) {
    String[] all = new String[args.length + 3];
    all[0] = "--server.port=0";
    all[1] = "--server.address=127.0.0.1";
    all[2] = "--spring.datasource.url=" + databaseUrl;
    System.arraycopy(args, 0, all, 3, args.length);
    return new SpringApplicationBuilder(StorefrontApplication.class).run(all);
  }

  static int portOf(ConfigurableApplicationContext shop) {
    return Objects.requireNonNull(((WebServerApplicationContext) shop).getWebServer()).getPort();
  }

  @Test
  void servesThePage() {
    HttpResponse<String> page = visitor.get(port, "/");

    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body()).contains("Pillion Records", "storefront.js");
    assertThat(visitor.get(port, "/storefront.js").statusCode()).isEqualTo(200);
    assertThat(visitor.get(port, "/storefront.css").statusCode()).isEqualTo(200);
  }

  @Test
  void theSecondReadOfAPageComesFromTheCache() {
    JsonNode first = visitor.json(port, "/api/tracks?q=samba");
    JsonNode second = visitor.json(port, "/api/tracks?q=samba");

    assertThat(first.get("total").intValue()).isPositive();
    assertThat(misses(first)).isGreaterThanOrEqualTo(1 + 2 * first.get("items").size());
    assertThat(misses(second)).isZero();
    assertThat(second.get("items")).isEqualTo(first.get("items"));
  }

  @Test
  void aTrackIsReadThroughThreeCaches() {
    JsonNode first = visitor.json(port, "/api/tracks/2819");
    JsonNode second = visitor.json(port, "/api/tracks/2819");

    assertThat(first.get("album").get("title").stringValue())
        .isEqualTo(first.get("track").get("album").stringValue());
    assertThat(misses(first)).isEqualTo(3);
    assertThat(misses(second)).isZero();
  }

  @Test
  void aPriceChangeReachesTheDatabaseAndTheNextRead() {
    visitor.json(port, "/api/tracks/7");
    JsonNode changed = visitor.json(port, "/api/tracks/7/price", "PUT", "{\"price\": 2.49}");
    JsonNode read = visitor.json(port, "/api/tracks/7");

    assertThat(changed.get("before").decimalValue()).isEqualByComparingTo("0.99");
    assertThat(read.get("price").decimalValue()).isEqualByComparingTo("2.49");
    assertThat(misses(read)).isZero();
    assertThat(
            shop.getBean(JdbcTemplate.class)
                .queryForObject(
                    "SELECT unit_price FROM price WHERE track_id = 7", BigDecimal.class))
        .isEqualByComparingTo("2.49");
  }

  @Test
  void aCheckoutSellsTheCartAndMovesTheBoard() {
    JsonNode cart = visitor.json(port, "/api/cart/items/100", "PUT", "{\"quantity\": 50}");
    JsonNode receipt = visitor.json(port, "/api/checkout", "POST", "");
    JsonNode board = visitor.json(port, "/api/best-sellers?limit=3");

    assertThat(cart.get("items").intValue()).isEqualTo(50);
    assertThat(receipt.get("total").decimalValue()).isEqualByComparingTo("49.50");
    assertThat(visitor.json(port, "/api/cart").get("items").intValue()).isZero();
    JsonNode top = board.get("entries").get(0);
    assertThat(top.get("albumId").intValue())
        .isEqualTo(cart.get("lines").get(0).get("track").get("albumId").intValue());
    assertThat(top.get("rank").intValue()).isEqualTo(1);
    assertThat(top.get("sold").intValue()).isGreaterThanOrEqualTo(50);
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThat(visitor.get(port, "/api/tracks/999999").statusCode()).isEqualTo(404);
    assertThat(visitor.get(port, "/api/tracks/none").statusCode()).isEqualTo(400);
    assertThat(visitor.get(port, "/api/tracks?page=-1").statusCode()).isEqualTo(400);
    assertThat(visitor.get(port, "/api/best-sellers?limit=0").statusCode()).isEqualTo(400);
    assertThat(status("/api/tracks/1/price", "PUT", "{\"price\": -1}")).isEqualTo(400);
    assertThat(status("/api/tracks/1/price", "PUT", "{\"price\": 0.999}")).isEqualTo(400);
    assertThat(status("/api/tracks/1/price", "PUT", "{}")).isEqualTo(400);
    assertThat(status("/api/tracks/999999/price", "PUT", "{\"price\": 1}")).isEqualTo(404);
    assertThat(status("/api/cart/items/1", "PUT", "{\"quantity\": 100}")).isEqualTo(400);
    assertThat(status("/api/cart/items/999999", "POST", "")).isEqualTo(404);
    assertThat(new ShopClient().send(port, "/api/checkout", "POST", "").statusCode())
        .isEqualTo(409);
    assertThat(visitor.get(port, "/api/tracks/999999").body()).contains("there is no track 999999");
  }

  @Test
  void saysThatTheEngineIsThisProcessOwn() {
    JsonNode engine = visitor.json(port, "/api/engine");

    assertThat(engine.get("embedded").booleanValue()).isTrue();
    assertThat(engine.get("address").isNull()).isTrue();
    assertThat(
            visitor.json(port, "/actuator/health").get("components").get("pillion").get("status"))
        .hasToString("\"UP\"");
  }

  private int status(String path, String method, String body) {
    return visitor.send(port, path, method, body).statusCode();
  }

  private static int misses(JsonNode answer) {
    int misses = 0;
    for (JsonNode read : answer.get("reads")) {
      misses += read.get("misses").intValue();
    }
    return misses;
  }
}
