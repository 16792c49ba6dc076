package io.pillion.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionUrl;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** What the properties make of the URL, and the engine inside the process. */
class PillionAutoConfigurationTest {
  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(AutoConfigurations.of(PillionAutoConfiguration.class));

  @Test
  void withoutAUrlTheEngineIsInsideThisProcess() {
    runner.run(
        context -> {
          Commands commands = context.getBean(Commands.class);
          assertThat(context.getBean(PillionUrl.class).kind()).isEqualTo(PillionUrl.Kind.EMBEDDED);
          commands.call(Command.of("SET", "greeting", "hello"));
          assertThat((byte[]) Objects.requireNonNull(commands.call(Command.of("GET", "greeting"))))
              .asString(StandardCharsets.UTF_8)
              .isEqualTo("hello");
        });
  }

  @Test
  void propertiesOverrideTheUrl() {
    runner
        .withPropertyValues(
            "pillion.url=redis://old:secret@cache.example:7000?timeout=9s",
            "pillion.check-on-start=false",
            "pillion.username=shop",
            "pillion.password=better",
            "pillion.timeout=150ms",
            "pillion.connect-timeout=3s",
            "spring.application.name=the shop")
        .run(
            context -> {
              PillionUrl url = context.getBean(PillionUrl.class);
              assertThat(url.user()).isEqualTo("shop");
              assertThat(url.password()).isEqualTo("better");
              assertThat(url.timeout()).isEqualTo(Duration.ofMillis(150));
              assertThat(url.connectTimeout()).isEqualTo(Duration.ofSeconds(3));
              assertThat(url.clientName()).isEqualTo("the-shop");
              assertThat(context.getBean(PillionProperties.class).toString())
                  .doesNotContain("better", "secret");
            });
  }

  @Test
  void settingsReachTheEmbeddedEngineAndItsDataOutliveIt(@TempDir Path folder) {
    ApplicationContextRunner keeping =
        runner.withPropertyValues(
            "pillion.url=embedded:keeping",
            "pillion.embedded.settings.dir=" + folder,
            "pillion.embedded.settings.save=3600 1",
            "pillion.embedded.settings.lazyfree-lazy-expire=true",
            "pillion.embedded.settings.backup-schedule=0 3 * * *");
    keeping.run(
        context -> {
          Commands commands = context.getBean(Commands.class);
          commands.call(Command.of("SET", "greeting", "hello"));
          assertThat(text(commands, "CONFIG", "GET", "backup-schedule")).contains("0 3 * * *");
          assertThat(text(commands, "CONFIG", "GET", "lazyfree-lazy-expire")).contains("yes");
          // The schedule is looked at by the engine's own thread.
          Awaitility.await()
              .until(() -> !text(commands, "INFO", "persistence").contains("backup_next_time:0"));
        });
    keeping.run(
        context ->
            assertThat(text(context.getBean(Commands.class), "GET", "greeting"))
                .isEqualTo("hello"));
  }

  private static String text(Commands commands, String name, String... args) {
    return text(commands.call(Command.of(name, args)));
  }

  private static String text(@Nullable Object value) {
    if (value instanceof byte[] bytes) {
      return new String(bytes, StandardCharsets.UTF_8);
    }
    if (value instanceof List<?> list) {
      return list.stream().map(PillionAutoConfigurationTest::text).collect(Collectors.joining(" "));
    }
    return String.valueOf(value);
  }

  @Test
  void theUrlAloneIsEnough() {
    runner
        .withPropertyValues(
            "pillion.url=redis://old:secret@cache.example:7000?timeout=9s&clientName=mine",
            "pillion.check-on-start=false",
            "spring.application.name=shop")
        .run(
            context -> {
              PillionUrl url = context.getBean(PillionUrl.class);
              assertThat(url.user()).isEqualTo("old");
              assertThat(url.password()).isEqualTo("secret");
              assertThat(url.timeout()).isEqualTo(Duration.ofSeconds(9));
              assertThat(url.clientName()).isEqualTo("mine");
            });
  }
}
