package io.pillion.engine.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.net.Endpoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.expiry.CreatedExpiryPolicy;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.redisson.Redisson;
import org.redisson.api.RAtomicLong;
import org.redisson.api.RBatch;
import org.redisson.api.RBlockingQueue;
import org.redisson.api.RCountDownLatch;
import org.redisson.api.RLock;
import org.redisson.api.RMap;
import org.redisson.api.RMapCache;
import org.redisson.api.RScoredSortedSet;
import org.redisson.api.RSemaphore;
import org.redisson.api.RStream;
import org.redisson.api.RTopic;
import org.redisson.api.RTransaction;
import org.redisson.api.RedissonClient;
import org.redisson.api.TransactionOptions;
import org.redisson.api.stream.StreamAddArgs;
import org.redisson.api.stream.StreamCreateGroupArgs;
import org.redisson.api.stream.StreamMessageId;
import org.redisson.api.stream.StreamReadGroupArgs;
import org.redisson.client.codec.IntegerCodec;
import org.redisson.client.codec.StringCodec;
import org.redisson.codec.CompositeCodec;
import org.redisson.config.Config;
import org.redisson.jcache.JCachingProvider;
import org.redisson.jcache.configuration.RedissonConfiguration;

/** Redisson, whose every lock, map and cache is a Lua script, works on the engine. */
@Timeout(120)
class RedissonTest {
  private static PillionEngine engine;
  private static RedissonClient redisson;
  private static Config config;

  @BeforeAll
  static void start() {
    engine =
        new EngineBuilder()
            .memoryBytes(32 << 20)
            .listen(new Endpoint.Tcp("127.0.0.1", 0, /* optional= */ false))
            .start();
    config = new Config();
    config
        .useSingleServer()
        .setAddress("redis://127.0.0.1:" + engine.port())
        .setConnectionPoolSize(16)
        .setConnectionMinimumIdleSize(2);
    redisson = Redisson.create(config);
  }

  @AfterAll
  static void stop() {
    redisson.shutdown();
    engine.close();
  }

  @Test
  void aLockIsHeldByOneThreadAndFreedOnUnlock() throws Exception {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    List<Callable<Void>> tasks = new ArrayList<>();
    for (int task = 0; task < 4; task++) {
      tasks.add(
          () -> {
            for (int round = 0; round < 25; round++) {
              RLock lock = redisson.getLock("lock");
              lock.lock();
              try {
                assertThat(inside.incrementAndGet()).isEqualTo(1);
                assertThat(lock.tryLock()).as("it is re-entrant").isTrue();
                assertThat(lock.getHoldCount()).isEqualTo(2);
                lock.unlock();
                done.incrementAndGet();
                inside.decrementAndGet();
              } finally {
                lock.unlock();
              }
            }
            return null;
          });
    }
    runAll(tasks);
    assertThat(done).hasValue(100);
    assertThat(redisson.getLock("lock").isLocked()).isFalse();
  }

  @Test
  void fairAndReadWriteLocksExclude() throws Exception {
    RLock fair = redisson.getFairLock("fair");
    fair.lock();
    try {
      assertThat(asynchronously(() -> redisson.getFairLock("fair").tryLock()).get()).isFalse();
    } finally {
      fair.unlock();
    }
    RLock read = redisson.getReadWriteLock("rw").readLock();
    read.lock();
    try {
      assertThat(asynchronously(() -> redisson.getReadWriteLock("rw").readLock().tryLock()).get())
          .isTrue();
      assertThat(asynchronously(() -> redisson.getReadWriteLock("rw").writeLock().tryLock()).get())
          .isFalse();
    } finally {
      read.unlock();
    }
  }

  @Test
  void mapsKeepEntriesAndTheirTimes() throws Exception {
    RMap<String, Integer> map =
        redisson.getMap("map", new CompositeCodec(StringCodec.INSTANCE, IntegerCodec.INSTANCE));
    map.put("a", 1);
    assertThat(map.putIfAbsent("a", 2)).isEqualTo(1);
    assertThat(map.replace("a", 1, 3)).isTrue();
    assertThat(map.addAndGet("a", 4)).isEqualTo(7);
    assertThat(map.fastPut("b", 1)).isTrue();
    assertThat(map.readAllMap()).isEqualTo(Map.of("a", 7, "b", 1));

    RMapCache<String, String> timed = redisson.getMapCache("timed");
    timed.put("stays", "x", 1, TimeUnit.HOURS);
    timed.put("goes", "y", 30, TimeUnit.MILLISECONDS);
    assertThat(timed.get("stays")).isEqualTo("x");
    awaitTrue(() -> timed.get("goes") == null);
    assertThat(timed.remainTimeToLive("stays")).isPositive();
    RMapCache<String, String> bounded = redisson.getMapCache("bounded");
    assertThat(bounded.trySetMaxSize(2)).isTrue();
    for (int i = 0; i < 5; i++) {
      bounded.put("key" + i, "value");
    }
    assertThat(bounded.size()).isEqualTo(2);
  }

