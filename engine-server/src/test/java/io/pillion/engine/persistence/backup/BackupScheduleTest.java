package io.pillion.engine.persistence.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** When backups are due: on the clocks of a zone, whatever they do. */
class BackupScheduleTest {
  private static BackupSchedule schedule(String cron, String zone, String window) {
    Parameters parameters = new Parameters();
    parameters.set("backup-schedule", cron.split(" ", -1));
    parameters.set("backup-zone", zone);
    parameters.set("backup-window", window);
    return Objects.requireNonNull(BackupSchedule.of(parameters));
  }

  private static List<String> runs(BackupSchedule schedule, String after, int count) {
    List<String> runs = new ArrayList<>();
    long at = Instant.parse(after).toEpochMilli();
    for (int i = 0; i < count; i++) {
      at = schedule.nextAfter(at);
      runs.add(Instant.ofEpochMilli(at).toString());
    }
    return runs;
  }

  @Test
  void aRunInTheHourThatIsSkippedIsMadeAsLongAfterTheSkip() {
    assertThat(runs(schedule("30 2 * * *", "Europe/Berlin", ""), "2026-03-27T12:00:00Z", 3))
        .containsExactly("2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z");
  }

  @Test
  void aRunInTheHourThatComesTwiceIsMadeOnce() {
    assertThat(runs(schedule("30 2 * * *", "Europe/Berlin", ""), "2026-10-24T12:00:00Z", 2))
        .containsExactly("2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
    assertThat(runs(schedule("* * * * *", "Europe/Berlin", ""), "2026-10-25T00:58:30Z", 3))
        .containsExactly("2026-10-25T00:59:00Z", "2026-10-25T02:00:00Z", "2026-10-25T02:01:00Z");
  }

  @Test
  void sixFieldsBeginWithTheSecond() {
    assertThat(runs(schedule("*/20 59 1 * * *", "UTC", ""), "2026-03-27T12:00:00Z", 4))
        .containsExactly(
            "2026-03-28T01:59:00Z",
            "2026-03-28T01:59:20Z",
            "2026-03-28T01:59:40Z",
            "2026-03-29T01:59:00Z");
    assertThat(runs(schedule("0 0 3 ? * MON-FRI", "UTC", ""), "2026-11-20T04:00:00Z", 1))
        .containsExactly("2026-11-23T03:00:00Z");
    assertThat(runs(schedule("* * * * * *", "Europe/Berlin", ""), "2026-03-29T00:59:58Z", 3))
        .containsExactly("2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-03-29T01:00:01Z");
    assertThat(runs(schedule("* * * * * *", "Europe/Berlin", ""), "2026-10-25T00:59:58Z", 3))
        .containsExactly("2026-10-25T00:59:59Z", "2026-10-25T02:00:00Z", "2026-10-25T02:00:01Z");
  }

  @Test
  void aDayThatNeverComesIsNeverDue() {
    assertThat(schedule("0 0 30 2 *", "UTC", "").nextAfter(0)).isEqualTo(BackupSchedule.NEVER);
  }

  @Test
  void aWindowMayGoOverMidnight() {
    BackupSchedule night = schedule("0 * * * *", "UTC", "22:00-02:00");
    assertThat(night.isOpen(Instant.parse("2026-01-01T23:00:00Z").toEpochMilli())).isTrue();
    assertThat(night.isOpen(Instant.parse("2026-01-01T01:59:59Z").toEpochMilli())).isTrue();
    assertThat(night.isOpen(Instant.parse("2026-01-01T02:00:00Z").toEpochMilli())).isFalse();
    assertThat(night.isOpen(Instant.parse("2026-01-01T21:59:59Z").toEpochMilli())).isFalse();
  }

  @Test
  void whatCannotBeUnderstoodIsRefused() {
    assertThatThrownBy(() -> schedule("every day", "UTC", ""))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("five fields");
    assertThatThrownBy(() -> schedule("61 * * * *", "UTC", ""))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("61");
    assertThatThrownBy(() -> schedule("0 * * * *", "Berlin", ""))
        .isInstanceOf(ConfigException.class);
    for (String window : List.of("02:00", "2-3", "02:00-02:00", "02:00-25:00")) {
      assertThatThrownBy(() -> schedule("0 * * * *", "UTC", window))
          .as(window)
          .isInstanceOf(ConfigException.class);
    }
  }
}
