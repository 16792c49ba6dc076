package io.pillion.cache.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pillion.cache.CacheEntry;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.LongStream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link JdbcTable} promises on every database whose dialect it knows. */
abstract class JdbcTableContract {
  /** A database without tables, the same one for every call in a test. */
  protected abstract DataSource dataSource();

  /** SQL of these tests as the database says it. */
  protected String adapted(String sql) {
    return sql;
  }

  /** The schema that tables are in when none is named. */
  protected String schema() {
    return "public";
  }

  record Product(long id, String name, @Nullable BigDecimal unitPrice, boolean onSale) {}

  record LineKey(long orderId, int lineNo) {}

  enum Colour {
    RED,
    GREEN
  }

  record Line(Colour colour, Instant placedAt, LocalDate due, @Nullable Integer count) {}

  /** A bean with a property that no column holds. */
  public static final class Customer {
    private String name = "";
    private int group;
    private String greeting = "Hello";

    public String getName() {
      return name;
    }

    public void setName(String name) {
      this.name = name;
    }

    public int getGroup() {
      return group;
    }

    public void setGroup(int group) {
      this.group = group;
    }

    public String getGreeting() {
      return greeting;
    }

    public void setGreeting(String greeting) {
      this.greeting = greeting;
    }
  }

  private final JdbcMapping<Long, Product> mapping =
      JdbcMapping.table("product", Long.class, Product.class).key("id").build();
  private @Nullable Connection keepsTheDatabase;

  @BeforeEach
  void makeTables() throws SQLException {
    keepsTheDatabase = dataSource().getConnection();
    execute(
        "drop table if exists product, line, \"user\", word, album, note, everything, codes",
        "create table product(id bigint primary key, name varchar(20) not null,"
            + " unit_price decimal(10,2), on_sale boolean not null)",
        "create table line(order_id bigint, line_no int, colour varchar(10), placed_at timestamp"
            + " with time zone, due date, count int, primary key(order_id, line_no))",
        "create table \"user\"(\"login\" varchar(10) primary key, name varchar(10), \"group\" int)",
        "create table word(id int primary key, text varchar(100))",
        "create table album(id int primary key, title varchar(50), tracks json, version int)",
        "create table note(id int primary key, body varchar(200))",
        "create table codes(code char(6) primary key, price decimal(10,2))",
        "create table everything(id uuid primary key, some_bytes bytea, big decimal(38,0), exact"
            + " decimal(20,4), small smallint, real_number double precision, letter char(1), word"
            + " varchar(40), colour varchar(10), due_day date, clock time, local timestamp(3),"
            + " moment timestamp with time zone, old_date timestamp(3), other uuid, yes boolean)");
  }

  @AfterEach
  void dropTables() throws SQLException {
    Objects.requireNonNull(keepsTheDatabase).close();
  }

  private void execute(String... statements) throws SQLException {
    try (Statement statement = Objects.requireNonNull(keepsTheDatabase).createStatement()) {
      for (String sql : statements) {
        statement.execute(adapted(sql));
      }
    }
  }

  private JdbcTable<Long, Product> products() {
    return new JdbcTable<>(dataSource(), mapping);
  }

  private static Product product(long id) {
    return new Product(id, "p" + id, new BigDecimal("9.50"), id % 2 == 0);
  }

  @Test
  void aRecordIsWrittenUpdatedLoadedAndDeleted() {
    JdbcTable<Long, Product> products = products();
    assertThat(products.load(1L)).isNull();
    products.write(1L, product(1));
    assertThat(products.load(1L)).isEqualTo(product(1));
    Product dearer = new Product(1, "p1", null, true);
    products.write(1L, dearer);
    assertThat(products.load(1L)).isEqualTo(dearer);
    products.delete(1L);
    products.delete(1L);
    assertThat(products.load(1L)).isNull();
  }

  @Test
  void manyKeysAreLoadedInPages() {
    JdbcTable<Long, Product> products = products();
    List<CacheEntry<Long, Product>> entries = new ArrayList<>();
    LongStream.range(0, 1_201).forEach(id -> entries.add(new CacheEntry<>(id, product(id))));
    products.writeAll(entries);
    assertThat(entries).isEmpty();
    Set<Long> keys = new HashSet<>();
    LongStream.range(0, 1_300).forEach(keys::add);
    Map<Long, Product> loaded = products.loadAll(keys);
    assertThat(loaded).hasSize(1_201).containsEntry(1_200L, product(1_200));
    products.deleteAll(keys);
    assertThat(products.loadAll(Set.of(1L, 1_200L))).isEmpty();
  }

