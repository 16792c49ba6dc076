package io.pillion.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.pillion.cache.EngineCache;
import io.pillion.cache.GenericType;
import io.pillion.cache.ValueCodec;
import io.pillion.cache.jdbc.JdbcMapping;
import io.pillion.client.Awaiting;
import java.io.Closeable;
import java.io.Serializable;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.FactoryBuilder;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryListener;
import javax.cache.event.CacheEntryListenerException;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.event.CacheEntryUpdatedListener;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheLoaderException;
import javax.cache.integration.CacheWriter;
import javax.cache.integration.CacheWriterException;
import javax.cache.integration.CompletionListenerFuture;
import javax.cache.management.CacheStatisticsMXBean;
import javax.management.JMX;
import javax.management.ObjectName;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the provider promises beyond the TCK, whatever server keeps its caches. */
public abstract class PillionCacheContract {
  private final PillionCachingProvider provider = new PillionCachingProvider();
  private final PillionCachingProvider anotherProcess = new PillionCachingProvider();
  private final String name = "cache-" + UUID.randomUUID();

  /** The URL of the server; two requests for it in one process reach the same entries. */
  protected abstract String url();

  record Product(long id, String name, BigDecimal unitPrice) implements Serializable {}

  @AfterEach
  void close() {
    provider.close();
    anotherProcess.close();
  }

  private CacheManager manager() {
    return provider.getCacheManager(URI.create(url()), null);
  }

  private static <K, V> MutableConfiguration<K, V> types(Class<K> key, Class<V> value) {
    return new MutableConfiguration<K, V>().setTypes(key, value);
  }

  @Test
  void processesOfOneServerShareACache() {
    Cache<String, Product> ours = manager().createCache(name, types(String.class, Product.class));
    Cache<String, Product> theirs =
        anotherProcess
            .getCacheManager(URI.create(url()), null)
            .createCache(name, types(String.class, Product.class));
    Product product = new Product(1, "a", BigDecimal.TEN);
    ours.put("a", product);
    assertThat(theirs.get("a")).as("allowed as the declared type").isEqualTo(product);
    theirs.clear();
    assertThat(ours.get("a")).isNull();
  }

  @Test
  void prefixesKeepApplicationsApart() {
    Properties others = new Properties();
    others.setProperty("pillion.prefix", "other");
    Cache<String, String> ours = manager().createCache(name, types(String.class, String.class));
    Cache<String, String> theirs =
        anotherProcess
            .getCacheManager(URI.create(url()), null, others)
            .createCache(name, types(String.class, String.class));
    ours.put("a", "ours");
    assertThat(theirs.containsKey("a")).isFalse();
    theirs.put("a", "theirs");
    theirs.clear();
    assertThat(ours.get("a")).isEqualTo("ours");
  }

  @Test
  void settingsThatCannotBeAreRefusedByName() {
    for (Map.Entry<String, String> wrong :
        Map.of(
                "pillion.prefix", "a b",
                "pillion.ttl-ceiling", "soon",
                "pillion.compress-from", "many",
                "pillion.codec", "kryo",
                "pillion.serialization.allow", "com.*.Foo")
            .entrySet()) {
      Properties properties = new Properties();
      properties.setProperty(wrong.getKey(), wrong.getValue());
      assertThatThrownBy(() -> provider.getCacheManager(URI.create(url()), null, properties))
          .isInstanceOf(CacheException.class)
          .hasMessageStartingWith(wrong.getKey() + "=" + wrong.getValue() + " cannot be used: ");
    }
  }

  @Test
  void jsonIsACodecForCachesWithAValueType() {
    Properties properties = new Properties();
    properties.setProperty("pillion.codec", "json");
    CacheManager manager = provider.getCacheManager(URI.create(url()), null, properties);
    Cache<String, Product> typed = manager.createCache(name, types(String.class, Product.class));
    typed.put("a", new Product(1, "é", new BigDecimal("1.50")));
    assertThat(typed.get("a")).isEqualTo(new Product(1, "é", new BigDecimal("1.50")));
    Cache<Object, Object> untyped =
        manager.createCache(name + "-untyped", new MutableConfiguration<>());
    untyped.put("a", List.of(1));
    assertThat(untyped.get("a")).isEqualTo(List.of(1));
  }

  private static CacheManager manager(PillionCachingProvider provider, String url, String codec) {
    Properties properties = new Properties();
    properties.setProperty("pillion.codec", codec);
    return provider.getCacheManager(URI.create(url), null, properties);
  }

