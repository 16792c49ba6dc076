package io.pillion.engine.persistence.backup;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Something that is done with backups, and what became of it. Under the engine lock. */
public final class BackupTask {
  private final String what;
  private final boolean replacesData;
  private boolean ended;
  private @Nullable String answer;
  private @Nullable IOException failure;
  private Runnable whenEnded = () -> {};

  BackupTask(String what, boolean replacesData) {
    this.what = what;
    this.replacesData = replacesData;
  }

  /** What is done, for people. */
  public String what() {
    return what;
  }

  /** Whether all data are others when it went well. */
  boolean replacesData() {
    return replacesData;
  }

  /** Whether it is over. */
  public boolean isEnded() {
    return ended;
  }

  /** What has come of it; null when it is not over, or has failed. */
  public @Nullable String answer() {
    return answer;
  }

  /** Why it has failed, or null. */
  public @Nullable IOException failure() {
    return failure;
  }

  /** Has somebody told when it is over. */
  public void whenEnded(Runnable listener) {
    whenEnded = listener;
  }

  void end(@Nullable String newAnswer, @Nullable IOException newFailure) {
    ended = true;
    answer = newAnswer;
    failure = newFailure;
    whenEnded.run();
  }
}
