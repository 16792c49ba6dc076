package io.pillion.engine.persistence;

import io.pillion.engine.dispatch.Engine;

/** What INFO says of saving and loading. Used under the engine lock. */
public final class RdbProgress {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final int NEVER = -1;

  private long lastSaveMillis;
  private long lastSaveNanos;
  private long lastTryNanos;
  private boolean lastOk = true;
  private long lastSeconds = NEVER;
  private long lastPeakBytes;
  private long beganNanos;
  private boolean saving;
  private long saves;
  private long dirtyAtSave;
  private long keysSaved;
  private long keysToSave;
  private long keysLoaded;
  private long keysExpired;
  private long loadingStartMillis;
  private long loadingStartNanos;
  private long loadingBytes;
  private long loadedBytes;
  private long nowNanos;

  void started(Engine engine) {
    lastSaveMillis = engine.startedMillis();
    lastSaveNanos = engine.world().nanos();
    lastTryNanos = lastSaveNanos;
  }

  // --- saving

  void began(Engine engine) {
    saving = true;
    beganNanos = engine.world().nanos();
    lastTryNanos = beganNanos;
    keysSaved = 0;
    keysToSave = 0;
    for (int i = 0; i < engine.keyspace().databaseCount(); i++) {
      keysToSave += engine.keyspace().database(i).size();
    }
  }

  void saving(long keys) {
    keysSaved = keys;
  }

  void saved(Engine engine, long dirty) {
    endSaving(engine);
    lastOk = true;
    saves++;
    dirtyAtSave = dirty;
    lastSaveMillis = engine.keyspace().now();
    lastSaveNanos = engine.world().nanos();
  }

  /** The data were read from elsewhere: they count as what was saved. */
  void reloaded(Engine engine) {
    dirtyAtSave = engine.dirty();
  }

  void failed(Engine engine) {
    endSaving(engine);
    lastOk = false;
  }

  void givenUp() {
    saving = false;
  }

  /** However it ended: the most that was gathered and not written at a time. */
  void gathered(long peakBytes) {
    lastPeakBytes = peakBytes;
  }

  private void endSaving(Engine engine) {
    if (saving) {
      lastSeconds = (engine.world().nanos() - beganNanos) / NANOS_PER_SECOND;
      saving = false;
    }
  }

  /** How many changes there were since the file was saved. */
  public long changes(Engine engine) {
    return engine.dirty() - dirtyAtSave;
  }

  long secondsSinceSave(Engine engine) {
    return (engine.world().nanos() - lastSaveNanos) / NANOS_PER_SECOND;
  }

  boolean mayTry(Engine engine, long pauseNanos) {
    return lastOk || engine.world().nanos() - lastTryNanos > pauseNanos;
  }

  /** When the file was last saved, in Unix seconds. */
  public long lastSaveSeconds() {
    return lastSaveMillis / 1000;
  }

  /** Whether the file could be saved the last time that was tried in the background. */
  public boolean isLastOk() {
    return lastOk;
  }

  /** How long the last save in the background took, in seconds, or -1. */
  public long lastSeconds() {
    return lastSeconds;
  }

  /** The most bytes that the last save in the background had gathered and not written yet. */
  public long lastPeakBytes() {
    return lastPeakBytes;
  }

  /** How long the save that is going on in the background has taken, in seconds, or -1. */
  public long currentSeconds(Engine engine) {
    return saving ? (engine.world().nanos() - beganNanos) / NANOS_PER_SECOND : NEVER;
  }

  /** Whether a save is going on in the background. */
  public boolean isSaving() {
    return saving;
  }

  /** How often the file was saved. */
  public long saves() {
    return saves;
  }

  /** How many keys the save that is going on has taken down; 0 when none is. */
  public long keysSaved() {
    return saving ? keysSaved : 0;
  }

  /** How many keys it will take down; 0 when none is going on. */
  public long keysToSave() {
    return saving ? keysToSave : 0;
  }

  // --- loading

  /** So many bytes are being loaded from now on. */
  public void loading(Engine engine, long bytes) {
    loadingStartMillis = engine.keyspace().now();
    loadingStartNanos = engine.world().nanos();
    nowNanos = loadingStartNanos;
    loadingBytes = bytes;
    loadedBytes = 0;
  }

  /** So many of them are loaded. */
  public void loadedBytes(Engine engine, long bytes) {
    loadedBytes = bytes;
    nowNanos = engine.world().nanos();
  }

  /** No more are being loaded. */
  public void loadingEnded() {
    loadingBytes = 0;
  }

  /** How many keys the loading that is over has found. */
  public void loaded(long keys, long expired) {
    keysLoaded = keys;
    keysExpired = expired;
  }

  /** When the loading that is going on began, in Unix seconds. */
  public long loadingStartSeconds() {
    return loadingStartMillis / 1000;
  }

  /** How many bytes are being loaded. */
  public long loadingBytes() {
    return loadingBytes;
  }

  /** How many of them were loaded. */
  public long loadedBytes() {
    return loadedBytes;
  }

  /** How many seconds the rest will take, at the pace so far; 1 at least. */
  public long loadingLeftSeconds() {
    if (loadedBytes == 0) {
      return 1;
    }
    double nanos =
        (nowNanos - loadingStartNanos) * (double) (loadingBytes - loadedBytes) / loadedBytes;
    return Math.max(1, (long) (nanos / NANOS_PER_SECOND));
  }

  /** How many keys were loaded the last time. */
  public long keysLoaded() {
    return keysLoaded;
  }

  /** How many keys whose time had come were left out the last time. */
  public long keysExpired() {
    return keysExpired;
  }
}