  @Test
  @SuppressWarnings("unchecked") // the standard asks with a raw class
  void valuesWithTypeArgumentsComeBackAsWhatTheyWere() {
    Product lamp = new Product(1, "lamp", new BigDecimal("1.50"));
    for (String codec : List.of("json", "jdk")) {
      PillionConfiguration<String, Map<String, List<Product>>> configuration =
          new PillionConfiguration<String, Map<String, List<Product>>>()
              .setTypes(String.class, new GenericType<>() {});
      Cache<String, Map<String, List<Product>>> cache =
          manager(provider, url(), codec).createCache(name + codec, configuration);
      cache.put("a", Map.of("lamps", List.of(lamp)));
      // Also where nobody has stored such an object yet.
      Cache<String, Map<String, List<Product>>> elsewhere =
          manager(anotherProcess, url(), codec).createCache(name + codec, configuration);
      List<Product> lamps = Objects.requireNonNull(elsewhere.get("a").get("lamps"));
      assertThat(lamps.get(0).unitPrice()).isEqualTo("1.50");
      assertThat(elsewhere.getConfiguration(PillionConfiguration.class).getGenericValueType())
          .isEqualTo(configuration.getGenericValueType());
      assertThat(elsewhere.getCacheManager().getCache(name + codec, String.class, Map.class))
          .isSameAs(elsewhere);
      provider.close();
      anotherProcess.close();
    }
  }

  @Test
  @SuppressWarnings("rawtypes") // what is refused
  void jsonNeedsToKnowWhatIsInAValue() {
    CacheManager manager = manager(provider, url(), "json");
    assertThatThrownBy(() -> manager.createCache(name, types(String.class, List.class)))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("java.util.List does not say what is in it")
        .hasMessageContaining("new GenericType<List<…>>() {} to PillionConfiguration.setTypes");
    assertThatThrownBy(
            () ->
                manager.createCache(
                    name,
                    new PillionConfiguration<String, List<Map>>()
                        .setTypes(String.class, new GenericType<>() {})))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("new GenericType<Map<…, …>>() {}");
    Cache<String, List<Object>> anything =
        manager.createCache(
            name,
            new PillionConfiguration<String, List<Object>>()
                .setTypes(String.class, new GenericType<>() {}));
    anything.put("a", List.of("text", 1, true, List.of(2), Map.of("b", 3)));
    assertThat(anything.get("a")).containsExactly("text", 1, true, List.of(2), Map.of("b", 3));
    for (Object other :
        List.of(new Product(1, "lamp", BigDecimal.ONE), 5L, List.of(new BigDecimal("1.50")))) {
      assertThatThrownBy(() -> anything.put("b", List.of(other)))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("would be read back from JSON as ");
    }
    assertThat(anything.containsKey("b")).isFalse();
  }

  @Test
  void aCacheMayHaveACodecOfTheApplications() {
    ValueCodec reversed = new Reversed(ValueCodec.FIRST_CUSTOM_ID);
    PillionConfiguration<String, StringBuilder> configuration =
        new PillionConfiguration<String, StringBuilder>()
            .setTypes(String.class, StringBuilder.class)
            .setValueCodecFactory(() -> reversed);
    CacheManager manager = manager(provider, url(), "json");
    Cache<String, StringBuilder> cache = manager.createCache(name, configuration);
    cache.put("a", new StringBuilder("abc"));
    assertThat(cache.get("a")).hasToString("abc");
    assertThat(((Reversed) reversed).written).isEqualTo("cba");
    configuration.setValueCodecFactory(() -> new Reversed(17));
    assertThatThrownBy(() -> manager.createCache(name + "-other", configuration))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith("Reversed has the id 17, and not one of 64 to 255");
  }

  /** Shows that it was used. */
  private static final class Reversed implements ValueCodec {
    private final int id;
    private volatile String written = "";

    Reversed(int id) {
      this.id = id;
    }

    @Override
    public int id() {
      return id;
    }

    @Override
    public byte[] encode(Object value) {
      written = new StringBuilder(value.toString()).reverse().toString();
      return written.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public Object decode(byte[] bytes) {
      return new StringBuilder(new String(bytes, StandardCharsets.UTF_8)).reverse();
    }
  }

  static class Animal {
    public String name = "";
  }

  static final class Dog extends Animal {
    public int barks;
  }

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
  @JsonSubTypes(@JsonSubTypes.Type(Circle.class))
  sealed interface Figure permits Circle {}

