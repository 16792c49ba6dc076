package io.pillion.engine.persistence.backup;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.zone.ZoneOffsetTransition;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * When backups are made: a cron expression of five fields, or of six whose first is the second, on
 * the clocks of a zone, and a window of the day outside which none begins. Where a zone's clock
 * skips the hour of a run, it is made as long after the skip as it was to be after its beginning;
 * an hour that comes twice counts once.
 */
final class BackupSchedule {
  /** Never. */
  static final long NEVER = Long.MAX_VALUE;

  private static final int TRIES = 200;

  private final Times times;
  private final ZoneId zone;
  private final @Nullable LocalTime opens;
  private final @Nullable LocalTime closes;

  private BackupSchedule(
      Times times, ZoneId zone, @Nullable LocalTime opens, @Nullable LocalTime closes) {
    this.times = times;
    this.zone = zone;
    this.opens = opens;
    this.closes = closes;
  }

  private interface Times {
    /** The first after a time, on clocks that never change; null for never. */
    @Nullable ZonedDateTime after(ZonedDateTime time);
  }

  /**
   * As the parameters say; null when there is none.
   *
   * @throws ConfigException when the expression cannot be understood
   */
  static @Nullable BackupSchedule of(Parameters parameters) {
    String expression = parameters.text("backup-schedule");
    if (expression.isEmpty()) {
      return null;
    }
    Times times;
    try {
      times = Cron.parse(expression);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          "backup-schedule must be a cron expression of five fields, or six with seconds: "
              + e.getMessage());
    } catch (NoClassDefFoundError e) {
      throw new ConfigException("backup-schedule needs com.cronutils:cron-utils on the class path");
    }
    String window = parameters.text("backup-window");
    int dash = window.indexOf('-');
    return new BackupSchedule(
        times,
        ZoneId.of(parameters.text("backup-zone")),
        dash < 0 ? null : LocalTime.parse(window.substring(0, dash)),
        dash < 0 ? null : LocalTime.parse(window.substring(dash + 1)));
  }

  /** The first moment after another, in Unix milliseconds; {@link #NEVER} for none. */
  long nextAfter(long millis) {
    Instant now = Instant.ofEpochMilli(millis);
    // Clock faces, as if there were no zone: what a zone makes of each is decided below.
    ZonedDateTime face = now.atZone(zone).toLocalDateTime().atZone(ZoneOffset.UTC);
    for (int i = 0; i < TRIES; i++) {
      face = times.after(face);
      if (face == null) {
        return NEVER;
      }
      Instant moment = face.toLocalDateTime().atZone(zone).toInstant();
      if (moment.isAfter(now)) {
        return moment.toEpochMilli();
      }
      ZoneOffsetTransition change = zone.getRules().getTransition(face.toLocalDateTime());
      if (change != null && change.isOverlap()) {
        // The second time of an hour that has thousands of runs: on to its end at once.
        face = change.getDateTimeBefore().minusNanos(1).atZone(ZoneOffset.UTC);
      }
    }
    return NEVER;
  }

  /**
   * The first moment after another at which one is made, which is within the window; {@link #NEVER}
   * for none.
   */
  long nextMadeAfter(long millis) {
    long next = nextAfter(millis);
    for (int i = 0; i < TRIES && next != NEVER; i++) {
      if (isOpen(next)) {
        return next;
      }
      next = nextAfter(nextOpening(next) - 1);
    }
    return NEVER;
  }

  /** When the window opens next, for a moment at which it is closed. */
  private long nextOpening(long millis) {
    ZonedDateTime now = Instant.ofEpochMilli(millis).atZone(zone);
    ZonedDateTime opening = now.with(Objects.requireNonNull(opens));
    ZonedDateTime next = opening.isAfter(now) ? opening : opening.plusDays(1);
    return next.toInstant().toEpochMilli();
  }

  /** Whether a backup may begin at a moment. */
  boolean isOpen(long millis) {
    if (opens == null || closes == null) {
      return true;
    }
    LocalTime time = Instant.ofEpochMilli(millis).atZone(zone).toLocalTime();
    boolean begun = !time.isBefore(opens);
    boolean over = !time.isBefore(closes);
    return opens.isBefore(closes) ? begun && !over : begun || !over;
  }

  /** The only place that knows the library, which an embedded engine may lack. */
  private static final class Cron {
    private static final int FIELDS_WITH_SECONDS = 6;

    static Times parse(String expression) {
      int fields = expression.strip().split("\\s+", -1).length;
      CronType type = fields == FIELDS_WITH_SECONDS ? CronType.SPRING : CronType.UNIX;
      CronParser parser = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(type));
      ExecutionTime times = ExecutionTime.forCron(parser.parse(expression).validate());
      return time -> times.nextExecution(time).orElse(null);
    }
  }
}
