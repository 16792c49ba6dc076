package io.pillion.spring.diagnostics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.PillionUrl;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** What a person reads when the application does not start. */
@ExtendWith(OutputCaptureExtension.class)
class FailureAnalyzersTest {

  @Test
  void aWrongUrl(CapturedOutput output) {
    start("--pillion.url=http://localhost:6379");

    assertThat(output)
        .contains("The property pillion.url cannot be used. Unknown scheme \"http\"")
        .contains("Write it as redis://host:port, or leave it empty");
    noStackTrace(output);
  }

  @Test
  void nobodyThere(CapturedOutput output) {
    int closed = freePort();
    start("--pillion.url=redis://127.0.0.1:" + closed);

    assertThat(output)
        .contains("The server that pillion.url names does not answer.")
        .contains("127.0.0.1:" + closed)
        .contains("Start it, or correct pillion.url");
    noStackTrace(output);
  }

  @Test
  void aWrongPassword(CapturedOutput output) {
    int port = freePort();
    PillionUrl guarded =
        PillionUrl.parse("embedded:guarded?listen=127.0.0.1:" + port)
            .withCredentials(null, "sesame-17");
    try (Commands engine = PillionClient.connect(guarded)) {
      engine.call(Command.of("PING"));
      start("--pillion.url=redis://127.0.0.1:" + port, "--pillion.password=sesame-18");

      assertThat(output)
          .contains("The server that pillion.url names refuses this application")
          .contains("Set pillion.password");
      noStackTrace(output);
      assertThat(output).doesNotContain("sesame");
    }
  }

  @Test
  void aPortInUse(CapturedOutput output) throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      start(
          "--pillion.url=embedded:port-in-use",
          "--pillion.embedded.listen=127.0.0.1:" + taken.getLocalPort());

      assertThat(output)
          .contains("cannot listen where pillion.embedded.listen says")
          .contains(String.valueOf(taken.getLocalPort()))
          .contains("name it in pillion.url");
      noStackTrace(output);
    }
  }

  @Test
  void aSettingThatTheEngineDoesNotKnow(CapturedOutput output) {
    start("--pillion.url=embedded:unknown", "--pillion.embedded.settings.apendonly=yes");

    assertThat(output)
        .contains("does not take pillion.embedded.settings")
        .contains("apendonly yes");
    noStackTrace(output);
  }

  @Test
  void aBackupThatIsNotThere(CapturedOutput output) {
    start(
        "--pillion.url=embedded:no-backup",
        "--pillion.embedded.settings.dir=" + System.getProperty("java.io.tmpdir"),
        "--pillion.embedded.settings.restore-from=none");

    assertThat(output)
        .contains("cannot use what pillion.embedded.settings say of its files")
        .contains("there is no backup 'none'");
    noStackTrace(output);
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

  private static void start(String... args) {
    assertThatThrownBy(
            () ->
                new SpringApplicationBuilder(Application.class)
                    .web(WebApplicationType.NONE)
                    .run(args)
                    .close())
        .isInstanceOf(Exception.class);
  }

  private static void noStackTrace(CapturedOutput output) {
    assertThat(output).contains("APPLICATION FAILED TO START").doesNotContain("\tat ");
  }

  @SpringBootConfiguration
  @EnableAutoConfiguration
  static class Application {}
}
