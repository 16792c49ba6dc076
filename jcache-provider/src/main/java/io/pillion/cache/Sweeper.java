package io.pillion.cache;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives back the memory of the entries that {@code clear} put out of reach, page by page, in one
 * process at a time. If that process dies, the next clear sweeps for it; at the latest the entries
 * reach the ceiling of their time to live.
 */
final class Sweeper {
  private static final Logger log = LoggerFactory.getLogger(Sweeper.class);
  private static final long DELAY_SECONDS = 2;
  private static final long LEASE_MILLIS = 30_000;
  private static final int PAGE = 1000;

  private final Commands commands;
  private final KeyLayout layout;
  private final AtomicBoolean scheduled = new AtomicBoolean();

  Sweeper(Commands commands, KeyLayout layout) {
    this.commands = commands;
    this.layout = layout;
  }

  /** Sweeps soon, once for all clears until then. */
  void schedule() {
    if (scheduled.compareAndSet(false, true)) {
      CompletableFuture.delayedExecutor(DELAY_SECONDS, TimeUnit.SECONDS, CacheThreads.WORKERS)
          .execute(this::sweepQuietly);
    }
  }

  private void sweepQuietly() {
    scheduled.set(false);
    try {
      sweep();
    } catch (RuntimeException e) {
      log.debug("Left the cleared entries to the next sweep: {}", e.toString());
    }
  }

  /** Removes the entries of past generations, unless another process is at it. */
  void sweep() {
    byte[] token = UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII);
    Command lease =
        Command.of("SET").arg(layout.sweepKey()).arg(token).arg("NX").arg("PX").arg(LEASE_MILLIS);
    if (commands.call(lease) == null) {
      return;
    }
    for (Commands node : commands.primaries()) {
      sweep(node, token);
    }
    if (isStillMine(token)) {
      commands.call(Command.of("DEL").arg(layout.sweepKey()));
    }
  }

  private void sweep(Commands node, byte[] token) {
    byte[] cursor = {'0'};
    do {
      Object current = commands.call(Command.of("GET").arg(layout.generationKey()));
      if (!(current instanceof byte[] digits) || !isStillMine(token)) {
        return;
      }
      long generation = Long.parseLong(new String(digits, StandardCharsets.US_ASCII));
      cursor = sweepPage(node, cursor, generation);
    } while (!(cursor.length == 1 && cursor[0] == '0'));
  }

  private byte[] sweepPage(Commands node, byte[] cursor, long current) {
    Command scan =
        Command.of("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(layout.patternOfAllGenerations())
            .arg("COUNT")
            .arg(PAGE);
    if (!(node.call(scan) instanceof List<?> page)) {
      return new byte[] {'0'};
    }
    List<Command> removals =
        ((List<?>) page.get(1))
            .stream()
                .map(key -> (byte[]) key)
                .filter(key -> layout.generationOf(key) < current)
                .map(key -> Command.of("UNLINK").arg(key))
                .toList();
    commands.pipeline(removals).forEach(commands::await);
    return (byte[]) page.get(0);
  }

  /** Two sweepers do no harm, only twice the work: so the lease needs no fencing. */
  private boolean isStillMine(byte[] token) {
    return commands.call(Command.of("GET").arg(layout.sweepKey())) instanceof byte[] holder
        && Arrays.equals(holder, token);
  }
}
