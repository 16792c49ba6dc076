package io.pillion.engine.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.memory.Bytes;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What replicas are sent. */
final class ReplicationStreamTest {
  private static Bytes[] effect(int bytes) {
    return new Bytes[] {Bytes.of("x".repeat(bytes).getBytes(StandardCharsets.US_ASCII))};
  }

  private static String all(ReplicationStream stream) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    stream.read(0, stream.propagatedOffset(), out::write);
    return out.toString(StandardCharsets.US_ASCII);
  }

  /** Half an effect would make a replica's link unreadable, or its data others. */
  @Test
  void anEffectForWhichThereIsNoRoomTearsTheStreamBeforeIt() {
    ReplicationStream stream = new ReplicationStream(() -> {}, 128 << 10);
    stream.append(0, effect(100_000));
    String whole = all(stream);
    assertThat(stream.isTorn()).isFalse();
    stream.begin();
    stream.append(0, effect(100_000));
    stream.end();
    assertThat(stream.isTorn()).isTrue();
    assertThat(all(stream)).isEqualTo(whole);
    stream.clear();
    assertThat(stream.isTorn()).isFalse();
    long from = stream.propagatedOffset();
    stream.append(0, effect(10));
    assertThat(stream.propagatedOffset()).isGreaterThan(from);
  }
}
