package io.pillion.jcache.spec;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.cache.StoredEntries;
import io.pillion.cache.StoredEntries.Stored;
import io.pillion.client.Awaiting;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.jcache.PillionCachingProvider;
import io.pillion.jcache.spec.ReferenceTable.Row;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.expiry.AccessedExpiryPolicy;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.EternalExpiryPolicy;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.expiry.ModifiedExpiryPolicy;
import javax.cache.expiry.TouchedExpiryPolicy;
import javax.management.Attribute;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every operation × what was there before × expiry policy × listeners × loader × writer, held
 * against {@link ReferenceTable}: what the operation answers, counts, tells, asks, calls, and
 * leaves behind, with how much time to live.
 *
 * <p>Six listeners hear together (synchronous or not, with old values or not, with a filter or
 * not), or none. {@code -Dpillion.matrix.every=1} runs every case on servers where otherwise only a
 * part of them is.
 */
abstract class SpecificationMatrix {
  private static final javax.cache.expiry.Duration ONE = hours(1);
  private static final javax.cache.expiry.Duration TWO = hours(2);
  private static final javax.cache.expiry.Duration THREE = hours(3);
  private static final javax.cache.expiry.Duration ZERO = javax.cache.expiry.Duration.ZERO;

  /** The longest that a value stays, see the setting {@code pillion.ttl-ceiling}. */
  private static final Duration EVER = Duration.ofDays(30);

  private static final Duration BEFORE = Duration.ofMinutes(30);

  /**
   * An expiry policy, and what it comes to: null where the time to live is left as it is.
   *
   * @param counts whether it notes what it is asked
   */
  private record Policy(
      String name,
      ExpiryPolicy policy,
      Duration creation,
      @Nullable Duration update,
      @Nullable Duration access,
      boolean counts) {

    private static Policy standard(
        ExpiryPolicy policy,
        Duration creation,
        @Nullable Duration update,
        @Nullable Duration access) {
      String name = policy.getClass().getSimpleName() + " " + creation;
      return new Policy(name, policy, creation, update, access, false);
    }

    private static Policy own(
        javax.cache.expiry.Duration creation,
        javax.cache.expiry.@Nullable Duration update,
        javax.cache.expiry.@Nullable Duration access) {
      return new Policy(
          "own " + creation + " " + update + " " + access,
          new Recorders.Policy(creation, update, access, /* fails= */ false),
          Duration.ofMillis(creation.getTimeUnit() == null ? 0 : millis(creation)),
          update == null ? null : Duration.ofMillis(millis(update)),
          access == null ? null : Duration.ofMillis(millis(access)),
          true);
    }

    private static long millis(javax.cache.expiry.Duration duration) {
      return duration.getTimeUnit().toMillis(duration.getDurationAmount());
    }

    /** What a key's life becomes; null for unchanged. */
    @Nullable Duration after(String call) {
      return switch (call) {
        case "creation" -> creation;
        case "update" -> update;
        case "access" -> access;
        default -> null;
      };
    }
  }

  /** One cache. */
  private record Setup(Policy policy, boolean listeners, String loader, String writer) {
    @Override
    public String toString() {
      return String.format(
          "%s, %s, loader %s, writer %s:",
          policy.name(), listeners ? "listeners" : "no listeners", loader, writer);
    }

    /** Whether the loader is asked by this operation. */
    boolean loads(Row row) {
      return row.operation().startsWith("loadAll")
          ? !loader.equals("none")
          : loader.startsWith("read-through");
    }
  }

  private static final List<String> LOADERS =
      List.of("none", "only for loadAll", "read-through", "read-through that fails");
  private static final List<String> WRITERS = List.of("none", "write-through", "one that fails");

  private final ReferenceTable table = new ReferenceTable();
  private final List<String> deviations = new ArrayList<>();
  private long cases;
  private long ran;

  /** The URL of the server. */
  abstract String url();

  /** Properties of the cache manager. */
  Properties properties() {
    return new Properties();
  }

  /** Whether entries whose policy is this can be tried with the manager's properties. */
  boolean suits(ExpiryPolicy policy) {
    return true;
  }

  /** Whether what is there is read before each operation, so that there are copies of it. */
  boolean readsBefore() {
    return false;
  }

  /** Of how many cases one is run. */
  int every() {
    return 1;
  }

  private static javax.cache.expiry.Duration hours(int hours) {
    return new javax.cache.expiry.Duration(TimeUnit.HOURS, hours);
  }

