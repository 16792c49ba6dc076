package io.pillion.engine.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both ways to a scratch file of the machine: past the system's cache, and through it. */
final class ScratchFileTest {
  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private ScratchFile open(boolean direct) throws IOException {
    Path path = folder.resolve("scratch");
    ScratchFile file = direct ? DirectScratchFile.open(path) : CachedScratchFile.open(path);
    Assumptions.assumeTrue(file != null, "no way past the cache here");
    return Objects.requireNonNull(file);
  }

  /** Lengths about those of blocks and buffers, read where blocks, buffers and the file end. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void givesBackWhatItHasFromAnywhere(boolean direct) throws IOException {
    byte[] bytes = new byte[1 << 20];
    Random random = new Random(3);
    random.nextBytes(bytes);
    int[] lengths = {1, 4095, 4096, 4097, 16 << 10, (128 << 10) - 1, 128 << 10, (128 << 10) + 1};
    byte[] read = new byte[bytes.length];
    for (int round = 0; round < 5; round++) {
      try (ScratchFile file = open(direct)) {
        try (Stream<Path> names = Files.list(folder)) {
          assertThat(names).isEmpty();
        }
        int size = 0;
        while (size < bytes.length) {
          int length = Math.min(lengths[random.nextInt(lengths.length)], bytes.length - size);
          assertThat(file.append(bytes, size, length)).isEqualTo(size);
          size += length;
          for (int some : lengths) {
            int part = Math.min(some, size);
            int aligned = random.nextInt(size - part + 1) & -4096;
            for (int from : new int[] {0, size - part, random.nextInt(size - part + 1), aligned}) {
              file.read(from, read, 0, part);
              assertThat(Arrays.mismatch(read, 0, part, bytes, from, from + part)).isEqualTo(-1);
            }
          }
        }
      }
    }
  }

  /** Buffers are used again by the next file, so nothing may be written into them any more. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void isOfNoUseWhenItIsClosed(boolean direct) throws IOException {
    ScratchFile file = open(direct);
    file.append(new byte[10], 0, 10);
    file.close();
    file.close();
    assertThatThrownBy(() -> file.append(new byte[1], 0, 1))
        .isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> file.read(0, new byte[1], 0, 1))
        .isInstanceOf(ClosedChannelException.class);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void saysWhenMoreIsReadThanThereIs(boolean direct) throws IOException {
    try (ScratchFile file = open(direct)) {
      file.append(new byte[5000], 0, 5000);
      assertThatThrownBy(() -> file.read(4999, new byte[2], 0, 2))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("shorter");
    }
  }
}
