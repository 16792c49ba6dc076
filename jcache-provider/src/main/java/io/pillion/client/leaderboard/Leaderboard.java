package io.pillion.client.leaderboard;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.Replies;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A ranking of members by score, kept in one sorted set.
 *
 * <p><b>Ties.</b> By default members of equal score share the better place and the next place is
 * skipped (1, 2, 2, 4: standard competition ranking), because a rank then depends on scores alone
 * and nobody loses a place to a name. Within a shared place entries are listed by member, in the
 * order of their UTF-8 bytes (in reverse where the highest score leads), so that pages neither
 * repeat nor skip anyone. {@link Ties#ORDINAL} gives each entry its position in that list instead.
 * Who reached a score first is not remembered: it would need room inside the score, and INCR and
 * "keep the best" would no longer be one atomic command.
 *
 * <p><b>Atomicity.</b> Every change is one command. Every answer holds at one moment: members,
 * scores and ranks of one answer belong together. Where the rank depends on a score that has to be
 * read first, both are read again in one transaction until the board did not change in between, at
 * most {@value #MOST_ATTEMPTS} times; after that the last reading is returned, whose ranks may be
 * off by what changed during one round trip.
 *
 * <p><b>Cost.</b> n members, m entries returned. Changes, score and rank: O(log n). Lists: O(log n
 * + m). Round trips are given with each method. The memory is that of the sorted set.
 *
 * <p>Thread-safe and without state of its own: instances of the same name, in whatever process, see
 * the same board, as long as they agree on {@link Order}, {@link Ties} and {@link Keep}. Each
 * method exists in a waiting form and in one that ends in {@code Async}; both fail with {@link
 * io.pillion.client.CommandException} or {@link io.pillion.client.ConnectionException}.
 */
public final class Leaderboard {
  /** Which score leads. */
  public enum Order {
    /** Points: more is better. */
    HIGHEST_FIRST,
    /** Lap times: less is better. */
    LOWEST_FIRST
  }

  /** What equal scores mean for the rank. */
  public enum Ties {
    /** Equal scores share the better place: 1, 2, 2, 4. */
    SHARED,
    /**
     * Each entry has a place of its own, equal scores in the order of their members: 1, 2, 3, 4.
     */
    ORDINAL
  }

  /** Which score stays when a member submits another one. */
  public enum Keep {
    /** The better of the two, by the board's order. */
    BEST,
    /** The one submitted last. */
    LATEST
  }

  /** The longest list that one call returns. */
  public static final int MOST_ENTRIES = 10_000;

  private static final int MOST_ATTEMPTS = 8;

  /** How many more times a window is read that does not show the member it is about. */
  private static final int MOST_ATTEMPTS_TO_SHOW = 56;

  private static final int BATCH = 500;

  private final Commands commands;
  private final String key;
  private final Order order;
  private final Ties ties;
  private final Keep keep;

  private Leaderboard(Commands commands, String name, Order order, Ties ties, Keep keep) {
    this.commands = commands;
    this.key = "p:board:" + name;
    this.order = order;
    this.ties = ties;
    this.keep = keep;
  }

  /** The board of this name: the highest score leads, ties share a place, the best score stays. */
  public static Leaderboard of(Commands commands, String name) {
    return new Leaderboard(commands, name, Order.HIGHEST_FIRST, Ties.SHARED, Keep.BEST);
  }

  /** The same board with this order. */
  public Leaderboard with(Order order) {
    return new Leaderboard(commands, name(), order, ties, keep);
  }

  /** The same board with this treatment of ties. */
  public Leaderboard with(Ties ties) {
    return new Leaderboard(commands, name(), order, ties, keep);
  }

  /** The same board with this rule for repeated submissions. */
  public Leaderboard with(Keep keep) {
    return new Leaderboard(commands, name(), order, ties, keep);
  }

  /** The name given to {@link #of}. */
  public String name() {
    return key.substring("p:board:".length());
  }

  /** See {@link #submitAsync}. */
  public double submit(String member, double score) {
    return await(() -> submitAsync(member, score));
  }

  /**
   * Enters a score, and keeps what {@link Keep} says. One round trip.
   *
   * @param score not NaN; infinities are scores
   * @return the score the member has now
   */
  public CompletionStage<Double> submitAsync(String member, double score) {
    Command add = add().arg(checked(score)).arg(member);
    return commands
        .transaction(List.of(add, read("ZSCORE").arg(member)))
        .thenApply(
            replies -> {
              Replies.asLong(replies.get(0));
              return Replies.asDouble(replies.get(1));
            });
  }

  /** See {@link #submitAllAsync}. */
  public void submitAll(Map<String, Double> scores) {
    await(() -> submitAllAsync(scores));
  }

  /**
   * Enters many scores as {@link #submitAsync} does each, in commands of {@value #BATCH}; others
   * may see some of them before the rest. One round trip.
   */
  public CompletionStage<Void> submitAllAsync(Map<String, Double> scores) {
    List<Command> batches = new ArrayList<>();
    int inBatch = BATCH;
    Command add = add();
    for (Map.Entry<String, Double> one : scores.entrySet()) {
      if (inBatch == BATCH) {
        add = add();
        batches.add(add);
        inBatch = 0;
      }
      add.arg(checked(one.getValue())).arg(one.getKey());
      inBatch++;
    }
    CompletionStage<Void> all = CompletableFuture.completedFuture(null);
    for (CompletionStage<@Nullable Object> batch : commands.pipeline(batches)) {
      all = all.thenCompose(before -> batch.thenAccept(Replies::asLong));
    }
    return all;
  }

  private Command add() {
    Command add = read("ZADD");
    if (keep == Keep.BEST) {
      add.arg(order == Order.HIGHEST_FIRST ? "GT" : "LT");
    }
    return add;
  }

  private static double checked(double score) {
    if (Double.isNaN(score)) {
      throw new IllegalArgumentException("A score must be a number, but was NaN.");
    }
    return score;
  }

  /** See {@link #incrementAsync}. */
  public double increment(String member, double delta) {
    return await(() -> incrementAsync(member, delta));
  }

  /**
   * Adds to a member's score, which starts at 0; the rule of {@link Keep} does not apply. One round
   * trip.
   *
   * @param delta not NaN
   * @return the new score
   */
  public CompletionStage<Double> incrementAsync(String member, double delta) {
    return commands
        .send(read("ZINCRBY").arg(checked(delta)).arg(member))
        .thenApply(Replies::asDouble);
  }

  /** See {@link #removeAsync}. */
  public boolean remove(String member) {
    return await(() -> removeAsync(member));
  }

  /** Removes a member; false when it was not on the board. One round trip. */
  public CompletionStage<Boolean> removeAsync(String member) {
    return commands.send(read("ZREM").arg(member)).thenApply(Replies::asBoolean);
  }

  /** See {@link #keepTopAsync}. */
  public long keepTop(long count) {
    return await(() -> keepTopAsync(count));
  }

  /**
   * Removes all but the first entries. One round trip, O(log n + removed).
   *
   * @param count how many stay, at least 0; ties are cut in the order they are listed
   * @return how many were removed
   */
  public CompletionStage<Long> keepTopAsync(long count) {
    atLeast(0, count);
    Command cut = read("ZREMRANGEBYRANK");
    if (order == Order.LOWEST_FIRST) {
      cut.arg(count).arg(-1);
    } else {
      cut.arg(0).arg(-count - 1);
    }
    return commands.send(cut).thenApply(Replies::asLong);
  }

  /** See {@link #clearAsync}. */
  public void clear() {
    await(() -> clearAsync());
  }

  /** Removes everyone, without blocking the server for long. One round trip. */
  public CompletionStage<Void> clearAsync() {
    return commands.send(read("UNLINK")).thenAccept(Replies::asLong);
  }

  /** See {@link #expireAtAsync}. */
  public boolean expireAt(Instant when) {
    return await(() -> expireAtAsync(when));
  }

  /**
   * Lets the whole board disappear at a time, as the board of a week does. One round trip.
   *
   * @return false when the board is empty, and so does not exist
   */
  public CompletionStage<Boolean> expireAtAsync(Instant when) {
    return commands.send(read("PEXPIREAT").arg(when.toEpochMilli())).thenApply(Replies::asBoolean);
  }

  /** See {@link #sizeAsync}. */
  public long size() {
    return await(() -> sizeAsync());
  }

  /** How many members there are. One round trip, O(1). */
  public CompletionStage<Long> sizeAsync() {
    return commands.send(read("ZCARD")).thenApply(Replies::asLong);
  }

  /** See {@link #scoreAsync}. */
  public OptionalDouble score(String member) {
    return await(() -> scoreAsync(member));
  }

  /** A member's score; empty when it is not on the board. One round trip. */
  public CompletionStage<OptionalDouble> scoreAsync(String member) {
    return commands
        .send(read("ZSCORE").arg(member))
        .thenApply(
            reply ->
                reply == null
                    ? OptionalDouble.empty()
                    : OptionalDouble.of(Replies.asDouble(reply)));
  }

  /** See {@link #rankAsync}. */
  public OptionalLong rank(String member) {
    return await(() -> rankAsync(member));
  }

  /** A member's place, from 1; empty when it is not on the board. Round trips as {@link #find}. */
  public CompletionStage<OptionalLong> rankAsync(String member) {
    return findAsync(member)
        .thenApply(entry -> entry == null ? OptionalLong.empty() : OptionalLong.of(entry.rank()));
  }

  /** See {@link #findAsync}. */
  public @Nullable Entry find(String member) {
    return await(() -> findAsync(member));
  }

  /**
   * A member's score and place; null when it is not on the board. One round trip with {@link
   * Ties#ORDINAL}, two with {@link Ties#SHARED} while the member's score does not change.
   */
  public CompletionStage<@Nullable Entry> findAsync(String member) {
    if (ties == Ties.ORDINAL) {
      return commands
          .transaction(List.of(read("ZSCORE").arg(member), rankOf(member)))
          .thenApply(
              replies ->
                  replies.get(0) == null
                      ? null
                      : new Entry(
                          member,
                          Replies.asDouble(replies.get(0)),
                          Replies.asLong(replies.get(1)) + 1));
    }
    return scoreAsync(member).thenCompose(score -> findShared(member, score, MOST_ATTEMPTS));
  }

  private CompletionStage<@Nullable Entry> findShared(
      String member, OptionalDouble guess, int attempts) {
    if (guess.isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    double guessed = guess.getAsDouble();
    return commands
        .transaction(List.of(read("ZSCORE").arg(member), countBetterThan(guessed)))
        .thenCompose(
            replies -> {
              if (replies.get(0) == null) {
                return CompletableFuture.completedFuture(null);
              }
              double score = Replies.asDouble(replies.get(0));
              if (score != guessed && attempts > 1) {
                return findShared(member, OptionalDouble.of(score), attempts - 1);
              }
              long better = Replies.asLong(replies.get(1));
              return CompletableFuture.completedFuture(new Entry(member, guessed, better + 1));
            });
  }

  /** See {@link #topAsync}. */
  public List<Entry> top(int count) {
    return await(() -> topAsync(count));
  }

  /**
   * The leading entries, best first. One round trip.
   *
   * @param count at most {@link #MOST_ENTRIES}
   */
  public CompletionStage<List<Entry>> topAsync(int count) {
    return pageAsync(0, count);
  }

  /** See {@link #pageAsync}. */
  public List<Entry> page(long offset, int count) {
    return await(() -> pageAsync(offset, count));
  }

  /**
   * A part of the list, best first. One round trip, and a second one where a shared place begins on
   * an earlier page.
   *
   * @param offset how many entries to skip, at least 0
   * @param count at most {@link #MOST_ENTRIES}; fewer are returned at the end of the list
   */
  public CompletionStage<List<Entry>> pageAsync(long offset, int count) {
    atLeast(0, offset);
    atMost(count);
    if (count == 0) {
      return CompletableFuture.completedFuture(List.of());
    }
    return commands
        .send(range(offset, offset + count - 1))
        .thenCompose(reply -> ranked(offset, offset + count - 1, scored(reply), MOST_ATTEMPTS));
  }

  /** Gives a page its ranks; reads it again together with how many are better than its first. */
  private CompletionStage<List<Entry>> ranked(
      long first, long last, List<Entry> page, int attempts) {
    if (ties == Ties.ORDINAL || first == 0 || page.isEmpty()) {
      return CompletableFuture.completedFuture(rank(page, first, first));
    }
    double leading = page.get(0).score();
    return commands
        .transaction(List.of(range(first, last), countBetterThan(leading)))
        .thenCompose(
            replies -> {
              List<Entry> again = scored(replies.get(0));
              if (!again.isEmpty() && again.get(0).score() != leading && attempts > 1) {
                return ranked(first, last, again, attempts - 1);
              }
              return CompletableFuture.completedFuture(
                  rank(again, first, Replies.asLong(replies.get(1))));
            });
  }

  /** See {@link #aroundAsync}. */
  public List<Entry> around(String member, int radius) {
    return await(() -> aroundAsync(member, radius));
  }

  /**
   * A member between its neighbours, best first; empty when it is not on the board. Two round
   * trips, three with {@link Ties#SHARED} away from the top, while the board does not change.
   *
   * @param radius how many entries before and after it, at least 0; fewer at the ends of the list
   */
  public CompletionStage<List<Entry>> aroundAsync(String member, int radius) {
    atMost(2L * radius + 1);
    return commands
        .send(rankOf(member))
        .thenCompose(position -> around(member, radius, position, null, MOST_ATTEMPTS));
  }

  /**
   * Reads the window around a supposed position together with the true one.
   *
   * @param supposed the position, from 0; null when the member is not there
   * @param leading the supposed score of the first entry in the window; null when not known yet
   */
  private CompletionStage<List<Entry>> around(
      String member,
      int radius,
      @Nullable Object supposed,
      @Nullable Double leading,
      int attempts) {
    if (supposed == null) {
      return CompletableFuture.completedFuture(List.of());
    }
    long position = Replies.asLong(supposed);
    long first = Math.max(0, position - radius);
    boolean countNeeded = ties == Ties.SHARED && first > 0;
    List<Command> reading =
        new ArrayList<>(List.of(rankOf(member), range(first, position + radius)));
    if (countNeeded && leading != null) {
      reading.add(countBetterThan(leading));
    }
    return commands
        .transaction(reading)
        .thenCompose(
            replies -> {
              Object now = replies.get(0);
              if (now == null) {
                return CompletableFuture.completedFuture(List.of());
              }
              List<Entry> window = scored(replies.get(1));
              boolean settled = Replies.asLong(now) == position;
              if (settled && countNeeded && !window.isEmpty()) {
                settled = leading != null && window.get(0).score() == leading;
              }
              boolean shown = window.stream().anyMatch(entry -> entry.member().equals(member));
              if (settled || (attempts <= 1 && shown) || attempts <= -MOST_ATTEMPTS_TO_SHOW) {
                long better = replies.size() > 2 ? Replies.asLong(replies.get(2)) : first;
                return CompletableFuture.completedFuture(rank(window, first, better));
              }
              Double leads = window.isEmpty() ? null : window.get(0).score();
              return around(member, radius, now, leads, attempts - 1);
            });
  }

  /**
   * Numbers entries that are listed one after the other.
   *
   * @param first the position of the first one, from 0
   * @param better how many entries of the board have a better score than the first one
   */
  private List<Entry> rank(List<Entry> listed, long first, long better) {
    List<Entry> ranked = new ArrayList<>(listed.size());
    long rank = ties == Ties.SHARED ? better + 1 : first + 1;
    for (int i = 0; i < listed.size(); i++) {
      Entry entry = listed.get(i);
      boolean tied = i > 0 && ties == Ties.SHARED && listed.get(i - 1).score() == entry.score();
      if (i > 0 && !tied) {
        rank = first + i + 1;
      }
      ranked.add(new Entry(entry.member(), entry.score(), rank));
    }
    return List.copyOf(ranked);
  }

  /** Entries without their ranks, from pairs (RESP3) or from a flat list (RESP2). */
  private static List<Entry> scored(@Nullable Object reply) {
    List<@Nullable Object> elements = Replies.asList(reply);
    List<Entry> entries = new ArrayList<>(elements.size());
    for (int i = 0; i < elements.size(); i++) {
      Object member = elements.get(i);
      Object score;
      if (member instanceof List<?> pair) {
        score = pair.get(1);
        member = pair.get(0);
      } else {
        score = elements.get(++i);
      }
      entries.add(new Entry(String.valueOf(Replies.asText(member)), Replies.asDouble(score), 0));
    }
    return entries;
  }

  private Command range(long first, long last) {
    Command range = read(order == Order.HIGHEST_FIRST ? "ZREVRANGE" : "ZRANGE");
    return range.arg(first).arg(last).arg("WITHSCORES");
  }

  private Command rankOf(String member) {
    return read(order == Order.HIGHEST_FIRST ? "ZREVRANK" : "ZRANK").arg(member);
  }

  private Command countBetterThan(double score) {
    String bound =
        "(" + (Double.isInfinite(score) ? score > 0 ? "inf" : "-inf" : Double.toString(score));
    return order == Order.HIGHEST_FIRST
        ? read("ZCOUNT").arg(bound).arg("+inf")
        : read("ZCOUNT").arg("-inf").arg(bound);
  }

  private Command read(String command) {
    return Command.of(command).arg(key);
  }

  private static void atLeast(long least, long value) {
    if (value < least) {
      throw new IllegalArgumentException("Must be at least " + least + ", but was " + value + ".");
    }
  }

  private static void atMost(long count) {
    if (count < 0 || count > MOST_ENTRIES) {
      throw new IllegalArgumentException(
          "A list has from 0 to " + MOST_ENTRIES + " entries, but " + count + " were asked for.");
    }
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // What the stage holds is what comes out.
  private <T> T await(Supplier<CompletionStage<T>> asking) {
    return (T) commands.call(() -> asking.get().thenApply(value -> (Object) value));
  }
}