  record Circle(int radius, List<String> labels) implements Figure {}

  @Test
  void whatJsonWouldReadBackAsAnotherClassIsRefused() {
    Properties properties = new Properties();
    properties.setProperty("pillion.codec", "json");
    CacheManager manager = provider.getCacheManager(URI.create(url()), null, properties);
    Cache<String, Animal> animals = manager.createCache(name, types(String.class, Animal.class));
    assertThatThrownBy(() -> animals.put("a", new Dog()))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("Dog would be read back from JSON as ")
        .hasMessageContaining("@JsonTypeInfo");
    assertThat(animals.containsKey("a")).isFalse();
    Cache<String, Figure> figures =
        manager.createCache(name + "-figures", types(String.class, Figure.class));
    figures.put("a", new Circle(1, List.of("x")));
    assertThat(figures.get("a")).isEqualTo(new Circle(1, List.of("x")));
    Cache<String, List<Animal>> herds =
        manager.createCache(
            name + "-herds",
            new PillionConfiguration<String, List<Animal>>()
                .setTypes(String.class, new GenericType<>() {}));
    assertThatThrownBy(() -> herds.put("a", List.of(new Animal(), new Dog())))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("Dog would be read back from JSON as ");
  }

  @Test
  void aTableIsReadAndWrittenThrough() throws SQLException {
    JdbcDataSource dataSource = new JdbcDataSource();
    dataSource.setURL("jdbc:h2:mem:" + UUID.randomUUID());
    JdbcMapping<Long, Product> mapping =
        JdbcMapping.table("product", Long.class, Product.class).key("id").build();
    MutableConfiguration<Long, Product> configuration =
        types(Long.class, Product.class)
            .setReadThrough(true)
            .setWriteThrough(true)
            .setCacheLoaderFactory(() -> new JdbcCacheLoader<>(dataSource, mapping))
            .setCacheWriterFactory(() -> new JdbcCacheWriter<>(dataSource, mapping));
    Cache<Long, Product> cache = manager().createCache(name, configuration);
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "create table product(id bigint primary key, name varchar(9), unit_price decimal(9,2))");
      statement.execute("insert into product values (1, 'one', 1.50), (2, 'two', 2.50)");
      Product one = new Product(1, "one", new BigDecimal("1.50"));
      assertThat(cache.get(1L)).isEqualTo(one);
      assertThat(cache.getAll(Set.of(1L, 2L, 3L))).containsOnlyKeys(1L, 2L);
      Product dearer = new Product(1, "one", new BigDecimal("1.75"));
      cache.put(1L, dearer);
      statement.execute("update product set name = 'changed' where id = 1 and unit_price = 1.75");
      assertThat(cache.get(1L)).as("from the cache").isEqualTo(dearer);
      cache.clear();
      assertThat(cache.get(1L)).isEqualTo(new Product(1, "changed", new BigDecimal("1.75")));
      cache.remove(2L);
      assertThat(cache.get(2L)).isNull();
      assertThatThrownBy(() -> cache.put(1L, new Product(1, "much too long", BigDecimal.ONE)))
          .isInstanceOf(CacheWriterException.class)
          .hasMessageStartingWith("Writing through failed: Cannot write table product: ");
      assertThat(cache.get(1L)).extracting(Product::name).isEqualTo("changed");
    }
    assertThatThrownBy(() -> cache.get(2L))
        .isInstanceOf(CacheLoaderException.class)
        .hasMessageContaining("product");
  }

  @Test
  void whatAWriterManagedOfABatchIsInTheCache() {
    Map<String, String> database = new ConcurrentHashMap<>();
    Cache<String, String> cache =
        manager()
            .createCache(
                name,
                types(String.class, String.class)
                    .setWriteThrough(true)
                    .setCacheWriterFactory(() -> new HalfWriter(database)));
    assertThatThrownBy(() -> cache.putAll(Map.of("a", "good", "b", "bad", "c", "good")))
        .isInstanceOf(CacheWriterException.class);
    assertThat(cache.getAll(Set.of("a", "b", "c"))).isEqualTo(database).doesNotContainKey("b");
    cache.put("b", "good");
    assertThatThrownBy(() -> cache.removeAll(Set.of("a", "b", "c")))
        .isInstanceOf(CacheWriterException.class);
    assertThat(cache.getAll(Set.of("a", "b", "c"))).isEqualTo(database).containsKey("b");
  }

  /** Writes what is good, deletes all but b. */
  private static final class HalfWriter implements CacheWriter<String, String> {
    private final Map<String, String> database;

    HalfWriter(Map<String, String> database) {
      this.database = database;
    }

    @Override
    public void write(Cache.Entry<? extends String, ? extends String> entry) {
      if (entry.getValue().equals("bad")) {
        throw new IllegalStateException("bad");
      }
      database.put(entry.getKey(), entry.getValue());
    }

    @Override
    public void writeAll(Collection<Cache.Entry<? extends String, ? extends String>> entries) {
      for (Cache.Entry<? extends String, ? extends String> entry : List.copyOf(entries)) {
        write(entry);
        entries.remove(entry);
      }
    }

    @Override
    public void delete(Object key) {
      if (key.equals("b")) {
        throw new IllegalStateException("b");
      }
      database.remove(key);
    }

    @Override
    public void deleteAll(Collection<?> keys) {
      for (Object key : List.copyOf(keys)) {
        delete(key);
        keys.remove(key);
      }
    }
  }

  @Test
  void aLoadByAProcessorIsAMissAndNoPut() {
    Cache<String, String> cache =
        manager()
            .createCache(
                name,
                types(String.class, String.class)
                    .setReadThrough(true)
                    .setStatisticsEnabled(true)
                    .setCacheLoaderFactory(() -> new KeyLoader()));
    String loaded = cache.invoke("a", (entry, arguments) -> entry.getValue());
    assertThat(loaded).isEqualTo("loaded a");
    CacheStatisticsMXBean counted = statistics();
    assertThat(counted.getCacheMisses()).isEqualTo(1);
    assertThat(counted.getCachePuts()).isZero();
    assertThat(cache.containsKey("a")).isTrue();
  }

  private static final class KeyLoader implements CacheLoader<String, String> {
    @Override
    public String load(String key) {
      return "loaded " + key;
    }

    @Override
    public Map<String, String> loadAll(Iterable<? extends String> keys) {
      Map<String, String> loaded = new ConcurrentHashMap<>();
      keys.forEach(key -> loaded.put(key, load(key)));
      return loaded;
    }
  }

  private CacheStatisticsMXBean statistics() {
    return statistics(0);
  }

  private CacheStatisticsMXBean statistics(int instance) {
    try {
      ObjectName bean =
          ManagementFactory.getPlatformMBeanServer()
              .queryNames(new ObjectName("javax.cache:type=CacheStatistics,*"), null)
              .stream()
              .filter(one -> one.getKeyProperty("Cache").equals(name))
              .sorted()
              .skip(instance)
              .findFirst()
              .orElseThrow();
      return JMX.newMXBeanProxy(
          ManagementFactory.getPlatformMBeanServer(), bean, CacheStatisticsMXBean.class);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void keysAreLoadedInTheBackgroundWithoutTheWriter() throws Exception {
    Cache<String, String> cache =
        manager()
            .createCache(
                name,
                types(String.class, String.class)
                    .setWriteThrough(true)
                    .setCacheWriterFactory(() -> new HalfWriter(Map.of()))
                    .setCacheLoaderFactory(() -> new KeyLoader()));
    CompletionListenerFuture done = new CompletionListenerFuture();
    cache.loadAll(Set.of("a", "b"), /* replaceExistingValues= */ true, done);
    done.get();
    assertThat(cache.get("b")).isEqualTo("loaded b");
    assertThat(cache.get("c")).as("no read-through").isNull();
  }

  @Test
  void asynchronousListenersHearInOrderAndDelayNobody() {
    CountDownLatch goOn = new CountDownLatch(1);
    Collection<String> heard = new ConcurrentLinkedQueue<>();
    Cache<String, String> cache = manager().createCache(name, types(String.class, String.class));
    cache.registerCacheEntryListener(
        new MutableCacheEntryListenerConfiguration<>(
            () -> new Slow(goOn, heard),
            null,
            /* isOldValueRequired= */ false,
            /* isSynchronous= */ false));
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      keys.add("k" + i);
      cache.put("k" + i, "v");
    }
    assertThat(heard).isEmpty();
    goOn.countDown();
    Awaiting.until(() -> heard.size() == 20);
    assertThat(heard).containsExactlyElementsOf(keys);
  }

  @Test
  void aSynchronousListenerThatFailsKeepsNoOtherFromHearing() {
    List<String> heard = new ArrayList<>();
    Cache<String, String> cache = manager().createCache(name, types(String.class, String.class));
    CacheEntryCreatedListener<String, String> failing =
        events -> {
          throw new IllegalStateException("a listener's own");
        };
    CacheEntryCreatedListener<String, String> hearing =
        events -> events.forEach(event -> heard.add(event.getKey()));
    // Between two that fail, and after both: neither order keeps it from hearing.
    for (CacheEntryCreatedListener<String, String> listener :
        List.of(failing, hearing, failing, hearing)) {
      cache.registerCacheEntryListener(
          new MutableCacheEntryListenerConfiguration<>(
              () -> listener, null, /* isOldValueRequired= */ false, /* isSynchronous= */ true));
    }
    assertThatThrownBy(() -> cache.put("k", "v"))
        .isInstanceOf(CacheEntryListenerException.class)
        .hasStackTraceContaining("a listener's own")
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
    assertThat(heard).containsExactly("k", "k");
    assertThat(cache.get("k")).isEqualTo("v");
  }

  private static final class Slow implements CacheEntryCreatedListener<String, String> {
    private final CountDownLatch goOn;
    private final Collection<String> heard;

    Slow(CountDownLatch goOn, Collection<String> heard) {
      this.goOn = goOn;
      this.heard = heard;
    }

    @Override
    public void onCreated(Iterable<CacheEntryEvent<? extends String, ? extends String>> events) {
      try {
        goOn.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      events.forEach(event -> heard.add(event.getKey()));
    }
  }

  @Test
  void theCoreGivesAsynchronousFormsAndLifetimes() throws Exception {
    Cache<String, String> cache = manager().createCache(name, types(String.class, String.class));
    @SuppressWarnings("unchecked")
    EngineCache<String, String> core = cache.unwrap(EngineCache.class);
    core.put("a", "1", Duration.ofHours(1));
    assertThat(core.getAsync("a").toCompletableFuture().get()).isEqualTo("1");
    assertThat(cache.get("a")).isEqualTo("1");
  }

  @Test
  void otherTypesThanConfiguredAreRefused() {
    Cache<String, String> cache = manager().createCache(name, types(String.class, String.class));
    @SuppressWarnings({"unchecked", "rawtypes"})
    Cache<Object, Object> raw = (Cache) cache;
    assertThatThrownBy(() -> raw.put(1, "a")).isInstanceOf(ClassCastException.class);
    assertThatThrownBy(() -> raw.put("a", 1))
        .isInstanceOf(ClassCastException.class)
        .hasMessage("Values of cache '" + name + "' are java.lang.String, not java.lang.Integer");
  }

  @Test
  void aFactoryThatFailsMakesNoCache() {
    assertThatThrownBy(
            () ->
                manager()
                    .createCache(
                        name,
                        types(String.class, String.class)
                            .setReadThrough(true)
                            .setCacheLoaderFactory(
                                () -> {
                                  throw new IllegalStateException("no loader today");
                                })))
        .isInstanceOf(CacheException.class)
        .hasMessage("Cannot create cache '" + name + "': no loader today");
    @Nullable Cache<Object, Object> none = manager().getCache(name);
    assertThat(none).isNull();
  }

  /** Everything that an application may give to a cache, in one object that can be closed. */
  private static final class Everything
      implements CacheLoader<String, String>,
          CacheWriter<String, String>,
          CacheEntryCreatedListener<String, String>,
          Closeable {
    private final AtomicInteger closed = new AtomicInteger();

    @Override
    public String load(String key) {
      return key;
    }

    @Override
    public Map<String, String> loadAll(Iterable<? extends String> keys) {
      return Map.of();
    }

    @Override
    public void write(Cache.Entry<? extends String, ? extends String> entry) {}

    @Override
    public void writeAll(Collection<Cache.Entry<? extends String, ? extends String>> entries) {}

    @Override
    public void delete(Object key) {}

    @Override
    public void deleteAll(Collection<?> keys) {}

    @Override
    public void onCreated(Iterable<CacheEntryEvent<? extends String, ? extends String>> events) {}

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }

  @Test
  void whatIsLoaderAndWriterIsClosedOnce() {
    Everything both = new Everything();
    manager()
        .createCache(
            name,
            types(String.class, String.class)
                .setReadThrough(true)
                .setWriteThrough(true)
                .setCacheLoaderFactory(new FactoryBuilder.SingletonFactory<>(both))
                .setCacheWriterFactory(new FactoryBuilder.SingletonFactory<>(both)))
        .close();
    assertThat(both.closed).hasValue(1);
  }

  @Test
  void whatWasMadeForACacheThatCannotBeMadeIsClosed() {
    Everything listener = new Everything();
    MutableConfiguration<String, String> configuration = types(String.class, String.class);
    configuration.addCacheEntryListenerConfiguration(
        new MutableCacheEntryListenerConfiguration<>(
            new FactoryBuilder.SingletonFactory<>(listener), null, false, true));
    configuration.addCacheEntryListenerConfiguration(
        new MutableCacheEntryListenerConfiguration<>(
            () -> {
              throw new IllegalStateException("no listener today");
            },
            null,
            false,
            true));
    assertThatThrownBy(() -> manager().createCache(name, configuration))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("no listener today");
    // In whichever order they were made.
    assertThat(listener.closed.get()).isLessThanOrEqualTo(1);
    Everything onlyOne = new Everything();
    assertThatThrownBy(
            () ->
                manager()
                    .createCache(
                        name,
                        types(String.class, String.class)
                            .addCacheEntryListenerConfiguration(
                                new MutableCacheEntryListenerConfiguration<>(
                                    new FactoryBuilder.SingletonFactory<>(onlyOne),
                                    () -> {
                                      throw new IllegalStateException("no filter today");
                                    },
                                    false,
                                    true))))
        .hasMessageContaining("no filter today");
    assertThat(onlyOne.closed).hasValue(1);
  }

  @Test
  void oldValuesOfTwoManagersAreOneChain() {
    Collection<List<@Nullable String>> changes = new ConcurrentLinkedQueue<>();
    CacheEntryCreatedListener<String, String> created =
        events -> events.forEach(event -> changes.add(Arrays.asList(null, event.getValue())));
    CacheEntryUpdatedListener<String, String> updated =
        events ->
            events.forEach(
                event -> changes.add(Arrays.asList(event.getOldValue(), event.getValue())));
    CacheEntryRemovedListener<String, String> removed =
        events -> events.forEach(event -> changes.add(Arrays.asList(event.getOldValue(), null)));
    List<Cache<String, String>> caches = new ArrayList<>();
    for (PillionCachingProvider one : List.of(provider, anotherProcess)) {
      Cache<String, String> cache =
          one.getCacheManager(URI.create(url()), null)
              .createCache(name, types(String.class, String.class).setStatisticsEnabled(true));
      for (CacheEntryListener<String, String> listener : List.of(created, updated, removed)) {
        cache.registerCacheEntryListener(
            new MutableCacheEntryListenerConfiguration<>(
                new FactoryBuilder.SingletonFactory<>(listener), null, true, true));
      }
      caches.add(cache);
    }
    List<CompletableFuture<Void>> writers = new ArrayList<>();
    for (int writer = 0; writer < 4; writer++) {
      Cache<String, String> cache = caches.get(writer % 2);
      String prefix = "w" + writer + "-";
      writers.add(
          CompletableFuture.runAsync(
              () -> {
                for (int i = 0; i < 200; i++) {
                  switch (i % 5) {
                    case 0 -> cache.put("k", prefix + i);
                    case 1 -> cache.getAndPut("k", prefix + i);
                    case 2 -> cache.putAll(Map.of("k", prefix + i));
                    case 3 -> cache.replace("k", prefix + i);
                    default -> cache.remove("k");
                  }
                }
              }));
    }
    writers.forEach(CompletableFuture::join);
    // Every value comes once and goes once: what one event leaves, exactly one other finds.
    String last = caches.get(0).get("k");
    List<String> came = changes.stream().map(pair -> pair.get(1)).filter(v -> v != null).toList();
    List<String> gone =
        new ArrayList<>(changes.stream().map(pair -> pair.get(0)).filter(v -> v != null).toList());
    if (last != null) {
      gone.add(last);
    }
    assertThat(came).doesNotHaveDuplicates();
    assertThat(gone).containsExactlyInAnyOrderElementsOf(came);
    CacheStatisticsMXBean first = statistics(0);
    CacheStatisticsMXBean second = statistics(1);
    assertThat(first.getCachePuts() + second.getCachePuts()).isEqualTo(came.size());
    assertThat(first.getCacheRemovals() + second.getCacheRemovals())
        .isEqualTo(changes.stream().filter(pair -> pair.get(1) == null).count());
  }
}
