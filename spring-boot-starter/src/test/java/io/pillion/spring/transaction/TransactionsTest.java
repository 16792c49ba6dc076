package io.pillion.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.cache.CacheEntry;
import io.pillion.cache.EngineCache;
import io.pillion.cache.Transactions;
import io.pillion.cache.jdbc.JdbcMapping;
import io.pillion.cache.jdbc.JdbcTable;
import io.pillion.jcache.JdbcCacheLoader;
import io.pillion.jcache.JdbcCacheWriter;
import io.pillion.spring.PillionAutoConfiguration;
import io.pillion.spring.cache.PillionCacheAutoConfiguration;
import io.pillion.spring.jcache.PillionJCacheAutoConfiguration;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.cache.Cache;
import javax.cache.configuration.MutableConfiguration;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/** A write-through cache and Spring's caches in the transactions of their callers. */
@Timeout(60)
class TransactionsTest {
  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  PillionAutoConfiguration.class,
                  PillionTransactionAutoConfiguration.class,
                  PillionCacheAutoConfiguration.class,
                  PillionJCacheAutoConfiguration.class))
          .withUserConfiguration(Application.class)
          .withPropertyValues("pillion.jcache.enabled=true");

  @Test
  void whatAConnectionDoesNotCommitByItselfIsCommittedOutsideOfTransactions() throws SQLException {
    JdbcDataSource database = new JdbcDataSource();
    database.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    JdbcTemplate jdbc = new JdbcTemplate(database);
    jdbc.execute("create table name(id int primary key, name varchar(16))");
    DataSource manual =
        new DelegatingDataSource(database) {
          @Override
          public Connection getConnection() throws SQLException {
            Connection connection = super.getConnection();
            connection.setAutoCommit(false);
            return connection;
          }
        };
    TransactionTemplate transaction =
        new TransactionTemplate(new DataSourceTransactionManager(manual));
    JdbcMapping<Integer, String> rows =
        JdbcMapping.table("name", Integer.class, String.class)
            .key("id")
            .valueColumn("name")
            .build();
    // Also when the application has made it aware of transactions by itself.
    for (DataSource given : List.of(manual, new TransactionAwareDataSourceProxy(manual))) {
      JdbcTable<Integer, String> table =
          new JdbcTable<>(new SpringTransactions().joined(given), rows);
      table.write(1, "one");
      table.writeAll(new ArrayList<>(List.of(new CacheEntry<>(2, "two"))));
      assertThat(jdbc.queryForList("select name from name", String.class)).hasSize(2);
      transaction.executeWithoutResult(
          status -> {
            table.write(3, "three");
            table.deleteAll(new ArrayList<>(List.of(1)));
            status.setRollbackOnly();
          });
      assertThat(jdbc.queryForList("select id from name order by id", Integer.class))
          .containsExactly(1, 2);
      table.delete(1);
      table.deleteAll(new ArrayList<>(List.of(2)));
      assertThat(jdbc.queryForList("select id from name", Integer.class)).isEmpty();
    }
  }

  @Test
  void aRollbackLeavesTheCacheAsItWas() {
    run(
        shop -> {
          shop.transaction.executeWithoutResult(
              status -> {
                shop.names.put(1, "new");
                shop.names.remove(2);
                shop.names.putAll(Map.of(3, "three"));
                assertThat(shop.names.getAll(Set.of(1, 2, 3)))
                    .isEqualTo(Map.of(1, "new", 3, "three"));
                assertThat(shop.names.containsKey(2)).isFalse();
                assertThat(shop.row(1)).isEqualTo("new");
                status.setRollbackOnly();
              });
          assertThat(shop.row(1)).isEqualTo("one");
          assertThat(shop.names.getAll(Set.of(1, 2, 3))).isEqualTo(Map.of(1, "one", 2, "two"));
        });
  }

  @Test
  void theCacheChangesWhenTheTransactionIsCommitted() {
    run(
        shop -> {
          assertThat(shop.names.get(2)).isEqualTo("two");
          shop.transaction.executeWithoutResult(
              status -> {
                shop.names.put(1, "new");
                assertThat(shop.names.getAndRemove(2)).isEqualTo("two");
                assertThat(shop.names.putIfAbsent(1, "other")).isFalse();
                assertThat(shop.names.replace(1, "new", "newer")).isTrue();
                assertThat(elsewhere(() -> shop.names.get(1))).isEqualTo("one");
                assertThat(elsewhere(() -> shop.names.get(2))).isEqualTo("two");
              });
          assertThat(elsewhere(() -> shop.names.get(1))).isEqualTo("newer");
          assertThat(shop.names.get(2)).isNull();
          assertThat(shop.row(1)).isEqualTo("newer");
        });
  }

  @Test
  void aTransactionOfItsOwnCommitsByItself() {
    run(
        shop -> {
          TransactionTemplate own = shop.with(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
          shop.transaction.executeWithoutResult(
              outer -> {
                shop.names.put(1, "outer");
                own.executeWithoutResult(
                    inner -> {
                      assertThat(shop.names.get(1)).isEqualTo("one");
                      shop.names.put(2, "inner");
                    });
                assertThat(elsewhere(() -> shop.names.get(2))).isEqualTo("inner");
                assertThat(shop.names.get(1)).isEqualTo("outer");
                outer.setRollbackOnly();
              });
          assertThat(shop.names.getAll(Set.of(1, 2))).isEqualTo(Map.of(1, "one", 2, "inner"));
        });
  }

  @Test
  void aNestedTransactionIsRolledBackToItsSavepoint() {
    run(
        shop -> {
          TransactionTemplate nested = shop.with(TransactionDefinition.PROPAGATION_NESTED);
          shop.transaction.executeWithoutResult(
              outer -> {
                shop.names.put(1, "outer");
                nested.executeWithoutResult(
                    inner -> {
                      shop.names.put(1, "inner");
                      shop.names.remove(2);
                      inner.setRollbackOnly();
                    });
                assertThat(shop.names.getAll(Set.of(1, 2))).isEqualTo(Map.of(1, "outer", 2, "two"));
              });
          assertThat(shop.names.getAll(Set.of(1, 2))).isEqualTo(Map.of(1, "outer", 2, "two"));
          assertThat(shop.row(1)).isEqualTo("outer");
          shop.transaction.executeWithoutResult(
              outer ->
                  nested.executeWithoutResult(
                      inner -> {
                        shop.names.put(1, "inner first");
                        inner.setRollbackOnly();
                      }));
          assertThat(shop.names.get(1)).isEqualTo("outer");
        });
  }

  @Test
  void annotatedMethodsChangeTheirCacheAfterTheCommit() {
    run(
        shop -> {
          assertThat(shop.books.title(1)).isEqualTo("one");
          assertThatThrownBy(
                  () ->
                      shop.transaction.executeWithoutResult(
                          status -> {
                            shop.books.rename(1, "renamed");
                            assertThat(shop.books.title(1)).isEqualTo("renamed");
                            shop.books.forget(1);
                            assertThat(shop.books.title(1)).isEqualTo("renamed");
                            throw new IllegalStateException("rolled back");
                          }))
              .hasMessage("rolled back");
          assertThat(shop.title(1)).isEqualTo("one");
          shop.books.rename(1, "renamed");
          assertThat(shop.title(1)).isEqualTo("renamed");
          shop.transaction.executeWithoutResult(
              status -> {
                shop.books.forget(1);
                assertThat(elsewhere(() -> shop.title(1))).isEqualTo("renamed");
              });
          assertThat(shop.title(1)).isNull();
        });
  }

  @Test
  void clearWaitsForTheCommitAndInvalidateDoesNot() {
    run(
        shop -> {
          org.springframework.cache.Cache titles = shop.titles();
          titles.put(1, "kept");
          shop.transaction.executeWithoutResult(
              status -> {
                titles.clear();
                assertThat(titles.get(1)).isNull();
                titles.put(2, "mine");
                assertThat(elsewhere(() -> shop.title(1))).isEqualTo("kept");
                status.setRollbackOnly();
              });
          assertThat(shop.title(1)).isEqualTo("kept");
          assertThat(shop.title(2)).isNull();
          shop.transaction.executeWithoutResult(
              status -> {
                assertThat(titles.evictIfPresent(1)).isTrue();
                assertThat(elsewhere(() -> shop.title(1))).isNull();
                elsewhere(
                    () -> {
                      titles.put(1, "what was loaded meanwhile");
                      return "";
                    });
              });
          assertThat(shop.title(1)).isNull();
          titles.put(1, "again");
          shop.transaction.executeWithoutResult(
              status -> {
                titles.invalidate();
                assertThat(elsewhere(() -> shop.title(1))).isNull();
                titles.put(2, "after it");
              });
          assertThat(shop.title(2)).isEqualTo("after it");
        });
  }

  @Test
  void whatIsLoadedInATransactionIsKeptAfterItsCommit() {
    run(
        shop -> {
          shop.transaction.executeWithoutResult(
              status -> {
                shop.jdbc.update("update name set name = 'uncommitted' where id = 1");
                assertThat(shop.names.get(1)).isEqualTo("uncommitted");
                assertThat(shop.books.synced(1)).isEqualTo("uncommitted");
                status.setRollbackOnly();
              });
          assertThat(shop.names.containsKey(1)).isFalse();
          assertThat(shop.names.get(1)).isEqualTo("one");
          assertThat(shop.title(1)).isNull();
          shop.transaction.executeWithoutResult(status -> shop.books.synced(2));
          assertThat(shop.title(2)).isEqualTo("two");
          TransactionTemplate readOnly = shop.with(TransactionDefinition.PROPAGATION_REQUIRED);
          readOnly.setReadOnly(true);
          readOnly.executeWithoutResult(
              status -> {
                shop.books.synced(1);
                assertThat(elsewhere(() -> shop.title(1))).isEqualTo("one");
              });
        });
  }

  @Test
  void transactionsThatTellTheCacheLateChangeNothing() {
    run(
        shop -> {
          CountDownLatch committed = new CountDownLatch(1);
          CountDownLatch overtaken = new CountDownLatch(1);
          CompletableFuture<Void> late =
              CompletableFuture.runAsync(
                  () ->
                      shop.transaction.executeWithoutResult(
                          status -> {
                            TransactionSynchronizationManager.registerSynchronization(
                                new TransactionSynchronization() {
                                  @Override
                                  public int getOrder() {
                                    return 0;
                                  }

                                  @Override
                                  public void afterCommit() {
                                    committed.countDown();
                                    await(overtaken);
                                  }
                                });
                            shop.names.put(1, "earlier");
                          }));
          await(committed);
          shop.transaction.executeWithoutResult(status -> shop.names.put(1, "later"));
          overtaken.countDown();
          late.join();
          assertThat(shop.row(1)).isEqualTo("later");
          assertThat(shop.names.get(1)).isEqualTo("later");
        });
  }

  @Test
  void whatWasLoadedBeforeAnothersCommitIsNotKept() {
    run(
        shop -> {
          CountDownLatch changed = new CountDownLatch(1);
          CountDownLatch loaded = new CountDownLatch(1);
          CompletableFuture<Void> changing =
              CompletableFuture.runAsync(
                  () ->
                      shop.transaction.executeWithoutResult(
                          status -> {
                            shop.books.rename(1, "renamed");
                            shop.books.forget(1);
                            changed.countDown();
                            await(loaded);
                          }));
          await(changed);
          shop.transaction.executeWithoutResult(
              status -> {
                assertThat(shop.books.synced(1)).isEqualTo("one");
                loaded.countDown();
                changing.join();
              });
          assertThat(shop.title(1)).isNull();
        });
  }

  @Test
  void loadAllKeepsNothingThatIsRolledBack() {
    run(
        shop -> {
          assertThat(shop.names.get(2)).isEqualTo("two");
          shop.transaction.executeWithoutResult(
              status -> {
                shop.jdbc.update("update name set name = 'uncommitted'");
                shop.engineNames().loadAll(Set.of(1), /* replace= */ false);
                shop.engineNames().loadAll(Set.of(2), /* replace= */ true);
                assertThat(shop.names.getAll(Set.of(1, 2)))
                    .isEqualTo(Map.of(1, "uncommitted", 2, "uncommitted"));
                assertThat(elsewhere(() -> shop.names.containsKey(1))).isFalse();
                assertThat(elsewhere(() -> shop.names.get(2))).isEqualTo("two");
                status.setRollbackOnly();
              });
          assertThat(shop.names.containsKey(1)).isFalse();
          assertThat(shop.names.getAll(Set.of(1, 2))).isEqualTo(Map.of(1, "one", 2, "two"));
        });
  }

  @Test
  void whatLoadAllFoundIsKeptAfterTheCommit() {
    run(
        shop -> {
          assertThat(shop.names.get(2)).isEqualTo("two");
          shop.transaction.executeWithoutResult(
              status -> {
                shop.jdbc.update("update name set name = name || '!'");
                shop.engineNames().loadAll(Set.of(1, 2, 3), /* replace= */ false);
                assertThat(shop.names.getAll(Set.of(1, 2))).isEqualTo(Map.of(1, "one!", 2, "two"));
                shop.engineNames().loadAll(Set.of(2, 3), /* replace= */ true);
                assertThat(shop.names.get(2)).isEqualTo("two!");
              });
          assertThat(shop.names.getAll(Set.of(1, 2))).isEqualTo(Map.of(1, "one!", 2, "two!"));
          shop.transaction.executeWithoutResult(
              status -> {
                shop.names.put(1, "own");
                shop.names.remove(2);
                shop.jdbc.update("update name set name = 'by trigger' where id = 1");
                shop.engineNames().loadAll(Set.of(1, 2), /* replace= */ false);
                assertThat(shop.names.getAll(Set.of(1, 2))).isEqualTo(Map.of(1, "own"));
                shop.engineNames().loadAll(Set.of(1, 2), /* replace= */ true);
                assertThat(shop.names.getAll(Set.of(1, 2))).isEqualTo(Map.of(1, "by trigger"));
              });
          assertThat(shop.names.getAll(Set.of(1, 2))).isEqualTo(Map.of(1, "by trigger"));
        });
  }

  @Test
  void whatLoadAllFoundDoesNotReplaceWhatAnotherCommitted() {
    run(
        shop -> {
          assertThat(shop.names.getAll(Set.of(1, 2))).hasSize(2);
          shop.transaction.executeWithoutResult(
              status -> {
                shop.engineNames().loadAll(Set.of(1, 2), /* replace= */ true);
                elsewhere(
                    () -> {
                      shop.names.put(1, "later");
                      shop.names.remove(2);
                      return true;
                    });
              });
          assertThat(shop.names.getAll(Set.of(1, 2))).isEqualTo(Map.of(1, "later"));
          // Nor what one did that began before, and ends later: what there was may be wrong then.
          CountDownLatch changed = new CountDownLatch(1);
          CountDownLatch loaded = new CountDownLatch(1);
          CompletableFuture<Void> changing =
              CompletableFuture.runAsync(
                  () ->
                      shop.transaction.executeWithoutResult(
                          status -> {
                            shop.names.put(1, "rolled back");
                            changed.countDown();
                            await(loaded);
                            status.setRollbackOnly();
                          }));
          await(changed);
          shop.transaction.executeWithoutResult(
              status -> {
                shop.engineNames().loadAll(Set.of(1), /* replace= */ true);
                assertThat(shop.names.get(1)).isEqualTo("later");
              });
          assertThat(shop.names.containsKey(1)).isFalse();
          loaded.countDown();
          changing.join();
          assertThat(shop.names.get(1)).isEqualTo("later");
        });
  }

  @Test
  void whatIsRemovedWhileATransactionLoadsIsNotBroughtBack() {
    run(
        shop -> {
          shop.transaction.executeWithoutResult(
              status ->
                  shop.titles()
                      .get(
                          1,
                          () -> {
                            String read = shop.row(1);
                            elsewhere(
                                () -> {
                                  shop.books.rename(1, "renamed");
                                  shop.books.forget(1);
                                  return true;
                                });
                            return read;
                          }));
          assertThat(shop.title(1)).isNull();
        });
  }

  @Test
  void whatMayHaveBeenCommittedIsForgotten() {
    run(
        shop -> {
          assertThat(shop.names.get(1)).isEqualTo("one");
          shop.manager.isBroken = true;
          assertThatThrownBy(
                  () ->
                      shop.transaction.executeWithoutResult(
                          status -> shop.names.put(1, "in doubt")))
              .isInstanceOf(TransactionSystemException.class);
          shop.manager.isBroken = false;
          assertThat(shop.names.containsKey(1)).isFalse();
          assertThat(shop.names.get(1)).isEqualTo(shop.row(1));
        });
  }

  @Test
  void aFailingWriterFailsTheOperation() {
    run(
        shop -> {
          assertThatThrownBy(
                  () ->
                      shop.transaction.executeWithoutResult(
                          status -> shop.names.put(1, "far too long a name")))
              .isInstanceOf(javax.cache.integration.CacheWriterException.class);
          assertThat(shop.names.get(1)).isEqualTo("one");
        });
  }

  @Test
  void cachesMayBeKeptOutOfTransactions() {
    runner
        .withPropertyValues("pillion.cache.transactional=false")
        .run(
            context -> {
              assertThat(context).doesNotHaveBean(Transactions.class);
              Shop shop = new Shop(context);
              shop.transaction.executeWithoutResult(
                  status -> {
                    shop.titles().put(1, "at once");
                    status.setRollbackOnly();
                  });
              assertThat(shop.title(1)).isEqualTo("at once");
            });
  }

  private void run(Consumer<Shop> test) {
    runner.run(context -> test.accept(new Shop(context)));
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static <T extends @Nullable Object> T elsewhere(Callable<T> call) {
    return CompletableFuture.supplyAsync(
            () -> {
              try {
                return call.call();
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            })
        .join();
  }

  /** What the tests use of an application. */
  private static final class Shop {
    final JdbcTemplate jdbc;
    final Books books;
    final Breakable manager;
    final TransactionTemplate transaction;
    final Cache<Integer, String> names;
    private final CacheManager caches;

    Shop(ApplicationContext context) {
      DataSource dataSource = context.getBean(DataSource.class);
      jdbc = new JdbcTemplate(dataSource);
      books = context.getBean(Books.class);
      manager = context.getBean(Breakable.class);
      transaction = new TransactionTemplate(manager);
      caches = context.getBean(CacheManager.class);
      JdbcMapping<Integer, String> rows =
          JdbcMapping.table("name", Integer.class, String.class)
              .key("id")
              .valueColumn("name")
              .build();
      names =
          context
              .getBean(javax.cache.CacheManager.class)
              .createCache(
                  "names",
                  new MutableConfiguration<Integer, String>()
                      .setTypes(Integer.class, String.class)
                      .setReadThrough(true)
                      .setCacheLoaderFactory(() -> new JdbcCacheLoader<>(dataSource, rows))
                      .setWriteThrough(true)
                      .setCacheWriterFactory(() -> new JdbcCacheWriter<>(dataSource, rows)));
    }

    TransactionTemplate with(int propagation) {
      TransactionTemplate template = new TransactionTemplate(manager);
      template.setPropagationBehavior(propagation);
      return template;
    }

    @SuppressWarnings("unchecked")
    EngineCache<Integer, String> engineNames() {
      return names.unwrap(EngineCache.class);
    }

    @Nullable String row(int id) {
      return jdbc.queryForObject("select name from name where id = ?", String.class, id);
    }

    org.springframework.cache.Cache titles() {
      return Objects.requireNonNull(caches.getCache("titles"));
    }

    @Nullable String title(int id) {
      return titles().get(id, String.class);
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableCaching
  @EnableTransactionManagement(proxyTargetClass = true)
  static class Application {
    @Bean
    DataSource dataSource() {
      JdbcDataSource dataSource = new JdbcDataSource();
      dataSource.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
      JdbcTemplate jdbc = new JdbcTemplate(dataSource);
      jdbc.execute("create table name(id int primary key, name varchar(16))");
      jdbc.update("insert into name values (1, 'one'), (2, 'two')");
      return dataSource;
    }

    @Bean
    Breakable transactionManager(DataSource dataSource) {
      return new Breakable(dataSource);
    }

    @Bean
    Books books(DataSource dataSource) {
      return new Books(new JdbcTemplate(dataSource));
    }
  }

  /** Its commits may fail with nobody knowing how they ended. */
  static class Breakable extends DataSourceTransactionManager
      implements PlatformTransactionManager {
    private static final long serialVersionUID = 1L;
    volatile boolean isBroken;

    Breakable(DataSource dataSource) {
      super(dataSource);
    }

    @Override
    protected void doCommit(DefaultTransactionStatus status) {
      super.doCommit(status);
      if (isBroken) {
        throw new TransactionSystemException("The connection broke");
      }
    }
  }

  /** Writes to the database itself. */
  @Transactional
  static class Books {
    private final JdbcTemplate jdbc;

    Books(JdbcTemplate jdbc) {
      this.jdbc = jdbc;
    }

    @Cacheable("titles")
    public @Nullable String title(int id) {
      return jdbc.queryForObject("select name from name where id = ?", String.class, id);
    }

    @Cacheable(cacheNames = "titles", sync = true)
    public @Nullable String synced(int id) {
      return title(id);
    }

    @CachePut(cacheNames = "titles", key = "#id")
    public String rename(int id, String title) {
      jdbc.update("update name set name = ? where id = ?", title, id);
      return title;
    }

    @CacheEvict("titles")
    public void forget(int id) {}
  }
}
