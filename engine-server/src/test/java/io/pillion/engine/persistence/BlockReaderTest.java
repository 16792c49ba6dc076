package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.world.RealWorld;
import io.pillion.engine.world.SimulatedWorld;
import io.pillion.engine.world.World;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is read block by block is what one stream has, whoever reads the blocks. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class BlockReaderTest {
  private static final int STRINGS = 400;

  /** Strings of all lengths around those at which they are read in another way. */
  private static List<byte[]> strings(Random random) {
    List<byte[]> strings = new ArrayList<>();
    for (int i = 0; i < STRINGS; i++) {
      int length =
          switch (random.nextInt(4)) {
            case 0 -> random.nextInt(100);
            case 1 -> random.nextInt(20_000);
            case 2 -> (64 << 10) - 2 + random.nextInt(5);
            default -> random.nextInt(random.nextInt(8) == 0 ? 600_000 : 5_000);
          };
      byte[] string = new byte[length];
      random.nextBytes(string);
      if (random.nextInt(3) == 0) {
        Arrays.fill(string, (byte) random.nextInt(9));
      }
      strings.add(string);
    }
    return strings;
  }

  private static byte[] file(List<byte[]> strings) {
    RdbOutput out = new RdbOutput(/* sink= */ null, /* compress= */ true);
    for (byte[] string : strings) {
      out.putString(Bytes.of(string));
    }
    return out.bytes().toByteArray();
  }

  private static void readsAll(World world) throws IOException {
    for (int seed = 0; seed < 3; seed++) {
      Random random = new Random(seed);
      List<byte[]> strings = strings(random);
      byte[] file = file(strings);
      try (BlockReader blocks =
          new BlockReader(
              new ByteArrayInputStream(file), random.nextBoolean() ? file.length : 1000, world)) {
        RdbInput in = new RdbInput(blocks, random.nextBoolean() ? file.length : -1);
        for (byte[] string : strings) {
          Bytes read = random.nextBoolean() ? in.readView() : in.readString();
          assertThat(read).isEqualTo(Bytes.of(string));
        }
        assertThat(in.offset()).isEqualTo(file.length);
        assertThat(in.crc()).isEqualTo(Crc64.update(0, file, 0, file.length));
        assertThat(in.isAtEnd()).isTrue();
        assertThatThrownBy(in::readByte).hasMessageContaining("at byte " + file.length);
      }
    }
  }

  @Test
  void readsAhead() throws IOException {
    readsAll(RealWorld.get());
  }

  @Test
  void needsNobodyWhoReadsAhead() throws IOException {
    readsAll(new SimulatedWorld(1));
  }

  @Test
  void tellsWhatWentWrong() throws IOException {
    byte[] file = file(strings(new Random(5)));
    InputStream failing =
        new InputStream() {
          private final InputStream good = new ByteArrayInputStream(file, 0, 700_000);

          @Override
          public int read() throws IOException {
            return read(new byte[1], 0, 1);
          }

          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            int count = good.read(target, offset, length);
            if (count < 0) {
              throw new IOException("Input/output error");
            }
            return count;
          }
        };
    try (BlockReader blocks = new BlockReader(failing, file.length, RealWorld.get())) {
      RdbInput in = new RdbInput(blocks, file.length);
      assertThatThrownBy(
              () -> {
                while (true) {
                  in.readView();
                }
              })
          .hasMessage("Input/output error");
    }
  }

  /** What a block held before must not be taken for what could not be read into it. */
  @Test
  void anErrorWhileReadingIsNotTakenForABlock() throws IOException {
    byte[] file = new byte[4 << 20];
    for (int i = 0; i < file.length; i++) {
      file[i] = (byte) (i >> 18);
    }
    InputStream failing =
        new ByteArrayInputStream(file) {
          @Override
          public synchronized byte[] readNBytes(int length) {
            throw new UnsupportedOperationException();
          }

          @Override
          public synchronized int readNBytes(byte[] target, int offset, int length) {
            if (pos == 3 << 20) {
              pos += 1 << 18;
              throw new OutOfMemoryError("Cannot reserve bytes of direct buffer memory");
            }
            return super.readNBytes(target, offset, length);
          }
        };
    try (BlockReader blocks = new BlockReader(failing, file.length, new SimulatedWorld(1))) {
      RdbInput in = new RdbInput(blocks, file.length);
      assertThatThrownBy(
              () -> {
                for (byte each : file) {
                  assertThat((byte) in.readByte()).isEqualTo(each);
                }
              })
          .hasMessageContaining("Cannot reserve bytes");
      assertThatThrownBy(in::readByte).hasMessageContaining("Cannot reserve bytes");
    }
  }

  @Test
  void closesWhileReading() throws IOException {
    byte[] file = file(strings(new Random(6)));
    World world = RealWorld.get();
    for (int i = 0; i < 50; i++) {
      boolean[] closed = {false};
      InputStream stream =
          new ByteArrayInputStream(file) {
            @Override
            public void close() {
              closed[0] = true;
            }

            @Override
            public synchronized int read(byte[] target, int offset, int length) {
              assertThat(closed[0]).isFalse();
              return super.read(target, offset, length);
            }
          };
      BlockReader blocks = new BlockReader(stream, file.length, world);
      if (i % 2 == 0) {
        new RdbInput(blocks, file.length).readView();
      }
      blocks.close();
      assertThat(closed[0]).isTrue();
    }
  }
}
