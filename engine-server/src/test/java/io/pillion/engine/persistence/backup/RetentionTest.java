package io.pillion.engine.persistence.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.config.Parameters;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Which backups go: by their number, and by an age that no clock can make up. */
class RetentionTest {
  private final List<BackupManifest> made = new ArrayList<>();

  private void make(String moment) {
    made.add(
        new BackupManifest(
            "auto-" + moment.substring(0, 10),
            BackupManifest.Kind.SCHEDULED,
            made.size() + 1,
            Instant.parse(moment).toEpochMilli(),
            "test",
            BackupManifest.GZIP,
            /* rdbVersion= */ 10,
            /* keys= */ 1,
            /* bytes= */ 1,
            /* dataBytes= */ 1,
            /* memoryBytes= */ 1,
            /* offset= */ 0,
            "0"));
  }

  private void makeDaily(String from, int count) {
    Instant moment = Instant.parse(from);
    for (int i = 0; i < count; i++) {
      make(moment.plus(Duration.ofDays(i)).toString());
    }
  }

  /** The days of the backups that stay, when the newest has just been made. */
  private List<String> staying(String schedule, String window, int days) {
    Parameters parameters = new Parameters();
    parameters.set("backup-schedule", schedule.split(" ", -1));
    parameters.set("backup-window", window);
    BackupSchedule plan = Objects.requireNonNull(BackupSchedule.of(parameters));
    List<BackupManifest> staying = new ArrayList<>(made);
    long now = made.get(made.size() - 1).createdMillis() + 5_000;
    staying.removeAll(new Retention(/* most= */ 0, days, plan).leaving(made, now));
    return staying.stream().map(each -> each.name().substring(10)).toList();
  }

  @Test
  void inASeriesWithoutGapsAnAgeIsWhatTheClockSays() {
    makeDaily("2026-03-01T03:00:00.004Z", 20);
    assertThat(staying("0 3 * * *", "", 3)).containsExactly("03-18", "03-19", "03-20");
  }

  @Test
  void aRunThatFailedMakesAStepOfTwo() {
    makeDaily("2026-03-01T03:00:00Z", 5);
    make("2026-03-07T03:00:00Z");
    assertThat(staying("0 3 * * *", "", 3)).containsExactly("03-05", "03-07");
  }

  @Test
  void runsOutsideTheWindowAreNoRuns() {
    make("2026-03-01T03:00:00Z");
    make("2026-03-02T03:00:00Z");
    make("2026-03-03T03:00:00Z");
    make("2026-03-04T03:00:00Z");
    assertThat(staying("0 * * * *", "03:00-03:30", 2)).containsExactly("03-03", "03-04");
  }

  @Test
  void aClockThatJumpsAheadMakesNothingOlderThanTwoRunsWould() {
    makeDaily("2026-03-01T03:00:00Z", 7);
    make("2036-07-01T03:00:00Z");
    assertThat(staying("0 3 * * *", "", 7))
        .containsExactly("03-03", "03-04", "03-05", "03-06", "03-07", "07-01");
  }

  @Test
  void aClockThatIsSetRightAgainTakesNothing() {
    makeDaily("2026-03-01T03:00:00Z", 3);
    make("2036-07-01T03:00:00Z");
    makeDaily("2026-03-05T03:00:00Z", 2);
    assertThat(staying("0 3 * * *", "", 7))
        .containsExactly("03-01", "03-02", "03-03", "07-01", "03-05", "03-06");
  }

  @Test
  void anEngineThatWasAwayKeepsWhatItHad() {
    makeDaily("2026-03-01T03:00:00Z", 7);
    make("2026-05-01T09:00:00Z");
    assertThat(staying("0 3 * * *", "", 7)).hasSize(6);
  }
}
