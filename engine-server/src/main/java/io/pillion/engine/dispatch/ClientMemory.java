package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What clients take, and what becomes of those who take too much. Used under the engine lock.
 *
 * <ul>
 *   <li>One client's queued commands and watched keys: {@code client-query-buffer-limit}, as if
 *       they were still in its input; more closes it.
 *   <li>Those of all clients together: an eighth of the Java heap; more is refused as out of
 *       memory. They count against {@code maxmemory} too.
 *   <li>All that all clients take: {@code maxmemory-clients}; the largest go until it is less,
 *       except those that said CLIENT NO-EVICT.
 * </ul>
 */
final class ClientMemory {
  private static final Logger log = LoggerFactory.getLogger(ClientMemory.class);
  private static final long MAX_KEPT_BYTES = Runtime.getRuntime().maxMemory() / 8;

  private final EngineStatistics statistics;
  private long maxKeptBytesOfOne = Long.MAX_VALUE;
  private long maxBytes;
  private long countedBytes;

  ClientMemory(EngineStatistics statistics) {
    this.statistics = statistics;
  }

  void maxKeptBytesOfOne(long bytes) {
    maxKeptBytesOfOne = bytes;
  }

  /** What all clients may take; 0 for no limit. */
  void maxBytes(long bytes) {
    maxBytes = bytes;
  }

  boolean isLimited() {
    return maxBytes > 0;
  }

  /**
   * Takes note of something kept for a client, before it is kept.
   *
   * @throws CommandException when it is too much, for this client, which is then closed, or for all
   */
  void keep(Client client, long bytes) {
    if (client.keptBytes() + bytes > maxKeptBytesOfOne) {
      log.warn(
          "Closing client that reached max query buffer length: id={} kept={}",
          client.id(),
          client.keptBytes());
      statistics.disconnectForInput();
      client.close(/* afterReplies= */ false);
      throw Errors.outOfMemory();
    }
    if (statistics.keptBytes() + bytes > MAX_KEPT_BYTES) {
      throw Errors.outOfMemory();
    }
    addKept(client, bytes);
  }

  void addKept(Client client, long difference) {
    client.keptBytes(client.keptBytes() + difference);
    statistics.addKeptBytes(difference);
  }

  /** Counts what a client takes now. */
  void count(Client client) {
    long bytes = client.memoryBytes();
    countedBytes += bytes - client.countedBytes();
    client.countedBytes(bytes);
  }

  /** A client is gone. */
  void forget(Client client) {
    countedBytes -= client.countedBytes();
    client.countedBytes(0);
  }

  /** Drops the largest clients while all together take too much. */
  void evict(Iterable<Client> clients) {
    if (countedBytes <= maxBytes) {
      return;
    }
    List<Client> largest = new ArrayList<>();
    for (Client client : clients) {
      count(client);
      boolean server = client.isReplica() || client.isPrimary();
      if (!client.isNoEvict() && !server && !client.isClosing()) {
        largest.add(client);
      }
    }
    largest.sort(Comparator.comparingLong((Client client) -> -client.countedBytes()));
    for (Client client : largest) {
      if (countedBytes <= maxBytes) {
        return;
      }
      log.info("Evicting client id={} that takes {} bytes", client.id(), client.countedBytes());
      statistics.evictClient();
      forget(client);
      client.close(/* afterReplies= */ false);
    }
  }
}
