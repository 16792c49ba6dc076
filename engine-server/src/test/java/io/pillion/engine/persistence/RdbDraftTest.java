package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.world.RealWorld;
import io.pillion.engine.world.World;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A draft that was finished is what would have been written at once. */
class RdbDraftTest {
  private static final int STEPS = 3000;

  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  Path folder;

  private static void put(RdbOutput out, Random random) {
    switch (random.nextInt(6)) {
      case 0 -> out.putByte(random.nextInt());
      case 1 -> out.putLong(random.nextLong());
      case 2 -> out.putString(random.nextLong());
      case 3 -> out.putBytes(string(random, 3000), 0, 10);
      case 4 -> out.putString(Bytes.of(string(random, 100)));
      default -> out.putPlain(Bytes.of(string(random, random.nextInt(50) == 0 ? 300_000 : 1000)));
    }
  }

  /** Noise, or what can be compressed. */
  private static byte[] string(Random random, int most) {
    byte[] bytes = new byte[10 + random.nextInt(most)];
    if (random.nextBoolean()) {
      random.nextBytes(bytes);
    } else {
      Arrays.fill(bytes, (byte) '7');
    }
    return bytes;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void isWhatWouldHaveBeenWrittenAtOnce(boolean compress) throws IOException {
    World world = RealWorld.get();
    Breaks breaks = Breaks.none(world);
    SnapshotMemory memory = new SnapshotMemory(world, folder.toString(), 4 << 20);
    ByteArrayOutputStream target = new ByteArrayOutputStream();
    Spool spool = new Spool(target, /* checksum= */ false, compress, memory, breaks);
    RdbOutput draft = RdbOutput.draft(spool, compress);
    RdbOutput gathering = RdbOutput.draft(/* sink= */ null, compress);
    RdbOutput expected = new RdbOutput(/* sink= */ null, compress);
    Random decisions = new Random(1);
    for (int step = 0; step < STEPS; step++) {
      long seed = decisions.nextLong();
      put(expected, new Random(seed));
      int way = decisions.nextInt(10);
      if (way > 1) {
        put(draft, new Random(seed));
        continue;
      }
      put(gathering, new Random(seed));
      if (way == 0) {
        draft.putDraft(gathering.bytes().toByteArray());
        gathering.clear();
      } else {
        Parcel parcel = new Parcel(memory);
        gathering.moveTo(parcel);
        draft.flush();
        spool.splice(parcel, 0, parcel.size(), /* last= */ true);
      }
      if (decisions.nextInt(100) == 0) {
        spool.drain();
      }
    }
    draft.flush();
    spool.drain();
    memory.close();
    assertThat(target.toByteArray()).isEqualTo(expected.bytes().toByteArray());
  }
}
