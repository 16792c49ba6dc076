package io.pillion.samples.storefront;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;

/** A second instance, pointed at the first one's engine: one cart, one board, one price. */
class TwoInstancesTest {
  private static ConfigurableApplicationContext first;
  private static ConfigurableApplicationContext second;
  private static int firstPort;
  private static int secondPort;

  private final ShopClient visitor = new ShopClient();

  @BeforeAll
  static void start() {
    String engine = "127.0.0.1:" + freePort();
    first =
        StorefrontTest.start(
            "jdbc:h2:mem:first",
            "--pillion.url=embedded:first",
            "--pillion.embedded.listen=" + engine);
    firstPort = StorefrontTest.portOf(first);
    second = StorefrontTest.start("jdbc:h2:mem:second", "--pillion.url=redis://" + engine);
    secondPort = StorefrontTest.portOf(second);
  }

  /** Below those that outgoing connections are given, one of which could be faster. */
  private static int freePort() {
    for (; ; ) {
      int port = ThreadLocalRandom.current().nextInt(10_000, 32_000);
      try (ServerSocket socket = new ServerSocket(port)) {
        return socket.getLocalPort();
      } catch (IOException taken) {
        Thread.onSpinWait();
      }
    }
  }

  @AfterAll
  static void stop() {
    second.close();
    first.close();
  }

  @Test
  void theSecondInstanceSaysWhereItsEngineIs() {
    JsonNode engine = visitor.json(secondPort, "/api/engine");

    assertThat(engine.get("embedded").booleanValue()).isFalse();
    assertThat(engine.get("target").stringValue()).contains("127.0.0.1");
  }

  @Test
  void aCartFilledInOneInstanceIsSoldInTheOther() {
    visitor.json(firstPort, "/api/cart/items/3000", "PUT", "{\"quantity\": 40}");
    JsonNode cart = visitor.json(secondPort, "/api/cart");
    assertThat(cart.get("items").intValue()).isEqualTo(40);

    visitor.json(secondPort, "/api/checkout", "POST", "");

    assertThat(visitor.json(firstPort, "/api/cart").get("items").intValue()).isZero();
    JsonNode top = visitor.json(firstPort, "/api/best-sellers?limit=1").get("entries").get(0);
    assertThat(top.get("albumId").intValue())
        .isEqualTo(cart.get("lines").get(0).get("track").get("albumId").intValue());
    assertThat(top.get("sold").intValue()).isGreaterThanOrEqualTo(40);
    assertThat(visitor.json(secondPort, "/api/best-sellers?limit=1").get("entries").get(0))
        .isEqualTo(top);
  }

  @Test
  void whatOneInstanceReadTheOtherFindsInTheCache() {
    visitor.json(firstPort, "/api/tracks?q=blues");
    JsonNode found = visitor.json(secondPort, "/api/tracks?q=blues");

    for (JsonNode read : found.get("reads")) {
      assertThat(read.get("misses").intValue()).as(read.toString()).isZero();
    }
  }

  @Test
  void aPriceChangedInOneInstanceIsReadInTheOther() {
    visitor.json(secondPort, "/api/tracks/12");
    visitor.json(firstPort, "/api/tracks/12/price", "PUT", "{\"price\": 3.10}");

    assertThat(visitor.json(secondPort, "/api/tracks/12").get("price").decimalValue())
        .isEqualByComparingTo("3.10");
  }
}
