package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.world.RealWorld;
import io.pillion.engine.world.World;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a spool is drained. */
class SpoolTest {
  private static final int BYTES = 256 << 10;
  private static final int BYTES_FOR_A_LOOK = 2 << 10;

  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  Path folder;

  /** Counts how often somebody looks at the clock, to see whether a break is due. */
  private static World counting(AtomicInteger looks) {
    World real = RealWorld.get();
    return (World)
        Proxy.newProxyInstance(
            World.class.getClassLoader(),
            new Class<?>[] {World.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("nanos")) {
                looks.incrementAndGet();
              }
              return method.invoke(real, arguments);
            });
  }

  @Test
  void looksForABreakWhileItCompressesShortStrings() throws IOException {
    AtomicInteger looks = new AtomicInteger();
    World world = counting(looks);
    Breaks breaks = Breaks.often(world);
    SnapshotMemory memory = new SnapshotMemory(RealWorld.get(), folder.toString(), 4 << 20);
    Spool spool =
        new Spool(
            new ByteArrayOutputStream(),
            /* checksum= */ true,
            /* compress= */ true,
            memory,
            breaks);
    RdbOutput draft = RdbOutput.draft(spool, /* compress= */ true);
    Bytes string = Bytes.of("a string as short as many are".getBytes(StandardCharsets.US_ASCII));
    for (int put = 0; put < BYTES; put += string.length()) {
      draft.putPlain(string);
    }
    draft.flush();

    looks.set(0);
    spool.drain();
    memory.close();

    assertThat(looks).hasValueGreaterThan(BYTES / BYTES_FOR_A_LOOK);
  }
}