  private static List<Policy> policies() {
    Duration one = Duration.ofHours(1);
    return List.of(
        // Nothing else is ever stored in an eternal cache, so that what is "left as it is" is ever.
        Policy.standard(new EternalExpiryPolicy(), EVER, EVER, null),
        Policy.standard(new CreatedExpiryPolicy(ONE), one, null, null),
        Policy.standard(new CreatedExpiryPolicy(ZERO), Duration.ZERO, null, null),
        Policy.standard(new ModifiedExpiryPolicy(ONE), one, one, null),
        Policy.standard(new ModifiedExpiryPolicy(ZERO), Duration.ZERO, Duration.ZERO, null),
        Policy.standard(new AccessedExpiryPolicy(ONE), one, null, one),
        Policy.standard(new AccessedExpiryPolicy(ZERO), Duration.ZERO, null, Duration.ZERO),
        Policy.standard(new TouchedExpiryPolicy(ONE), one, one, one),
        Policy.own(ONE, TWO, THREE),
        Policy.own(ONE, null, null),
        Policy.own(ZERO, TWO, THREE),
        Policy.own(ONE, ZERO, THREE),
        Policy.own(ONE, TWO, ZERO),
        new Policy(
            "own that fails",
            new Recorders.Policy(ONE, TWO, THREE, /* fails= */ true),
            EVER,
            null,
            null,
            true));
  }

  @Test
  @Timeout(300)
  void everyCaseIsAsTheSpecificationSays() throws Exception {
    long start = System.nanoTime();
    try (PillionCachingProvider provider = new PillionCachingProvider();
        Commands commands = PillionClient.connect(url())) {
      CacheManager manager = provider.getCacheManager(URI.create(url()), null, properties());
      for (Policy policy : policies()) {
        if (!suits(policy.policy())) {
          continue;
        }
        for (boolean listeners : new boolean[] {false, true}) {
          for (String loader : LOADERS) {
            for (String writer : WRITERS) {
              run(manager, commands, new Setup(policy, listeners, loader, writer));
            }
          }
        }
      }
    }
    System.out.printf(
        "%s: %d of %d cases in %d ms%n",
        getClass().getSimpleName(), ran, cases, (System.nanoTime() - start) / 1_000_000);
    assertThat(deviations).isEmpty();
    assertThat(cases).isGreaterThan(5_000);
  }

  private void run(CacheManager manager, Commands commands, Setup setup) throws JMException {
    try (Subject subject = new Subject(manager, commands, setup)) {
      for (String operation : table.operations()) {
        for (String before : List.of("absent", "old", "loadable", "both")) {
          boolean known = before.equals("loadable") || before.equals("both");
          Row row = table.row(operation, before);
          if (row == null || (known && setup.loader().equals("none"))) {
            continue;
          }
          if (known && !setup.loads(row)) {
            row = table.row(operation, before.equals("both") ? "old" : "absent");
          }
          if (row != null && ++cases % every() == 0) {
            ran++;
            subject.run(row, before);
          }
        }
      }
      subject.hearTheRest();
    }
  }

  /** The cache under test, and all that watches it. */
  private final class Subject implements AutoCloseable {
    private final Setup setup;
    private final String name = "matrix-" + UUID.randomUUID();
    private final Commands commands;
    private final Cache<Integer, String> cache;
    private final StoredEntries<Integer, String> stored;
    private final Recorders.Loader loader;
    private final Recorders.Writer writer;
    private final Map<String, Recorders.Listener> listeners = new TreeMap<>();
    private final List<Runnable> rest = new ArrayList<>();
    private final MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
    private final ObjectName statistics;
    private Map<String, Long> countedBefore = Map.of();
    private int nextKey = 1;

    Subject(CacheManager manager, Commands commands, Setup setup) throws JMException {
      this.setup = setup;
      this.commands = commands;
      loader = new Recorders.Loader(setup.loader().endsWith("fails"));
      writer = new Recorders.Writer(setup.writer().endsWith("fails"));
      MutableConfiguration<Integer, String> configuration =
          new MutableConfiguration<Integer, String>()
              .setTypes(Integer.class, String.class)
              .setStatisticsEnabled(true)
              .setExpiryPolicyFactory(() -> setup.policy().policy());
      if (!setup.loader().equals("none")) {
        configuration.setCacheLoaderFactory(() -> loader);
        configuration.setReadThrough(setup.loader().startsWith("read-through"));
      }
      if (!setup.writer().equals("none")) {
        configuration.setCacheWriterFactory(() -> writer).setWriteThrough(true);
      }
      cache = manager.createCache(name, configuration);
      if (setup.listeners()) {
        for (String when : List.of("sync", "async")) {
          listen(when, /* old= */ false, /* filter= */ false);
          listen(when, /* old= */ true, /* filter= */ false);
          listen(when, /* old= */ true, /* filter= */ true);
        }
      }
      stored = new StoredEntries<>(commands, name);
      statistics =
          beans
              .queryNames(
                  new ObjectName("javax.cache:type=CacheStatistics,Cache=" + name + ",*"), null)
              .iterator()
              .next();
    }

