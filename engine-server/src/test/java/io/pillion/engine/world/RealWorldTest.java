package io.pillion.engine.world;

import static io.pillion.engine.testkit.TestServer.await;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The threads of a process. */
class RealWorldTest {
  private final World world = RealWorld.get();

  private CompletableFuture<Thread> run() {
    CompletableFuture<Thread> ran = new CompletableFuture<>();
    world.background("task", () -> ran.complete(Thread.currentThread()));
    return ran;
  }

  /** To begin a thread is to wait for the system to run it, also under a lock. */
  @Test
  void aTaskTakesTheThreadOfOneThatHasEnded() {
    Thread first = run().join();
    // It says that it has run before its thread is free.
    await("the same thread", () -> run().join() == first);
    assertThat(first.isDaemon()).isTrue();
  }

  @Test
  void noTaskWaitsForAnother() throws Exception {
    int tasks = 20;
    CountDownLatch all = new CountDownLatch(tasks);
    for (int i = 0; i < tasks; i++) {
      world.background(
          "task",
          () -> {
            all.countDown();
            try {
              all.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
    }
    assertThat(all.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aThreadIsCalledAsWhatItDoes() throws Exception {
    CompletableFuture<String> name = new CompletableFuture<>();
    world.background("bgsave", () -> name.complete(Thread.currentThread().getName()));
    assertThat(name.get(10, TimeUnit.SECONDS)).startsWith("pillion-bgsave-");
  }
}
