package io.pillion.engine.dispatch;

import java.util.Map;
import java.util.TreeMap;

/** What INFO counts for the whole engine. Changed under the engine lock. */
public final class EngineStatistics {
  private long connections;
  private long commands;
  private long hits;
  private long misses;
  private long rejectedConnections;
  private long outputBytes;
  private long peakBytes;
  private long keptBytes;
  private long receivedBytes;
  private long sentBytes;
  private long evictedClients;
  private long inputLimitDisconnections;
  private long outputLimitDisconnections;
  private long holds;
  private long holdNanos;
  private long longestHoldNanos;
  private long delayedWrites;
  private long delayNanos;
  private long commandNanos;
  private long expiryNanos;
  private long evictionNanos;
  private long copies;
  private final Map<String, Long> errors = new TreeMap<>();

  /** The most different error codes that are counted. */
  private static final int MAX_ERROR_CODES = 128;

  /** How often all data were begun to be written in the background: others fork for that. */
  public long copies() {
    return copies;
  }

  /** All data are begun to be written in the background. */
  public void copying() {
    copies++;
  }

  /** How many clients there have been. */
  public long connections() {
    return connections;
  }

  /** How many commands were carried out. */
  public long commands() {
    return commands;
  }

  /** How many reads found their key. */
  public long hits() {
    return hits;
  }

  /** How many reads did not. */
  public long misses() {
    return misses;
  }

  /** How many connections were refused because there were too many. */
  public long rejectedConnections() {
    return rejectedConnections;
  }

  /** A connection was refused. */
  public void rejectConnection() {
    rejectedConnections++;
  }

  /** Unsent replies have grown or shrunk. */
  public void addOutputBytes(long difference) {
    outputBytes += difference;
  }

  /** What clients' queued commands and watched keys take on the heap. */
  public long keptBytes() {
    return keptBytes;
  }

  void addKeptBytes(long difference) {
    keptBytes += difference;
  }

  /**
   * What clients take, which counts against maxmemory: unsent replies, queued commands, watched
   * keys.
   */
  public long clientBytes() {
    return outputBytes + keptBytes;
  }

  /** How many bytes have come over the network. */
  public long receivedBytes() {
    return receivedBytes;
  }

  /** Bytes have come over the network. */
  public void received(long bytes) {
    receivedBytes += bytes;
  }

  /** How many bytes of replies were given to the network. */
  public long sentBytes() {
    return sentBytes;
  }

  /** Bytes of replies are given to the network. */
  public void sent(long bytes) {
    sentBytes += bytes;
  }

  /** How many clients were dropped because all together took too much. */
  public long evictedClients() {
    return evictedClients;
  }

  void evictClient() {
    evictedClients++;
  }

  /** How many clients were dropped because their request was too long. */
  public long inputLimitDisconnections() {
    return inputLimitDisconnections;
  }

  /** A client is dropped because its request was too long. */
  public void disconnectForInput() {
    inputLimitDisconnections++;
  }

  /** How many clients were dropped because they did not read their replies. */
  public long outputLimitDisconnections() {
    return outputLimitDisconnections;
  }

  /** A client is dropped because it does not read its replies. */
  public void disconnectForOutput() {
    outputLimitDisconnections++;
  }

  /** How often the lock was held: the turns of loops, and calls within the process. */
  public long holds() {
    return holds;
  }

  /** How long it was held, in nanoseconds. */
  public long holdNanos() {
    return holdNanos;
  }

  /** How long commands took, in nanoseconds. */
  public long commandNanos() {
    return commandNanos;
  }

  /** How long it took to remove keys whose time had come, in nanoseconds. */
  public long expiryNanos() {
    return expiryNanos;
  }

  /** How long it took to evict keys, in nanoseconds. */
  public long evictionNanos() {
    return evictionNanos;
  }

  void held(long nanos) {
    holds++;
    holdNanos += nanos;
    longestHoldNanos = Math.max(longestHoldNanos, nanos);
  }

  /** How long the lock was held at a stretch at most, in nanoseconds. */
  public long longestHoldNanos() {
    return longestHoldNanos;
  }

  /** How many changes had to wait for a snapshot. */
  public long delayedWrites() {
    return delayedWrites;
  }

  /** How long changes had to wait for snapshots, in nanoseconds. */
  public long delayNanos() {
    return delayNanos;
  }

  void delayedWrite() {
    delayedWrites++;
  }

  void delayed(long nanos) {
    delayNanos += nanos;
  }

  void expiring(long nanos) {
    expiryNanos += nanos;
  }

  void evicting(long nanos) {
    evictionNanos += nanos;
  }

  /** The most memory that data and unsent replies took at the end of any hold of the lock. */
  public long peakBytes() {
    return peakBytes;
  }

  void memoryUsed(long dataBytes) {
    peakBytes = Math.max(peakBytes, dataBytes + clientBytes());
  }

  /** How many error replies there were, by their first word. */
  public Map<String, Long> errors() {
    return errors;
  }

  /** Begins anew: CONFIG RESETSTAT. */
  public void reset() {
    connections = 0;
    commands = 0;
    hits = 0;
    misses = 0;
    rejectedConnections = 0;
    receivedBytes = 0;
    sentBytes = 0;
    evictedClients = 0;
    inputLimitDisconnections = 0;
    outputLimitDisconnections = 0;
    holds = 0;
    holdNanos = 0;
    longestHoldNanos = 0;
    delayedWrites = 0;
    delayNanos = 0;
    commandNanos = 0;
    expiryNanos = 0;
    evictionNanos = 0;
    copies = 0;
    errors.clear();
  }

  void connected() {
    connections++;
  }

  void executed(long nanos) {
    commands++;
    commandNanos += nanos;
  }

  void hit() {
    hits++;
  }

  void miss() {
    misses++;
  }

  void error(String text) {
    int space = text.indexOf(' ');
    String code = space < 0 ? text : text.substring(0, space);
    if (errors.size() < MAX_ERROR_CODES || errors.containsKey(code)) {
      errors.merge(code, 1L, Long::sum);
    }
  }
}
