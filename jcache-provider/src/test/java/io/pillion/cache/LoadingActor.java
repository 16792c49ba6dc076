package io.pillion.cache;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * One process of {@link LoadingJvmsTest}: many threads that want one key at once. Also the main
 * class of a JVM of its own.
 */
final class LoadingActor {
  private final Commands commands;
  private final EngineCache<String, String> cache;
  private final String name;

  LoadingActor(Commands commands, String name, Duration lease) {
    this.commands = commands;
    this.name = name;
    this.cache =
        new EngineCache<>(
            commands,
            CacheSettings.<String, String>named(name)
                .loading(LoadingSettings.none().withLease(lease))
                .build());
  }

  /**
   * What so many callers get, half of them without a thread that waits. A load counts itself on the
   * server, and takes until there is something in the list that lets it go on.
   */
  List<String> want(int callers) throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    CountDownLatch together = new CountDownLatch(callers);
    List<Future<String>> answers = new ArrayList<>();
    for (int i = 0; i < callers; i++) {
      boolean async = i % 2 == 0;
      answers.add(
          threads.submit(
              () -> {
                together.countDown();
                together.await();
                return async
                    ? cache
                        .computeIfAbsentAsync(
                            "k", () -> CompletableFuture.supplyAsync(this::load, threads))
                        .toCompletableFuture()
                        .get()
                    : cache.computeIfAbsent("k", key -> load());
              }));
    }
    List<String> got = new ArrayList<>();
    for (Future<String> answer : answers) {
      got.add(answer.get());
    }
    threads.shutdown();
    return got;
  }

  private String load() {
    Object number = commands.call(Command.of("INCR", name + "-loads"));
    Command wait = Command.of("BLMOVE", name + "-go", name + "-go", "LEFT", "LEFT").arg(30);
    commands.sendBlocking(wait).toCompletableFuture().join();
    return "load " + number;
  }

  /** A JVM of its own: url, cache, lease in ms, callers; says what they got. */
  public static void main(String[] args) throws Exception {
    try (Commands commands = PillionClient.connect(args[0])) {
      LoadingActor actor =
          new LoadingActor(commands, args[1], Duration.ofMillis(Long.parseLong(args[2])));
      commands.call(Command.of("INCR", args[1] + "-ready"));
      actor.want(Integer.parseInt(args[3])).forEach(System.out::println);
    }
    System.exit(0);
  }
}
