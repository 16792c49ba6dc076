package io.pillion.samples.storefront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** A database that does not answer ends the start with a description and an action. */
@ExtendWith(OutputCaptureExtension.class)
class DatabaseDownTest {

  @Test
  void saysSoAndWhatToDo(CapturedOutput output) throws IOException {
    int closed;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = socket.getLocalPort();
    }

    assertThatThrownBy(
            () ->
                StorefrontTest.start(
                        "jdbc:postgresql://127.0.0.1:" + closed + "/shop",
                        "--spring.profiles.active=postgres",
                        "--spring.datasource.hikari.connection-timeout=1000",
                        "--pillion.url=embedded:database-down",
                        "--pillion.embedded.listen=")
                    .close())
        .isInstanceOf(Exception.class);

    assertThat(output.getAll())
        .contains("APPLICATION FAILED TO START")
        .contains("The database at jdbc:postgresql://127.0.0.1:" + closed + "/shop does not answer")
        .contains("Start it, or correct spring.datasource.url")
        .doesNotContain("\tat ");
  }
}
