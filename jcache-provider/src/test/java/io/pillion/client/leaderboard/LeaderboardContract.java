package io.pillion.client.leaderboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Awaiting;
import io.pillion.client.Command;
import io.pillion.client.CommandException;
import io.pillion.client.Commands;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@link Leaderboard} promises, whatever carries its commands. */
public abstract class LeaderboardContract {
  protected abstract Commands commands();

  private Leaderboard board() {
    return Leaderboard.of(commands(), UUID.randomUUID().toString());
  }

  private static Leaderboard filled(Leaderboard board) {
    board.submitAll(Map.of("ann", 30.0, "bob", 20.0, "cat", 20.0, "dan", 10.0));
    return board;
  }

  @Test
  void theHighestScoreLeadsAndTiesShareAPlace() {
    assertThat(filled(board()).top(10))
        .containsExactly(
            new Entry("ann", 30, 1),
            new Entry("cat", 20, 2),
            new Entry("bob", 20, 2),
            new Entry("dan", 10, 4));
  }

  @Test
  void theLowestScoreLeadsWhereThatIsTheOrder() {
    assertThat(filled(board().with(Leaderboard.Order.LOWEST_FIRST)).top(3))
        .containsExactly(new Entry("dan", 10, 1), new Entry("bob", 20, 2), new Entry("cat", 20, 2));
  }

  @Test
  void ordinalPlacesAreNeverShared() {
    Leaderboard board = filled(board().with(Leaderboard.Ties.ORDINAL));
    assertThat(board.top(4)).extracting(Entry::rank).containsExactly(1L, 2L, 3L, 4L);
    assertThat(board.find("bob")).isEqualTo(new Entry("bob", 20, 3));
    assertThat(board.page(2, 1)).containsExactly(new Entry("bob", 20, 3));
  }

  @Test
  void theBestScoreStaysUnlessToldOtherwise() {
    Leaderboard best = board();
    assertThat(best.submit("ann", 5)).isEqualTo(5);
    assertThat(best.submit("ann", 3)).isEqualTo(5);
    assertThat(best.submit("ann", 8)).isEqualTo(8);

    Leaderboard latest = best.with(Leaderboard.Keep.LATEST);
    assertThat(latest.submit("ann", 3)).isEqualTo(3);

    Leaderboard laps = board().with(Leaderboard.Order.LOWEST_FIRST);
    laps.submit("ann", 61.5);
    assertThat(laps.submit("ann", 60.25)).isEqualTo(60.25);
    assertThat(laps.submit("ann", 70)).isEqualTo(60.25);
  }

  @Test
  void scoresAreAddedTo() {
    Leaderboard board = board();
    assertThat(board.increment("ann", 2.5)).isEqualTo(2.5);
    assertThat(board.increment("ann", -1)).isEqualTo(1.5);
    assertThat(board.score("ann")).isEqualTo(OptionalDouble.of(1.5));
  }

  @Test
  void aMemberKnowsItsPlaceAndItsNeighbours() {
    Leaderboard board = filled(board());
    assertThat(board.rank("ann")).isEqualTo(OptionalLong.of(1));
    assertThat(board.find("bob")).isEqualTo(new Entry("bob", 20, 2));
    assertThat(board.rank("dan")).isEqualTo(OptionalLong.of(4));
    assertThat(board.around("bob", 1))
        .containsExactly(new Entry("cat", 20, 2), new Entry("bob", 20, 2), new Entry("dan", 10, 4));
    assertThat(board.around("dan", 1))
        .containsExactly(new Entry("bob", 20, 2), new Entry("dan", 10, 4));
    assertThat(board.around("ann", 0)).containsExactly(new Entry("ann", 30, 1));
    assertThat(board.around("dan", 0)).containsExactly(new Entry("dan", 10, 4));
  }

  @Test
  void whoIsNotThereHasNoPlace() {
    Leaderboard board = filled(board());
    assertThat(board.find("eve")).isNull();
    assertThat(board.rank("eve")).isEmpty();
    assertThat(board.score("eve")).isEmpty();
    assertThat(board.around("eve", 5)).isEmpty();
    assertThat(board.remove("eve")).isFalse();
    assertThat(board().top(5)).isEmpty();
    assertThat(board().page(7, 5)).isEmpty();
    assertThat(board().with(Leaderboard.Ties.ORDINAL).find("eve")).isNull();
  }

  @Test
  void entriesAreRemovedCutAndCleared() {
    Leaderboard board = filled(board());
    assertThat(board.remove("bob")).isTrue();
    assertThat(board.size()).isEqualTo(3);
    assertThat(board.keepTop(2)).isEqualTo(1);
    assertThat(board.top(9)).extracting(Entry::member).containsExactly("ann", "cat");
    assertThat(board.keepTop(0)).isEqualTo(2);
    assertThat(board.size()).isZero();

    Leaderboard laps = filled(board().with(Leaderboard.Order.LOWEST_FIRST));
    assertThat(laps.keepTop(1)).isEqualTo(3);
    assertThat(laps.top(9)).extracting(Entry::member).containsExactly("dan");
    laps.clear();
    assertThat(laps.size()).isZero();
  }

  @Test
  void aBoardMayExpire() {
    Leaderboard board = filled(board());
    assertThat(board.expireAt(Instant.now().plusMillis(30))).isTrue();
    Awaiting.until(() -> board.size() == 0);
    assertThat(board.expireAt(Instant.now().plusSeconds(30))).isFalse();
  }