  @Test
  void aBatchIsWrittenWholeOrNotAtAll() {
    JdbcTable<Long, Product> products = products();
    List<CacheEntry<Long, Product>> entries = new ArrayList<>();
    entries.add(new CacheEntry<>(1L, product(1)));
    entries.add(new CacheEntry<>(2L, new Product(2, "x".repeat(21), null, false)));
    assertThatThrownBy(() -> products.writeAll(entries))
        .isInstanceOf(JdbcTableException.class)
        .hasMessageStartingWith("Cannot write table product: ");
    assertThat(entries).hasSize(2);
    assertThat(products.load(1L)).isNull();
  }

  @Test
  void aKeyOfSeveralColumnsIsARecord() {
    JdbcTable<LineKey, Line> lines =
        new JdbcTable<>(dataSource(), JdbcMapping.table("line", LineKey.class, Line.class).build());
    Line line =
        new Line(Colour.GREEN, Instant.parse("2026-11-20T10:00:00Z"), LocalDate.EPOCH, null);
    lines.write(new LineKey(7, 1), line);
    lines.write(new LineKey(7, 2), line);
    assertThat(lines.load(new LineKey(7, 1))).isEqualTo(line);
    assertThat(lines.loadAll(Set.of(new LineKey(7, 1), new LineKey(7, 2), new LineKey(8, 1))))
        .containsOnlyKeys(new LineKey(7, 1), new LineKey(7, 2));
    lines.delete(new LineKey(7, 1));
    assertThat(lines.load(new LineKey(7, 1))).isNull();
    assertThat(lines.load(new LineKey(7, 2))).isEqualTo(line);
  }

  @Test
  void aBeanMayLieInReservedWords() {
    JdbcTable<String, Customer> customers =
        new JdbcTable<>(
            dataSource(),
            JdbcMapping.table("user", String.class, Customer.class)
                .key("login")
                .without("greeting")
                .build());
    Customer customer = new Customer();
    customer.setName("Ann");
    customer.setGroup(3);
    customers.write("ann", customer);
    assertThat(customers.load("ann"))
        .isNotNull()
        .satisfies(
            loaded -> {
              assertThat(loaded.getName()).isEqualTo("Ann");
              assertThat(loaded.getGroup()).isEqualTo(3);
              assertThat(loaded.getGreeting()).isEqualTo("Hello");
            });
  }

  @Test
  void aValueMayBeOneColumn() {
    JdbcTable<Integer, String> words =
        new JdbcTable<>(
            dataSource(),
            JdbcMapping.table(schema() + ".word", Integer.class, String.class)
                .key("id")
                .valueColumn("text")
                .build());
    words.write(1, "one");
    words.write(1, "un");
    assertThat(words.load(1)).isEqualTo("un");
  }

  @Test
  void anUnknownColumnIsNamedWithTheColumnsThereAre() {
    JdbcTable<Long, Product> wrong =
        new JdbcTable<>(
            dataSource(),
            JdbcMapping.table("product", Long.class, Product.class)
                .key("id")
                .column("unitPrice", "price")
                .build());
    assertThatThrownBy(() -> wrong.load(1L))
        .isInstanceOf(JdbcTableException.class)
        .message()
        .isEqualToIgnoringCase(
            "Table product has no column price for the property unitPrice; it has id, name,"
                + " on_sale, unit_price. Name it with JdbcMapping.Builder.column(...)");
  }

  @Test
  void anUnknownTableIsNamed() {
    JdbcTable<Long, Product> none =
        new JdbcTable<>(
            dataSource(), JdbcMapping.table("goods", Long.class, Product.class).key("id").build());
    assertThatThrownBy(() -> none.load(1L))
        .isInstanceOf(JdbcTableException.class)
        .message()
        .startsWithIgnoringCase("There is no table goods ")
        .contains(" of jdbc:");
  }