    private void listen(String when, boolean old, boolean filter) {
      Recorders.Listener listener = new Recorders.Listener(old);
      listeners.put(when + (old ? ", old" : "") + (filter ? ", filter" : ""), listener);
      cache.registerCacheEntryListener(
          new MutableCacheEntryListenerConfiguration<>(
              () -> listener,
              filter ? () -> event -> event.getKey() % 2 == 0 : null,
              old,
              when.equals("sync")));
    }

    @Override
    public void close() {
      cache.close();
      commands.primaries().forEach(node -> node.call(Command.of("FLUSHALL")));
    }

    void run(Row row, String before) throws JMException {
      Set<Integer> keys = new TreeSet<>(Set.of(nextKey));
      if (row.isBulk()) {
        keys.add(nextKey + 1);
      }
      nextKey += 3;
      if (row.isWhole()) {
        stored.clear();
      }
      boolean there = before.equals("old") || before.equals("both");
      if (there) {
        Duration life = setup.policy().policy() instanceof EternalExpiryPolicy ? EVER : BEFORE;
        keys.forEach(key -> stored.put(key, "old", life));
      }
      if (!before.equals("absent") && !before.equals("old")) {
        loader.know(keys);
      }
      if (there && readsBefore()) {
        keys.forEach(cache::get);
      }
      forgetCalls();
      countedBefore = counted();
      TreeMap<Integer, String> answers = new TreeMap<>();
      String thrown = null;
      try {
        Operations.run(row.operation(), cache, keys)
            .forEach((key, answer) -> answers.put(key, String.valueOf(answer)));
      } catch (RuntimeException e) {
        thrown = e.getClass().getSimpleName();
      }
      String label = setup + " " + row.operation() + " of " + before + ": ";
      Expected expected = new Expected(setup, row, keys, there);
      same(label + "answer", expected.answers(), thrown == null ? answers.toString() : thrown);
      same(label + "counts", expected.counts(), countedSince());
      if (setup.policy().policy() instanceof Recorders.Policy policy) {
        same(label + "policy", expected.policyCalls(), policy.takeCalls().toString());
      }
      same(label + "loader", expected.loaderCalls(), loader.takeCalls().toString());
      same(label + "writer", expected.writerCalls(), writer.takeCalls().toString());
      for (Integer key : keys) {
        same(label + "after", expected.after(), after(key));
        listeners.forEach(
            (kind, listener) -> {
              String what = label + kind + " listener";
              String events =
                  kind.endsWith("filter") && key % 2 != 0
                      ? "[]"
                      : expected.events(kind.contains("old")).toString();
              if (kind.startsWith("async")) {
                rest.add(() -> same(what, events, listener.heardOf(key).toString()));
              } else {
                same(what, events, listener.heardOf(key).toString());
              }
            });
      }
    }

    private void forgetCalls() {
      loader.takeCalls();
      writer.takeCalls();
      if (setup.policy().policy() instanceof Recorders.Policy policy) {
        policy.takeCalls();
      }
    }

    /** The value of a key and whether its time to live is about what it should be. */
    private String after(Integer key) {
      Stored<String> there = stored.get(key);
      if (there == null) {
        return "nothing";
      }
      long minutes = there.left().plusSeconds(59).toMinutes();
      return there.value() + " for " + minutes + " min";
    }

    private Map<String, Long> counted() throws JMException {
      Map<String, Long> values = new TreeMap<>();
      String[] names = {"CacheHits", "CacheMisses", "CachePuts", "CacheRemovals"};
      for (Object one : beans.getAttributes(statistics, names)) {
        Attribute attribute = (Attribute) one;
        values.put(
            attribute
                .getName()
                .replace("Cache", "")
                .replaceAll("(ss)?es$|s$", "$1")
                .toLowerCase(Locale.ROOT),
            (Long) attribute.getValue());
      }
      return values;
    }

    private String countedSince() throws JMException {
      Map<String, Long> grown = new TreeMap<>();
      counted()
          .forEach((what, value) -> grown.put(what, value - countedBefore.getOrDefault(what, 0L)));
      grown.values().removeIf(value -> value == 0);
      return grown.toString();
    }

    /** Compares what asynchronous listeners were told, once they have heard all of it. */
    void hearTheRest() {
      if (listeners.isEmpty()) {
        return;
      }
      // A removal is told whatever the policy; it comes after all else.
      Integer last = 0;
      stored.put(last, "last", BEFORE);
      try {
        cache.remove(last);
      } catch (RuntimeException writerFails) {
        // Nothing is told then of any change, so there is nothing to wait for but loads.
        stored.put(last, "last", BEFORE);
        cache.close();
        rest.forEach(Runnable::run);
        return;
      }
      listeners.forEach(
          (kind, listener) -> Awaiting.until(() -> !listener.heardOf(last).isEmpty()));
      rest.forEach(Runnable::run);
    }
  }