  @Test
  void collectionsCountersAndBatches() throws Exception {
    RScoredSortedSet<String> board = redisson.getScoredSortedSet("board", StringCodec.INSTANCE);
    board.add(10, "ann");
    board.add(30, "bob");
    assertThat(board.addScoreAndGetRevRank("ann", 25)).isZero();
    assertThat(board.valueRangeReversed(0, -1)).containsExactly("ann", "bob");
    RAtomicLong counter = redisson.getAtomicLong("counter");
    assertThat(counter.compareAndSet(0, 5)).isTrue();
    assertThat(counter.incrementAndGet()).isEqualTo(6);
    RBlockingQueue<String> queue = redisson.getBlockingQueue("queue");
    Future<String> taken = asynchronously(() -> queue.poll(20, TimeUnit.SECONDS));
    queue.offer("job");
    assertThat(taken.get()).isEqualTo("job");
    RBatch batch = redisson.createBatch();
    for (int i = 0; i < 100; i++) {
      var unused = batch.getAtomicLong("batched").incrementAndGetAsync();
    }
    assertThat(batch.execute().getResponses()).hasSize(100).last().isEqualTo(100L);
    RTransaction transaction = redisson.createTransaction(TransactionOptions.defaults());
    transaction.<String, String>getMap("moved").put("k", "v");
    assertThat(redisson.getMap("moved").isExists()).isFalse();
    transaction.commit();
    assertThat(redisson.getMap("moved").get("k")).isEqualTo("v");
  }

  @Test
  void semaphoresLatchesAndTopicsWakeWaiters() throws Exception {
    RSemaphore semaphore = redisson.getSemaphore("semaphore");
    assertThat(semaphore.trySetPermits(1)).isTrue();
    semaphore.acquire();
    Future<Boolean> waiter =
        asynchronously(() -> redisson.getSemaphore("semaphore").tryAcquire(Duration.ofSeconds(20)));
    semaphore.release();
    assertThat(waiter.get()).isTrue();

    RCountDownLatch latch = redisson.getCountDownLatch("latch");
    latch.trySetCount(1);
    Future<Boolean> opened =
        asynchronously(() -> redisson.getCountDownLatch("latch").await(20, TimeUnit.SECONDS));
    latch.countDown();
    assertThat(opened.get()).isTrue();

    BlockingQueue<String> received = new LinkedBlockingQueue<>();
    RTopic topic = redisson.getTopic("topic", StringCodec.INSTANCE);
    topic.addListener(String.class, (channel, message) -> received.add("message " + message));
    redisson
        .getPatternTopic("top*", StringCodec.INSTANCE)
        .addListener(
            String.class, (pattern, channel, message) -> received.add("pattern " + pattern));
    assertThat(topic.publish("hello")).isEqualTo(2);
    assertThat(List.of(poll(received), poll(received)))
        .containsExactlyInAnyOrder("message hello", "pattern top*");
  }

  @Test
  void streamsAreReadByGroups() {
    RStream<String, String> stream = redisson.getStream("stream", StringCodec.INSTANCE);
    stream.createGroup(StreamCreateGroupArgs.name("group").makeStream());
    StreamMessageId id = stream.add(StreamAddArgs.entry("field", "value"));
    assertThat(stream.readGroup("group", "consumer", StreamReadGroupArgs.neverDelivered()))
        .isEqualTo(Map.of(id, Map.of("field", "value")));
    assertThat(stream.getPendingInfo("group").getTotal()).isEqualTo(1);
    assertThat(stream.ack("group", id)).isEqualTo(1);
  }

  @Test
  void theJCacheProviderCachesAndExpires() throws Exception {
    try (CacheManager manager =
        new JCachingProvider().getCacheManager(null, null, new java.util.Properties())) {
      MutableConfiguration<String, String> settings =
          new MutableConfiguration<String, String>()
              .setStatisticsEnabled(true)
              .setExpiryPolicyFactory(
                  CreatedExpiryPolicy.factoryOf(
                      new javax.cache.expiry.Duration(TimeUnit.HOURS, 1)));
      Cache<String, String> cache =
          manager.createCache("jcache", RedissonConfiguration.fromConfig(config, settings));
      cache.put("k", "v");
      assertThat(cache.get("k")).isEqualTo("v");
      assertThat(cache.getAndReplace("k", "w")).isEqualTo("v");
      assertThat(cache.putIfAbsent("k", "x")).isFalse();
      assertThat(cache.<String>invoke("k", (entry, arguments) -> entry.getValue() + "!"))
          .isEqualTo("w!");
      cache.putAll(Map.of("a", "1", "b", "2"));
      assertThat(cache.getAll(java.util.Set.of("a", "b", "none"))).hasSize(2);
      cache.clear();
      assertThat(cache.containsKey("a")).isFalse();
    }
  }

  private static String poll(BlockingQueue<String> queue) throws InterruptedException {
    String next = queue.poll(20, TimeUnit.SECONDS);
    return next == null ? "nothing came" : next;
  }

  private static void awaitTrue(Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("waited for 20 s").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  private static void runAll(List<Callable<Void>> tasks) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(tasks.size());
    try {
      for (Future<Void> task : threads.invokeAll(tasks)) {
        task.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** Runs a task on a thread of its own: Redisson's locks belong to threads. */
  private static <T> Future<T> asynchronously(Callable<T> task) {
    ExecutorService thread = Executors.newSingleThreadExecutor();
    Future<T> result = thread.submit(task);
    thread.shutdown();
    return result;
  }
}