  @Test
  void aNullForAPrimitiveIsRefused() throws SQLException {
    execute(
        "alter table product drop column on_sale",
        "alter table product add column on_sale boolean",
        "insert into product(id, name) values (1, 'p')");
    assertThatThrownBy(() -> products().load(1L))
        .isInstanceOf(JdbcTableException.class)
        .hasMessage(
            "Column on_sale is null, but the property onSale of type boolean cannot be: make it"
                + " Boolean");
  }

  record Track(String name, int seconds) {}

  record Album(String title, @Nullable List<Track> tracks, int version) {}

  private JdbcTable<Integer, Album> albums() {
    return new JdbcTable<>(
        dataSource(),
        JdbcMapping.table("album", Integer.class, Album.class)
            .key("id")
            .json("tracks")
            .version("version")
            .build());
  }

  private static Album album(String title, int version) {
    return new Album(title, List.of(new Track("\"One\" \\ Größe", 61)), version);
  }

  @Test
  void aPropertyMayLieInAColumnOfJson() throws SQLException {
    JdbcTable<Integer, Album> albums = albums();
    albums.write(1, album("a", 1));
    assertThat(albums.load(1)).isEqualTo(album("a", 1));
    albums.write(1, new Album("a", null, 2));
    assertThat(albums.load(1)).isEqualTo(new Album("a", null, 2));
    execute("update album set tracks = '{\"no\": \"list\"}'", "update album set version = 3");
    assertThatThrownBy(() -> albums.load(1))
        .isInstanceOf(JdbcTableException.class)
        .hasMessageStartingWith("Column tracks holds no JSON of ");
  }

  @Test
  void aWholeValueMayLieInOneColumnAsJson() {
    JdbcTable<Integer, Track> notes =
        new JdbcTable<>(
            dataSource(),
            JdbcMapping.table("note", Integer.class, Track.class)
                .key("id")
                .valueAsJson("body")
                .build());
    notes.writeAll(
        new ArrayList<>(
            List.of(
                new CacheEntry<>(1, new Track("a", 1)), new CacheEntry<>(2, new Track("b", 2)))));
    assertThat(notes.loadAll(Set.of(1, 2, 3)))
        .isEqualTo(Map.of(1, new Track("a", 1), 2, new Track("b", 2)));
  }

  @Test
  void aRowIsReplacedOnlyByALaterVersion() {
    JdbcTable<Integer, Album> albums = albums();
    albums.write(1, album("first", 1));
    albums.write(1, album("second", 2));
    albums.write(1, album("second", 2));
    assertThatThrownBy(() -> albums.write(1, album("other", 2)))
        .isInstanceOf(JdbcConflictException.class)
        .hasMessage(
            "A row of table album has version 2 and is not replaced by version 2; whoever changes"
                + " a value counts its version up");
    assertThatThrownBy(() -> albums.write(1, album("older", 1)))
        .isInstanceOf(JdbcConflictException.class);
    assertThat(albums.load(1)).isEqualTo(album("second", 2));
    albums.delete(1);
    albums.write(1, album("again", 1));
    assertThat(albums.load(1)).isEqualTo(album("again", 1));
  }

  @Test
  void aBatchOfVersionsIsWrittenWholeOrNotAtAll() {
    JdbcTable<Integer, Album> albums = albums();
    albums.write(1, album("one", 1));
    albums.write(2, album("two", 7));
    List<CacheEntry<Integer, Album>> conflicting = new ArrayList<>();
    conflicting.add(new CacheEntry<>(1, album("one", 2)));
    conflicting.add(new CacheEntry<>(2, album("late", 6)));
    conflicting.add(new CacheEntry<>(3, album("three", 1)));
    assertThatThrownBy(() -> albums.writeAll(conflicting))
        .isInstanceOf(JdbcConflictException.class);
    assertThat(conflicting).hasSize(3);
    assertThat(albums.loadAll(Set.of(1, 2, 3)))
        .isEqualTo(Map.of(1, album("one", 1), 2, album("two", 7)));
    conflicting.remove(1);
    albums.writeAll(conflicting);
    assertThat(conflicting).isEmpty();
    assertThat(albums.loadAll(Set.of(1, 3)))
        .isEqualTo(Map.of(1, album("one", 2), 3, album("three", 1)));
  }

