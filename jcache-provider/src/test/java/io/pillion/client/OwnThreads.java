package io.pillion.client;

import java.util.concurrent.Executor;

/** For tasks of a test that wait for one another, which the common pool may run one by one. */
public final class OwnThreads {
  public static final Executor PER_TASK =
      task -> {
        Thread thread = new Thread(task, "test-task");
        thread.setDaemon(true);
        thread.start();
      };

  private OwnThreads() {}
}
