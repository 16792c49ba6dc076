package io.pillion.spring.writebehind;

import io.pillion.cache.DeadLetter;
import io.pillion.cache.WriteBehind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/**
 * The actuator's view of {@link WriteBehinds}: {@code GET writebehind}, {@code GET
 * writebehind/<cache>} for dead letters, {@code POST} and {@code DELETE writebehind/<cache>/<id>}
 * to try one again or forget it. Shows keys and errors, no values.
 */
@Endpoint(id = "writebehind")
public final class WriteBehindEndpoint {
  private static final int MOST_LETTERS = 100;

  private final WriteBehinds all;

  /** Over these. */
  public WriteBehindEndpoint(WriteBehinds all) {
    this.all = all;
  }

  /**
   * How the writing behind one cache goes.
   *
   * @param waiting how many changes wait, in all processes
   * @param lag how long the oldest of them has waited
   * @param writing whether this process is the one that writes
   * @param written how many keys this process has written
   * @param failures how often the writer failed here
   * @param retries how often a change was tried again here
   * @param failing the keys that wait for another try here, and why
   * @param deadLetters how many changes were given up
   */
  public record Queue(
      long waiting,
      Duration lag,
      boolean writing,
      long written,
      long failures,
      long retries,
      Map<String, String> failing,
      long deadLetters) {}

  /**
   * A change that was given up.
   *
   * @param operation {@code write} or {@code delete}
   */
  public record Letter(
      String id, String key, String operation, int tries, String error, Instant since) {}

  /** Whether there was such a letter. */
  public record Outcome(boolean done) {}

  /** All caches that are written behind, by name. */
  @ReadOperation
  public Map<String, Queue> queues() {
    Map<String, Queue> queues = new TreeMap<>();
    all.all().forEach((name, behind) -> queues.put(name, queue(behind)));
    return queues;
  }

  private static Queue queue(WriteBehind<?, ?> behind) {
    Map<String, String> failing = new TreeMap<>();
    behind.failing().forEach((key, error) -> failing.put(String.valueOf(key), error));
    return new Queue(
        behind.length(),
        behind.age(),
        behind.isWriting(),
        behind.written(),
        behind.failures(),
        behind.retries(),
        failing,
        behind.deadLetterCount());
  }

  /** The oldest 100 dead letters of this cache; null when it is not written behind. */
  @ReadOperation
  public @Nullable List<Letter> deadLetters(@Selector String cache) {
    WriteBehind<?, ?> behind = all.of(cache);
    return behind == null
        ? null
        : behind.deadLetters(MOST_LETTERS).stream().map(WriteBehindEndpoint::letter).toList();
  }

  private static Letter letter(DeadLetter<?, ?> letter) {
    return new Letter(
        letter.id(),
        letter.key() == null ? "unreadable" : String.valueOf(letter.key()),
        letter.isDeletion() ? "delete" : "write",
        letter.tries(),
        letter.error(),
        letter.since());
  }

  /** Queues a dead letter again, unless a later change of its key waits already. */
  @WriteOperation
  public Outcome retry(@Selector String cache, @Selector String id) {
    WriteBehind<?, ?> behind = all.of(cache);
    return new Outcome(behind != null && behind.retry(id));
  }

  /** Forgets a dead letter: its change never reaches the writer. */
  @DeleteOperation
  public Outcome discard(@Selector String cache, @Selector String id) {
    WriteBehind<?, ?> behind = all.of(cache);
    return new Outcome(behind != null && behind.discard(id));
  }
}
