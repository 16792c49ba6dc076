package io.pillion.engine.net;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.config.Parameters.OutputLimit;
import io.pillion.engine.dispatch.Client;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What connections may take, alone and together. Values of parameters are kept here as connections
 * need them, and follow changes.
 */
final class NetworkLimits {
  /** All clients' unsent replies together, before those with the most must read first. */
  private static final long OUTPUT_BYTES =
      Math.max(16L << 20, Runtime.getRuntime().maxMemory() / 4);

  /** All clients' large unfinished requests together: they lie on the heap. */
  private static final long INPUT_BYTES = Math.max(16L << 20, Runtime.getRuntime().maxMemory() / 4);

  private final Parameters parameters;
  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicLong inputBytes = new AtomicLong();
  private final AtomicLong outputBytes = new AtomicLong();

  private volatile long maxClients;
  private volatile long maxBulkBytes;
  private volatile long queryBufferBytes;
  private volatile long idleMillis;
  private volatile OutputLimit outputLimit = new OutputLimit(0, 0, 0);
  private volatile OutputLimit subscriberLimit = new OutputLimit(0, 0, 0);

  NetworkLimits(Parameters parameters) {
    this.parameters = parameters;
    refresh();
    parameters.onChange(
        this::refresh,
        "maxclients",
        "proto-max-bulk-len",
        "client-query-buffer-limit",
        "timeout",
        "client-output-buffer-limit");
  }

  private void refresh() {
    maxClients = parameters.number("maxclients");
    maxBulkBytes = parameters.number("proto-max-bulk-len");
    queryBufferBytes = parameters.number("client-query-buffer-limit");
    idleMillis = parameters.number("timeout") * 1000;
    outputLimit = parameters.outputLimit("normal");
    subscriberLimit = parameters.outputLimit("pubsub");
  }

  /** Counts a connection; false when it is one too many, which counts until it has left. */
  boolean connected() {
    return connections.incrementAndGet() <= maxClients;
  }

  void disconnected() {
    connections.decrementAndGet();
  }

  long maxBulkBytes() {
    return maxBulkBytes;
  }

  /** How long a client may be silent; 0 for ever. */
  long idleMillis() {
    return idleMillis;
  }

  /** What a client that is no replica may leave unread, as its class allows. */
  OutputLimit outputLimit(Client client) {
    return client.isSubscriber() ? subscriberLimit : outputLimit;
  }

  /**
   * Whether a connection that was counted with some input may hold so much instead.
   *
   * @param reservedBytes what the held bytes take, with the room made for those to come
   */
  boolean mayHold(long heldBytes, long reservedBytes, long countedBytes) {
    return heldBytes <= queryBufferBytes
        && (reservedBytes <= countedBytes
            || inputBytes.get() - countedBytes + reservedBytes <= INPUT_BYTES);
  }

  /** The largest word that may be received on the heap when there is no room outside. */
  long maxHeapWordBytes() {
    return INPUT_BYTES / 4;
  }

  void addInputBytes(long difference) {
    inputBytes.addAndGet(difference);
  }

  /** Whether all unsent replies together take so much that clients must read first. */
  boolean isOutputScarce() {
    return outputBytes.get() > OUTPUT_BYTES;
  }

  /** What each client may keep unread even when {@link #isOutputScarce()}. */
  long fairOutputBytes() {
    return OUTPUT_BYTES / Math.max(4, connections.get());
  }

  void addOutputBytes(long difference) {
    outputBytes.addAndGet(difference);
  }
}