  @Test
  void statementsMayBeGiven() {
    JdbcTable<Long, Product> products = products();
    products.write(1L, product(1));
    products.write(2L, product(2));
    JdbcTable<Long, Product> given =
        new JdbcTable<>(
            dataSource(),
            JdbcMapping.sql(Long.class, Product.class)
                .key("id")
                .load(
                    "select p.id, p.name, p.unit_price, p.on_sale from product p"
                        + " where p.name <> ':name' and p.id in (:keys) -- :nothing")
                .write("update product set name = :name, unit_price = :unitPrice where id = :id")
                .delete("delete from product where id = :id and on_sale = false")
                .build());
    assertThat(given.loadAll(Set.of(1L, 2L, 3L))).isEqualTo(Map.of(1L, product(1), 2L, product(2)));
    given.writeAll(
        new ArrayList<>(List.of(new CacheEntry<>(1L, new Product(1, "new", null, true)))));
    assertThat(given.load(1L)).isEqualTo(new Product(1, "new", null, false));
    given.deleteAll(new ArrayList<>(List.of(1L, 2L)));
    assertThat(given.loadAll(Set.of(1L, 2L))).containsOnlyKeys(2L);
  }

  @Test
  void givenStatementsKnowKeysOfSeveralColumns() {
    JdbcMapping<LineKey, String> mapping =
        JdbcMapping.sql(LineKey.class, String.class)
            .valueColumn("colour")
            .load("select order_id, line_no, colour from line where (order_id, line_no) in (:keys)")
            .write(
                "insert into line(order_id, line_no, colour) values (:orderId, :line_no, :colour)")
            .build();
    JdbcTable<LineKey, String> lines = new JdbcTable<>(dataSource(), mapping);
    lines.write(new LineKey(1, 1), "RED");
    lines.write(new LineKey(1, 2), "GREEN");
    assertThat(lines.loadAll(Set.of(new LineKey(1, 1), new LineKey(1, 2), new LineKey(2, 1))))
        .isEqualTo(Map.of(new LineKey(1, 1), "RED", new LineKey(1, 2), "GREEN"));
    assertThatThrownBy(() -> lines.delete(new LineKey(1, 1)))
        .isInstanceOf(JdbcTableException.class)
        .hasMessage("There is no statement to delete the rows of java.lang.String; give one");
  }

  @Test
  void aGivenStatementThatChangesNoRowIsAConflictWithAVersion() {
    albums().write(1, album("one", 1));
    JdbcTable<Integer, Album> given =
        new JdbcTable<>(
            dataSource(),
            JdbcMapping.sql(Integer.class, Album.class)
                .key("id")
                .json("tracks")
                .version("version")
                .load("select title, tracks, version from album where id = :id")
                .write(
                    "update album set title = :title, version = :version where id = :id and version"
                        + " < :version")
                .build());
    given.write(1, album("two", 2));
    assertThat(given.loadAll(Set.of(1, 2))).isEqualTo(Map.of(1, album("two", 2)));
    assertThatThrownBy(() -> given.write(1, album("three", 2)))
        .isInstanceOf(JdbcConflictException.class);
  }

  @SuppressWarnings("ArrayRecordComponent") // compared field by field
  record Everything(
      byte @Nullable [] someBytes,
      @Nullable BigInteger big,
      @Nullable BigDecimal exact,
      @Nullable Short small,
      @Nullable Double realNumber,
      @Nullable Character letter,
      @Nullable String word,
      @Nullable Colour colour,
      @Nullable LocalDate dueDay,
      @Nullable LocalTime clock,
      @Nullable LocalDateTime local,
      @Nullable Instant moment,
      @Nullable Date oldDate,
      @Nullable UUID other,
      @Nullable Boolean yes) {}

  private JdbcTable<UUID, Everything> everything() {
    return new JdbcTable<>(
        dataSource(),
        JdbcMapping.table("everything", UUID.class, Everything.class).key("id").build());
  }

