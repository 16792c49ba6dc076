package io.pillion.cache;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * In which order the transactions of this process changed a key. A change is numbered while its
 * transaction still holds what it wrote to the database, so that the numbers of a key have the
 * database's order; when the transactions tell the cache after their commits, in whatever order,
 * one that comes late finds that a later one was there already. What a transaction has loaded comes
 * after all that was told before, and before all that is told later.
 *
 * <p>Only keys are known that a running transaction has changed or loaded. Thread-safe.
 */
final class CommitOrder {
  private final ConcurrentMap<String, Order> keys = new ConcurrentHashMap<>();

  /** What is to be done with a change. */
  enum Answer {
    /** It is the latest. */
    APPLY,
    /** It is not known which is later: the next reader has to find out. */
    REMOVE,
    /** A later one was told before. */
    IGNORE
  }

  /** The order of one key; guarded by the map's bin. */
  private static final class Order {
    private int transactions;
    private int changing;
    private long last;
    private long told;
    private long doubtful;
  }

  /** A transaction that changes or loads this key for the first time; ends with {@link #end}. */
  void begin(byte[] id) {
    keys.compute(
        text(id),
        (key, known) -> {
          Order order = known == null ? new Order() : known;
          order.transactions++;
          return order;
        });
  }

  /**
   * Numbers a change of this key; between {@link #begin} and {@link #end}.
   *
   * @param isFirst whether it is the first that its transaction makes
   */
  long change(byte[] id, boolean isFirst) {
    long[] number = new long[1];
    keys.computeIfPresent(
        text(id),
        (key, order) -> {
          order.changing += isFirst ? 1 : 0;
          number[0] = ++order.last;
          return order;
        });
    return number[0];
  }

  /**
   * Numbers what was loaded; between {@link #begin} and {@link #end}. Where another transaction is
   * about to change the key, it is too late already: negative.
   */
  long load(byte[] id) {
    long[] number = new long[1];
    keys.computeIfPresent(
        text(id),
        (key, order) -> {
          number[0] = order.changing > 0 ? -1 : ++order.last;
          return order;
        });
    return number[0];
  }

  /**
   * The cache was changed by nobody's transaction.
   *
   * @param isWritten whether the database was, too, and so after all that has a number
   */
  void overtake(byte[] id, boolean isWritten) {
    if (!keys.isEmpty()) {
      keys.computeIfPresent(
          text(id),
          (key, order) -> {
            if (isWritten) {
              order.told = ++order.last;
            } else {
              order.doubtful = ++order.last;
            }
            return order;
          });
    }
  }

  /** Tells of the change of this number, with the key's lock held. */
  Answer tell(byte[] id, long number) {
    Answer[] answer = {Answer.IGNORE};
    keys.computeIfPresent(
        text(id),
        (key, order) -> {
          if (number > order.told) {
            answer[0] = number > order.doubtful ? Answer.APPLY : Answer.REMOVE;
            order.told = number;
          }
          return order;
        });
    return answer[0];
  }

  /** Whether what was loaded under this number is still what is in the database. */
  boolean isLatest(byte[] id, long number) {
    boolean[] latest = new boolean[1];
    keys.computeIfPresent(
        text(id),
        (key, order) -> {
          latest[0] = number > order.told && number > order.doubtful;
          return order;
        });
    return latest[0];
  }

  /** A transaction is over that changed or loaded this key. */
  void end(byte[] id, boolean hasChanged) {
    keys.computeIfPresent(text(id), (key, order) -> without(order, hasChanged));
  }

  private static @Nullable Order without(Order order, boolean hasChanged) {
    order.changing -= hasChanged ? 1 : 0;
    return --order.transactions == 0 ? null : order;
  }

  private static String text(byte[] id) {
    return new String(id, StandardCharsets.ISO_8859_1);
  }
}
