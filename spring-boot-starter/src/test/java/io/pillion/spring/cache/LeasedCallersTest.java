package io.pillion.spring.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.spring.PillionAutoConfiguration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Mono;

/**
 * Methods that block, that return futures, and that return a Mono, in two applications on one
 * server: with a lease, one of them all loads.
 */
@Timeout(60)
class LeasedCallersTest {
  private static final int CALLERS = 12;

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  PillionAutoConfiguration.class, PillionCacheAutoConfiguration.class))
          .withUserConfiguration(Application.class)
          .withPropertyValues(
              "pillion.url=embedded:leased-callers", "pillion.cache.loading.lease=30s");

  @Test
  void oneOfAllCallersLoads() {
    runner.run(
        one ->
            runner.run(
                other -> {
                  Loads loads = new Loads();
                  Reports[] applications = {
                    one.getBean(Reports.class), other.getBean(Reports.class)
                  };
                  for (Reports reports : applications) {
                    reports.use(loads);
                  }
                  ExecutorService pool = Executors.newFixedThreadPool(CALLERS);
                  try {
                    List<CompletableFuture<String>> answers = new ArrayList<>();
                    for (int i = 0; i < CALLERS; i++) {
                      answers.add(ask(applications[i % 2], i / 2 % 3, pool));
                    }
                    loads.begun.await(30, TimeUnit.SECONDS);
                    loads.ready.countDown();
                    for (CompletableFuture<String> answer : answers) {
                      assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo("report 1");
                    }
                  } finally {
                    pool.shutdownNow();
                  }
                  assertThat(loads.count).hasValue(1);
                }));
  }

  /** By a blocking call, a future or a Mono. */
  private static CompletableFuture<String> ask(Reports reports, int how, ExecutorService pool) {
    return switch (how) {
      case 0 -> CompletableFuture.supplyAsync(() -> reports.blocking(1), pool);
      case 1 -> CompletableFuture.supplyAsync(() -> reports.future(1).join(), pool);
      default ->
          CompletableFuture.supplyAsync(
              () -> Objects.requireNonNull(reports.mono(1).block()), pool);
    };
  }

  /** Loads that end when they are told to. */
  static final class Loads {
    final AtomicInteger count = new AtomicInteger();
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch ready = new CountDownLatch(1);

    String load() {
      int number = count.incrementAndGet();
      begun.countDown();
      try {
        ready.await(30, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return "report " + number;
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableCaching
  static class Application {
    @Bean
    Reports reports() {
      return new Reports();
    }
  }

  static class Reports {
    private volatile Loads loads = new Loads();

    public void use(Loads others) {
      loads = others;
    }

    @Cacheable(cacheNames = "reports", sync = true)
    public String blocking(int id) {
      return loads.load();
    }

    @Cacheable(cacheNames = "reports", sync = true)
    public CompletableFuture<String> future(int id) {
      Loads now = loads;
      return CompletableFuture.supplyAsync(now::load);
    }

    @Cacheable(cacheNames = "reports", sync = true)
    public Mono<String> mono(int id) {
      Loads now = loads;
      return Mono.fromFuture(() -> CompletableFuture.supplyAsync(now::load));
    }
  }
}
