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
  private final Map<String, Long> errors = new TreeMap<>();

  /** The most different error codes that are counted. */
  private static final int MAX_ERROR_CODES = 128;

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

  /** What clients' unsent replies take, which counts against maxmemory. */
  public long outputBytes() {
    return outputBytes;
  }

  /** Unsent replies have grown or shrunk. */
  public void addOutputBytes(long difference) {
    outputBytes += difference;
  }

  /** The most memory that data and unsent replies took at the end of any hold of the lock. */
  public long peakBytes() {
    return peakBytes;
  }

  void memoryUsed(long dataBytes) {
    peakBytes = Math.max(peakBytes, dataBytes + outputBytes);
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
    errors.clear();
  }

  void connected() {
    connections++;
  }

  void executed() {
    commands++;
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