  @Test
  void everyTypeOfColumnComesBackAsItWent() {
    TimeZone before = TimeZone.getDefault();
    try {
      // A zone with a summer time, whose gap is in the local time below.
      TimeZone.setDefault(TimeZone.getTimeZone("America/New_York"));
      JdbcTable<UUID, Everything> table = everything();
      UUID id = UUID.randomUUID();
      Everything full =
          new Everything(
              new byte[] {0, -1, 39, 92},
              new BigInteger("12345678901234567890123456789012345678"),
              new BigDecimal("-1234567890.1200"),
              (short) -7,
              1e-30,
              'ü',
              "a'b\\c\"d; drop table x -- 😀",
              Colour.RED,
              LocalDate.of(2024, 2, 29),
              LocalTime.of(23, 59, 59),
              LocalDateTime.of(2026, 7, 8, 2, 30, 0, 123_000_000),
              Instant.parse("2026-11-01T05:30:00Z"),
              Date.from(Instant.parse("2026-01-08T07:30:00.123Z")),
              UUID.randomUUID(),
              true);
      table.write(id, full);
      assertThat(table.load(id)).usingRecursiveComparison().isEqualTo(full);
      Everything empty =
          new Everything(
              null, null, null, null, null, null, null, null, null, null, null, null, null, null,
              null);
      table.write(id, empty);
      assertThat(table.loadAll(Set.of(id))).isEqualTo(Map.of(id, empty));
    } finally {
      TimeZone.setDefault(before);
    }
  }

  @Test
  void keysThatOnlyTheDatabaseTakesForEqualAreLoadedAsTheyWereAskedFor() {
    JdbcTable<String, BigDecimal> codes =
        new JdbcTable<>(
            dataSource(),
            JdbcMapping.table("codes", String.class, BigDecimal.class)
                .key("code")
                .valueColumn("price")
                .build());
    codes.write("abc", new BigDecimal("1.50"));
    codes.write("abcdef", new BigDecimal("2.50"));
    assertThat(codes.load("abc")).isEqualTo(new BigDecimal("1.50"));
    assertThat(codes.loadAll(Set.of("abc", "abcdef", "none")))
        .isEqualTo(Map.of("abc", new BigDecimal("1.50"), "abcdef", new BigDecimal("2.50")));
  }

  record Labels(Map<String, Integer> tracks, int version) {}

  @Test
  void jsonInAnotherOrderIsTheSame() {
    JdbcTable<Integer, Labels> albums =
        new JdbcTable<>(
            dataSource(),
            JdbcMapping.table("album", Integer.class, Labels.class)
                .key("id")
                .json("tracks")
                .version("version")
                .build());
    Map<String, Integer> unsorted = new LinkedHashMap<>();
    unsorted.put("longer", 1);
    unsorted.put("b", 2);
    unsorted.put("a", 3);
    albums.write(1, new Labels(unsorted, 1));
    albums.write(1, new Labels(new TreeMap<>(unsorted), 1));
    assertThat(albums.load(1)).isEqualTo(new Labels(unsorted, 1));
    assertThatThrownBy(() -> albums.write(1, new Labels(Map.of("a", 4), 1)))
        .isInstanceOf(JdbcConflictException.class);
  }

  @Test
  void aPoolWithoutAutoCommitLosesNothing() {
    HikariConfig config = new HikariConfig();
    config.setDataSource(dataSource());
    config.setAutoCommit(false);
    config.setMaximumPoolSize(2);
    try (HikariDataSource pool = new HikariDataSource(config)) {
      JdbcTable<Long, Product> pooled = new JdbcTable<>(pool, mapping);
      pooled.write(1L, product(1));
      pooled.writeAll(new ArrayList<>(List.of(new CacheEntry<>(2L, product(2)))));
      assertThat(products().loadAll(Set.of(1L, 2L))).containsOnlyKeys(1L, 2L);
      assertThatThrownBy(() -> pooled.write(3L, new Product(3, "x".repeat(21), null, false)))
          .isInstanceOf(JdbcTableException.class);
      pooled.delete(1L);
      pooled.deleteAll(new ArrayList<>(List.of(2L)));
      assertThat(products().loadAll(Set.of(1L, 2L, 3L))).isEmpty();
    }
  }

  @Test
  void namesInAMappingAreNeverSql() {
    assertThatThrownBy(
            () ->
                new JdbcTable<>(
                        dataSource(),
                        JdbcMapping.table("product", Long.class, Product.class)
                            .key("id")
                            .column("name", "name\" = '' or 1=1 --")
                            .build())
                    .write(1L, product(1)))
        .isInstanceOf(JdbcTableException.class)
        .hasMessageContaining("has no column");
    assertThatThrownBy(
            () ->
                JdbcMapping.table("product; drop table product", Long.class, Product.class)
                    .key("id")
                    .build())
        .isInstanceOf(IllegalArgumentException.class);
  }
}
