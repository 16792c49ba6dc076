package io.pillion.samples.storefront.catalogue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.core.io.ClassPathResource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/** Fills an empty database with the Chinook data set, before the shop opens. */
@Component
@DependsOnDatabaseInitialization
public class ChinookLoader implements InitializingBean {
  private static final Logger log = LoggerFactory.getLogger(ChinookLoader.class);
  private static final int BATCH = 500;

  private final JdbcTemplate jdbc;
  private final TransactionTemplate transaction;

  ChinookLoader(JdbcTemplate jdbc, TransactionTemplate transaction) {
    this.jdbc = jdbc;
    this.transaction = transaction;
  }

  @Override
  public void afterPropertiesSet() {
    transaction.executeWithoutResult(status -> loadOnce());
  }

  private void loadOnce() {
    Boolean loaded =
        jdbc.queryForObject(
            "SELECT loaded FROM data_set WHERE name = 'chinook' FOR UPDATE", Boolean.class);
    if (Boolean.TRUE.equals(loaded)) {
      return;
    }
    long start = System.nanoTime();
    insert(
        "INSERT INTO artist VALUES (?, ?)",
        "artist",
        row -> new @Nullable Object[] {number(row[0]), row[1]});
    insert(
        "INSERT INTO album VALUES (?, ?, ?)",
        "album",
        row -> new @Nullable Object[] {number(row[0]), row[1], number(row[2])});
    insert(
        "INSERT INTO genre VALUES (?, ?)",
        "genre",
        row -> new @Nullable Object[] {number(row[0]), row[1]});
    insert(
        "INSERT INTO track VALUES (?, ?, ?, ?, ?, ?)",
        "track",
        row ->
            new @Nullable Object[] {
              number(row[0]), row[1], number(row[2]), number(row[3]), row[4], number(row[5])
            });
    int tracks =
        insert(
            "INSERT INTO price VALUES (?, ?)",
            "track",
            row -> new @Nullable Object[] {number(row[0]), decimal(row[6])});
    insert(
        "INSERT INTO invoice_line VALUES (?, ?, ?, ?, ?)",
        "invoice_line",
        row ->
            new @Nullable Object[] {
              number(row[0]), row[1], number(row[2]), decimal(row[3]), number(row[4])
            });
    jdbc.update("UPDATE data_set SET loaded = TRUE WHERE name = 'chinook'");
    log.info(
        "Loaded the Chinook data set: {} tracks in {} ms",
        tracks,
        (System.nanoTime() - start) / 1_000_000);
  }

  private int insert(String sql, String file, RowArguments arguments) {
    List<@Nullable Object[]> batch = records(file).stream().map(arguments::of).toList();
    for (int from = 0; from < batch.size(); from += BATCH) {
      jdbc.batchUpdate(sql, batch.subList(from, Math.min(from + BATCH, batch.size())));
    }
    return batch.size();
  }

  private static List<@Nullable String[]> records(String file) {
    try (InputStream bytes = new ClassPathResource("data/" + file + ".csv").getInputStream()) {
      return Csv.records(new BufferedReader(new InputStreamReader(bytes, StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException("the data file " + file + ".csv cannot be read", e);
    }
  }

  private static Integer number(@Nullable String field) {
    return Integer.valueOf(Objects.requireNonNull(field));
  }

  private static BigDecimal decimal(@Nullable String field) {
    return new BigDecimal(Objects.requireNonNull(field));
  }

  private interface RowArguments {
    @Nullable Object[] of(@Nullable String[] row);
  }
}