  @Test
  void nonsenseIsRefusedBeforeItIsSent() {
    Leaderboard board = board();
    assertThatThrownBy(() -> board.submit("ann", Double.NaN))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> board.increment("ann", Double.NaN))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> board.top(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> board.top(Leaderboard.MOST_ENTRIES + 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> board.page(-1, 5)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> board.around("ann", -1)).isInstanceOf(IllegalArgumentException.class);
    assertThat(board.top(0)).isEmpty();
  }

  @Test
  void aKeyOfAnotherTypeFailsEveryCallVisibly() {
    Leaderboard board = board();
    commands().call(Command.of("SET").arg("p:board:" + board.name()).arg("text"));
    assertThatThrownBy(() -> board.submit("ann", 1)).isInstanceOf(CommandException.class);
    assertThatThrownBy(() -> board.submitAll(Map.of("ann", 1.0)))
        .isInstanceOf(CommandException.class);
    assertThatThrownBy(() -> board.top(1)).isInstanceOf(CommandException.class);
    assertThatThrownBy(() -> board.find("ann")).isInstanceOf(CommandException.class);
    assertThatThrownBy(() -> board.around("ann", 1)).isInstanceOf(CommandException.class);
  }

  @Test
  void infinitiesAndFractionsAreScores() {
    Leaderboard board = board();
    double third = 1.0 / 3;
    board.submitAll(
        Map.of("top", Double.POSITIVE_INFINITY, "low", Double.NEGATIVE_INFINITY, "third", third));
    assertThat(board.find("top")).isEqualTo(new Entry("top", Double.POSITIVE_INFINITY, 1));
    assertThat(board.find("third")).isEqualTo(new Entry("third", third, 2));
    assertThat(board.find("low")).isEqualTo(new Entry("low", Double.NEGATIVE_INFINITY, 3));
    assertThat(board.page(1, 2)).extracting(Entry::rank).containsExactly(2L, 3L);
  }

  @ParameterizedTest
  @CsvSource({"HIGHEST_FIRST,SHARED", "LOWEST_FIRST,SHARED", "HIGHEST_FIRST,ORDINAL"})
  void everyAnswerIsThatOfASortedList(Leaderboard.Order order, Leaderboard.Ties ties) {
    Random random = new Random(7);
    Leaderboard board = board().with(order).with(ties).with(Leaderboard.Keep.LATEST);
    Map<String, Double> model = new HashMap<>();
    for (int i = 0; i < 150; i++) {
      model.put("m" + i, (double) random.nextInt(30));
    }
    board.submitAll(model);
    List<Entry> sorted = sorted(model, order, ties);

    for (int i = 0; i < 60; i++) {
      int offset = random.nextInt(160);
      int count = random.nextInt(20);
      assertThat(board.page(offset, count))
          .isEqualTo(sorted.subList(Math.min(offset, 150), Math.min(offset + count, 150)));
      int place = random.nextInt(150);
      int radius = random.nextInt(8);
      Entry one = sorted.get(place);
      assertThat(board.find(one.member())).isEqualTo(one);
      assertThat(board.around(one.member(), radius))
          .isEqualTo(
              sorted.subList(Math.max(0, place - radius), Math.min(150, place + radius + 1)));
    }
  }

  private static List<Entry> sorted(
      Map<String, Double> model, Leaderboard.Order order, Leaderboard.Ties ties) {
    Comparator<Map.Entry<String, Double>> byScore =
        Map.Entry.<String, Double>comparingByValue().thenComparing(Map.Entry.comparingByKey());
    List<Map.Entry<String, Double>> list = new ArrayList<>(model.entrySet());
    list.sort(order == Leaderboard.Order.HIGHEST_FIRST ? byScore.reversed() : byScore);
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      double score = list.get(i).getValue();
      boolean shared =
          ties == Leaderboard.Ties.SHARED && i > 0 && entries.get(i - 1).score() == score;
      long rank = shared ? entries.get(i - 1).rank() : i + 1;
      entries.add(new Entry(list.get(i).getKey(), score, rank));
    }
    return entries;
  }

  @Test
  void answersStayConsistentWhileTheBoardChanges() throws Exception {
    Leaderboard board = board().with(Leaderboard.Keep.LATEST);
    for (int i = 0; i < 50; i++) {
      board.submit("m" + i, i);
    }
    AtomicBoolean stop = new AtomicBoolean();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Future<?> writer =
          threads.submit(
              () -> {
                Random random = new Random(1);
                while (!stop.get()) {
                  board.submit("m" + random.nextInt(50), random.nextInt(1_000));
                }
              });
      for (int i = 0; i < 200; i++) {
        List<Entry> page = board.page(10, 10);
        assertThat(page).hasSize(10);
        for (int j = 1; j < page.size(); j++) {
          assertThat(page.get(j).score()).isLessThanOrEqualTo(page.get(j - 1).score());
          assertThat(page.get(j).rank()).isGreaterThanOrEqualTo(page.get(j - 1).rank());
        }
        Entry one = Objects.requireNonNull(board.find("m7"));
        assertThat(one.rank()).isBetween(1L, 50L);
        assertThat(board.around("m7", 3)).extracting(Entry::member).contains("m7");
      }
      stop.set(true);
      writer.get(10, TimeUnit.SECONDS);
    } finally {
      stop.set(true);
      threads.shutdownNow();
    }
  }
}
