package io.pillion.engine.persistence.backup;

import java.util.ArrayList;
import java.util.List;

/**
 * Which backups of the schedule are too many or too old. The newest one stays, and the newest one
 * that is not empty: an engine that has lost its data shall not remove the last that are.
 *
 * <p>Clocks are wrong at times, by years. So an age is not what the clock of now says: it is the
 * sum of the steps from each backup to the next, in the order in which they were made. A step back
 * counts nothing, and a step ahead at most twice what is between two runs of the schedule. In a
 * series without gaps that is the true age, also when a run fails; a clock that jumps, or an engine
 * that was not running, makes no backup older than two runs would have.
 */
final class Retention {
  private static final long DAY_MILLIS = 86_400_000;
  private static final int MOST_RUNS = 2;

  private final int most;
  private final long days;
  private final BackupSchedule plan;

  /**
   * @param most how many stay; 0 for any number
   * @param days how old they may be; 0 for any age
   * @param plan the schedule that makes them
   */
  Retention(int most, long days, BackupSchedule plan) {
    this.most = most;
    this.days = days;
    this.plan = plan;
  }

  /**
   * Those that have to go.
   *
   * @param byPlan all that the schedule has made, oldest first
   * @param now in Unix milliseconds, by the clock that the next run is compared with
   */
  List<BackupManifest> leaving(List<BackupManifest> byPlan, long now) {
    List<BackupManifest> leaving = new ArrayList<>();
    int last = byPlan.size() - 1;
    int lastWithData = last;
    while (lastWithData >= 0 && byPlan.get(lastWithData).keys() == 0) {
      lastWithData--;
    }
    long age = 0;
    long next = now;
    for (int i = last; i >= 0; i--) {
      BackupManifest each = byPlan.get(i);
      if (days > 0) {
        age += step(each.createdMillis(), next);
        next = each.createdMillis();
      }
      boolean tooMany = most > 0 && byPlan.size() - i > most;
      boolean tooOld = days > 0 && age > days * DAY_MILLIS;
      if (i != last && i != lastWithData && (tooMany || tooOld)) {
        leaving.add(0, each);
      }
    }
    return leaving;
  }

  private long step(long from, long to) {
    if (to <= from) {
      return 0;
    }
    long run = from;
    for (int i = 0; i < MOST_RUNS && run < to; i++) {
      run = plan.nextMadeAfter(run);
    }
    return Math.min(run, to) - from;
  }
}
