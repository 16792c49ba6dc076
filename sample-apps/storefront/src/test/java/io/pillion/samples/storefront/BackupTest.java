package io.pillion.samples.storefront;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.Command;
import io.pillion.client.CommandException;
import io.pillion.client.Commands;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;

/**
 * The data of the shop's engine are lost, and come back from a backup that its schedule has made:
 * carts and the board.
 */
class BackupTest {
  private static final Command LIST = Command.of("BACKUP", "LIST");
  private static final String[] NOTHING = {};

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private final ShopClient visitor = new ShopClient();

  @Test
  void aShopThatHasLostItsDataGoesOnWithABackupMadeOnSchedule() throws IOException {
    Path data = Files.createDirectory(folder.resolve("data"));
    String backup;
    JsonNode cart;
    JsonNode board;
    try (ConfigurableApplicationContext shop =
        start(
            "--pillion.embedded.settings.backup-schedule=* * * * * *",
            "--pillion.embedded.settings.backup-retention-count=0")) {
      int port = StorefrontTest.portOf(shop);
      visitor.json(port, "/api/cart/items/100", "PUT", "{\"quantity\": 60}");
      visitor.json(port, "/api/checkout", "POST", "");
      visitor.json(port, "/api/cart/items/2819", "PUT", "{\"quantity\": 2}");
      cart = cart(port);
      board = board(port);
      assertThat(cart).hasSize(1);
      assertThat(board.get(0).get("sold").intValue()).isGreaterThanOrEqualTo(60);

      Commands commands = shop.getBean(Commands.class);
      backup = awaitBackupOfThisMoment(commands);
      commands.call(Command.of("CONFIG", "SET", "backup-schedule", ""));
      verify(commands, backup);

      commands.call(Command.of("FLUSHALL"));
      assertThat(commands.call(Command.of("DBSIZE"))).isEqualTo(0L);
      commands.call(Command.of("BACKUP", "RESTORE", backup));
      assertThat(cart(port)).isEqualTo(cart);
      assertThat(board(port)).isEqualTo(board);
    }
    delete(data);
    Files.createDirectory(data);
    try (ConfigurableApplicationContext shop =
        start("--pillion.embedded.settings.restore-from=" + backup)) {
      int port = StorefrontTest.portOf(shop);
      assertThat(cart(port)).isEqualTo(cart);
      assertThat(board(port)).isEqualTo(board);
    }
  }

  private JsonNode cart(int port) {
    return visitor.json(port, "/api/cart").get("lines");
  }

  private JsonNode board(int port) {
    return visitor.json(port, "/api/best-sellers?limit=5").get("entries");
  }

  /** The name of the first backup that shows what is there as this begins. */
  private static String awaitBackupOfThisMoment(Commands commands) {
    long now = System.currentTimeMillis();
    return await(
        () -> {
          List<?> all = (List<?>) Objects.requireNonNull(commands.call(LIST));
          for (Object each : all) {
            Map<String, Object> backup = fields((List<?>) each);
            if ((Long) Objects.requireNonNull(backup.get("created")) > now) {
              assertThat(text(backup.get("kind"))).isEqualTo("scheduled");
              return text(backup.get("name"));
            }
          }
          return null;
        });
  }

  /** Verifies a backup as soon as the schedule's last one is finished. */
  private static void verify(Commands commands, String backup) {
    await(
        () -> {
          try {
            return text(commands.call(Command.of("BACKUP", "VERIFY", backup)));
          } catch (CommandException e) {
            assertThat(e).hasMessageContaining("another backup operation is going on");
            return null;
          }
        });
  }

  private static String await(Callable<@Nullable String> answer) {
    return Objects.requireNonNull(
        Awaitility.await()
            .atMost(Duration.ofSeconds(30))
            .pollInterval(Duration.ofMillis(20))
            .until(answer, Objects::nonNull));
  }

  private static Map<String, Object> fields(List<?> reply) {
    Map<String, Object> fields = new HashMap<>();
    for (int i = 0; i < reply.size(); i += 2) {
      fields.put(text(reply.get(i)), reply.get(i + 1));
    }
    return fields;
  }

  private static String text(@Nullable Object reply) {
    return new String((byte[]) Objects.requireNonNull(reply), StandardCharsets.UTF_8);
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
