package io.pillion.samples.storefront;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;

/** The data of the shop's engine are lost, and come back from a backup: carts and the board. */
class BackupTest {
  private static final String[] NOTHING = {};

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private final ShopClient visitor = new ShopClient();

  @Test
  void aShopThatHasLostItsDataGoesOnWithItsBackup() throws IOException {
    Path data = Files.createDirectory(folder.resolve("data"));
    JsonNode cart;
    JsonNode board;
    try (ConfigurableApplicationContext shop = start(NOTHING)) {
      int port = StorefrontTest.portOf(shop);
      visitor.json(port, "/api/cart/items/100", "PUT", "{\"quantity\": 60}");
      visitor.json(port, "/api/checkout", "POST", "");
      visitor.json(port, "/api/cart/items/2819", "PUT", "{\"quantity\": 2}");
      cart = visitor.json(port, "/api/cart").get("lines");
      board = visitor.json(port, "/api/best-sellers?limit=5").get("entries");
      assertThat(board.get(0).get("sold").intValue()).isGreaterThanOrEqualTo(60);
      Commands commands = shop.getBean(Commands.class);
      commands.call(Command.of("BACKUP", "CREATE", "before-the-loss"));
      commands.call(Command.of("BACKUP", "VERIFY", "before-the-loss"));
    }
    delete(data);
    Files.createDirectory(data);
    try (ConfigurableApplicationContext shop =
        start("--pillion.embedded.settings.restore-from=before-the-loss")) {
      int port = StorefrontTest.portOf(shop);
      assertThat(visitor.json(port, "/api/cart").get("lines")).isEqualTo(cart);
      assertThat(visitor.json(port, "/api/best-sellers?limit=5").get("entries")).isEqualTo(board);
    }
  }

  private ConfigurableApplicationContext start(String... args) {
    List<String> all = new ArrayList<>();
    all.add("--pillion.url=embedded:backup");
    all.add("--pillion.embedded.listen=");
    all.add("--pillion.embedded.settings.dir=" + folder.resolve("data"));
    all.add("--pillion.embedded.settings.backup-dir=" + folder.resolve("backups"));
    all.add("--pillion.embedded.settings.appendonly=yes");
    Collections.addAll(all, args);
    return StorefrontTest.start("jdbc:h2:mem:backup;DB_CLOSE_DELAY=-1", all.toArray(NOTHING));
  }

  private static void delete(Path path) throws IOException {
    try (var all = Files.walk(path)) {
      for (Path each : all.sorted(Collections.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }
}