  private void same(String what, String expected, String actual) {
    if (!expected.equals(actual) && deviations.size() < 40) {
      deviations.add(what + " should be " + expected + " and is " + actual);
    }
  }

  /** What the table says for one set-up. */
  private record Expected(Setup setup, Row row, Set<Integer> keys, boolean there) {
    private boolean loads() {
      return !row.loader().isEmpty() && setup.loads(row);
    }

    private boolean loaderFails() {
      return loads() && setup.loader().endsWith("fails");
    }

    private boolean writes() {
      return !row.writer().isEmpty() && !setup.writer().equals("none") && !loaderFails();
    }

    private boolean writerFails() {
      return writes() && setup.writer().endsWith("fails");
    }

    private boolean fails() {
      return loaderFails() || writerFails();
    }

    /** The life that the entry is given; null for none, or the one it has. */
    private @Nullable Duration life() {
      return setup.policy().after(row.policy());
    }

    private boolean isStillborn() {
      return row.policy().equals("creation") && Duration.ZERO.equals(life());
    }

    private boolean isEndedByAccess() {
      return row.policy().equals("access") && Duration.ZERO.equals(life());
    }

    String answers() {
      if (fails() && row.operation().startsWith("invokeAll")) {
        return "EntryProcessorException";
      }
      if (fails()) {
        return loaderFails() ? "CacheLoaderException" : "CacheWriterException";
      }
      if (row.answer().isEmpty()) {
        return "{}";
      }
      if (row.answer().endsWith("Exception")) {
        return row.answer();
      }
      String answer =
          row.operation().equals("putIfAbsent") && isStillborn() ? "false" : row.answer();
      TreeMap<Integer, String> answers = new TreeMap<>();
      keys.forEach(key -> answers.put(key, answer));
      return answers.toString();
    }

    String counts() {
      Map<String, Integer> grown = new TreeMap<>();
      for (String counter : row.counts()) {
        boolean looks = counter.equals("hit") || counter.equals("miss");
        boolean counted = !fails() || (looks && countsBeforeItFails());
        counted &= !(counter.equals("put") && isStillborn());
        // The walk has ended it: there is nothing left to remove.
        counted &= !(counter.equals("removal") && isEndedByAccess());
        if (counted) {
          grown.put(counter, keys.size());
        }
      }
      return grown.toString();
    }

    private boolean countsBeforeItFails() {
      return loaderFails()
          || row.operation().startsWith("invoke")
          || row.operation().startsWith("iterator");
    }

    String policyCalls() {
      boolean asked =
          !row.policy().isEmpty() && (!fails() || row.operation().startsWith("iterator"));
      return asked ? Stream.generate(row::policy).limit(keys.size()).toList().toString() : "[]";
    }

    String loaderCalls() {
      return loads() ? calls(row.loader(), "") : "[]";
    }

    String writerCalls() {
      String value = row.writer().startsWith("write") ? "=new" : "";
      return writes() ? calls(row.writer(), value) : "[]";
    }

    private String calls(String method, String value) {
      if (method.endsWith("All")) {
        return List.of(method + keys.stream().map(key -> key + value).toList()).toString();
      }
      return keys.stream().map(key -> method + List.of(key + value)).toList().toString();
    }

    List<String> events(boolean old) {
      if (fails() || row.event().isEmpty() || isStillborn()) {
        return List.of();
      }
      String of = old ? " old " : "";
      return switch (row.event()) {
        case "CREATED" -> List.of("CREATED " + row.after() + (old ? " old unknown" : ""));
        case "REMOVED" ->
            isEndedByAccess() ? List.of() : List.of("REMOVED old" + of + (old ? "old" : ""));
        default -> {
          String updated = "UPDATED " + row.after() + of + (old ? "old" : "");
          yield Duration.ZERO.equals(life())
              ? List.of(updated, "EXPIRED " + row.after() + of + (old ? row.after() : ""))
              : List.of(updated);
        }
      };
    }

    String after() {
      if (fails()) {
        boolean walked = row.operation().startsWith("iterator");
        return !there || (walked && isEndedByAccess()) ? "nothing" : left("old", walked);
      }
      return row.after().isEmpty() || Duration.ZERO.equals(life())
          ? "nothing"
          : left(row.after(), /* asked= */ true);
    }

    private String left(String value, boolean asked) {
      Duration unchanged = setup.policy().policy() instanceof EternalExpiryPolicy ? EVER : BEFORE;
      Duration given = asked ? life() : null;
      return value + " for " + (given == null ? unchanged : given).toMinutes() + " min";
    }
  }
}
