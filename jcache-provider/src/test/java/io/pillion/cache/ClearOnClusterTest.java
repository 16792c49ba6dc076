package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The bound of {@code clear()} on a cluster, where the generation is on another primary than the
 * entry, so that the two commands of one operation run in any order and at different times. What
 * was under way may be seen before the clear and after it; what had ended is not.
 */
class ClearOnClusterTest {
  private Commands server;
  private TwoPrimaries primaries;
  private EngineCache<String, String> ours;
  private EngineCache<String, String> theirs;

  /**
   * One of the two primaries answers late: there is time for others between its and the other's.
   */
  private static final class TwoPrimaries extends ForwardingCommands {
    private @Nullable Runnable between;
    private boolean generationFirst;

    TwoPrimaries(Commands commands) {
      super(commands);
    }

    /** Lets the next pipeline be interrupted. */
    void interrupt(boolean afterGeneration, Runnable by) {
      generationFirst = afterGeneration;
      between = by;
    }

    @Override
    public boolean isCluster() {
      return true;
    }

    @Override
    public List<CompletionStage<@Nullable Object>> pipeline(List<Command> pipelined) {
      Runnable other = between;
      between = null;
      List<CompletionStage<@Nullable Object>> replies = new ArrayList<>();
      pipelined.forEach(command -> replies.add(new CompletableFuture<>()));
      answer(pipelined, replies, /* ofGeneration= */ generationFirst);
      if (other != null) {
        other.run();
      }
      answer(pipelined, replies, /* ofGeneration= */ !generationFirst);
      return replies;
    }

    private void answer(
        List<Command> pipelined,
        List<CompletionStage<@Nullable Object>> replies,
        boolean ofGeneration) {
      for (int i = 0; i < pipelined.size(); i++) {
        Command command = pipelined.get(i);
        byte[] key = command.args().get(0);
        byte[] end = Arrays.copyOfRange(key, Math.max(0, key.length - 4), key.length);
        if (new String(end, StandardCharsets.US_ASCII).equals(":gen") == ofGeneration) {
          replies.get(i).toCompletableFuture().complete(commands.call(command));
        }
      }
    }
  }

  @BeforeEach
  void open() {
    server = PillionClient.connect("embedded:ClearOnClusterTest");
    primaries = new TwoPrimaries(server);
    ours = new EngineCache<>(primaries, settings());
    theirs = new EngineCache<>(server, settings());
    ours.clear();
    assertThat(ours.containsKey("a")).isFalse();
  }

  @AfterEach
  void close() {
    ours.close();
    theirs.close();
    server.close();
  }

  private static CacheSettings<String, String> settings() {
    return CacheSettings.<String, String>named("cleared").build();
  }

  @Test
  void aPutUnderWayMayBeSeenBeforeAndAfterAClear() {
    List<@Nullable String> seen = new ArrayList<>();
    primaries.interrupt(
        /* afterGeneration= */ false,
        () -> {
          seen.add(theirs.get("a"));
          theirs.clear();
          seen.add(theirs.get("a"));
        });
    ours.put("a", "1");
    seen.add(theirs.get("a"));
    assertThat(seen).containsExactly("1", null, "1");
    assertThat(ours.get("a")).isEqualTo("1");
  }

  @Test
  void aPutUnderWayMayComeBeforeAClearThatEndedFirst() {
    primaries.interrupt(/* afterGeneration= */ true, theirs::clear);
    ours.put("a", "1");
    assertThat(theirs.get("a")).isNull();
    assertThat(ours.get("a")).isNull();
  }

  @Test
  void aReadUnderWayMayFindWhatAClearHasRemovedMeanwhile() {
    ours.put("a", "1");
    primaries.interrupt(/* afterGeneration= */ true, theirs::clear);
    assertThat(ours.get("a")).isEqualTo("1");
    assertThat(ours.get("a")).isNull();
    ours.put("a", "2");
    primaries.interrupt(/* afterGeneration= */ false, theirs::clear);
    assertThat(ours.get("a")).isNull();
  }

  @Test
  void whatHadEndedIsSeenByNobodyAfterAClear() {
    for (int i = 0; i < 10; i++) {
      ours.put("a", "old");
      ours.putIfAbsent("b", "old");
      ours.computeIfAbsent("c", key -> "old");
      theirs.clear();
      for (EngineCache<String, String> cache : List.of(ours, theirs)) {
        for (String key : List.of("a", "b", "c")) {
          assertThat(cache.get(key)).isNull();
          assertThat(cache.containsKey(key)).isFalse();
        }
      }
    }
  }

  @Test
  void aLoadUnderWayIsNotKeptAfterAClear() {
    for (boolean generationFirst : new boolean[] {true, false}) {
      String loaded =
          ours.computeIfAbsent(
              "a",
              key -> {
                primaries.interrupt(generationFirst, theirs::clear);
                return "old";
              });
      assertThat(loaded).isEqualTo("old");
      assertThat(ours.get("a")).isNull();
      assertThat(theirs.get("a")).isNull();
    }
  }
}
