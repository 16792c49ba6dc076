package io.pillion.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.Timeout;
import io.netty.util.Timer;
import io.netty.util.TimerTask;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** When commands fail, by a timer whose alarms the test rings. */
class DeadlinesTest {
  private static final Duration TIME = Duration.ofSeconds(100);

  private final Alarms alarms = new Alarms();
  private final Deadlines deadlines = new Deadlines(() -> alarms, TIME);
  private final Wire wire =
      new Wire(
          "nowhere",
          CompletableFuture::new,
          () -> alarms,
          TIME,
          TIME,
          new Pushes(),
          error -> {},
          () -> {},
          () -> null);

  @Test
  void oneAlarmStandsForAllThatWait() throws Exception {
    WireCommand due = begunBefore(TIME);
    WireCommand answered = begunBefore(TIME.minusSeconds(1));
    WireCommand young = begunBefore(TIME.minusSeconds(40));
    assertThat(alarms.set).hasSize(1);
    assertThat(alarms.seconds).isEqualTo(100);
    answered.complete("reply");
    answered.complete();
    alarms.ring();
    assertThat(due).isCompletedExceptionally();
    assertThat(due.failure()).isInstanceOf(ConnectionException.class);
    assertThat(young).isNotDone();
    assertThat(alarms.set).hasSize(1);
    assertThat(alarms.seconds).isBetween(39L, 40L);
  }

  @Test
  void nothingRingsWhileNothingWaits() throws Exception {
    WireCommand first = begunBefore(Duration.ZERO);
    first.complete();
    alarms.ring();
    assertThat(alarms.set).isEmpty();
    WireCommand next = begunBefore(TIME);
    assertThat(alarms.set).hasSize(1);
    alarms.ring();
    assertThat(next).isCompletedExceptionally();
    assertThat(alarms.set).isEmpty();
  }

  private WireCommand begunBefore(Duration ago) {
    WireCommand command = new WireCommand(Command.of("PING"), /* timed= */ true, null);
    long then = System.nanoTime() - ago.toNanos();
    command.startedOn(wire, then);
    command.deadline(deadlines.begin(command, then));
    return command;
  }

  /** The alarms that are set. */
  private static final class Alarms implements Timer {
    final List<TimerTask> set = new ArrayList<>();
    long seconds;

    @Override
    public @Nullable Timeout newTimeout(TimerTask task, long delay, TimeUnit unit) {
      set.add(task);
      seconds = unit.toSeconds(delay);
      return null;
    }

    @Override
    public Set<Timeout> stop() {
      return Set.of();
    }

    @SuppressWarnings("NullAway") // the task has no use for it
    void ring() throws Exception {
      set.remove(0).run(null);
    }
  }
}
