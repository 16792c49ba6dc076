package io.pillion.engine.replication;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.world.Disk;
import io.pillion.engine.world.DiskFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All data of the server that is followed, on their way into this one: into a temporary file first,
 * so that the old data are there until all of the new ones are, and have been read once without
 * finding anything wrong. Used by the line's thread, without the engine lock, except where a method
 * says otherwise.
 */
final class FullLoad {
  private static final Logger log = LoggerFactory.getLogger(FullLoad.class);
  private static final String MARKED = "$EOF:";
  private static final int MARK_BYTES = 40;
  private static final long PAUSE_NANOS = 1_000_000;

  /** More than what fits into memory can take in a file. */
  private static final long SPARE_BYTES = 64L << 20;

  private final Following following;
  private final Engine engine;
  private final String path;
  private final byte[] last = new byte[MARK_BYTES];
  private byte[] mark = {};
  private long length;
  private volatile long total;
  private volatile long read;
  private @Nullable DiskFile file;
  private boolean complete;
  private boolean givenUp;

  FullLoad(Following following, Engine engine, Parameters parameters) {
    this.following = following;
    this.engine = engine;
    path =
        parameters.text("dir")
            + "/temp-"
            + HexFormat.of().toHexDigits(engine.world().randomLong())
            + ".rdb";
  }

  private Disk disk() {
    return engine.world().disk();
  }

  /** How many bytes there are; 0 when that is not known. Any thread. */
  long totalBytes() {
    return total;
  }

  /** How many have come. Any thread. */
  long readBytes() {
    return read;
  }

  boolean isComplete() {
    return complete;
  }

  private long mostBytes() {
    return 2 * engine.keyspace().arena().budgetBytes() + SPARE_BYTES;
  }

  /**
   * The line before the data: how many there are, or with which mark they end. Under the engine
   * lock.
   *
   * @return what is wrong with it, or null
   */
  @Nullable String begin(String header) {
    if (header.startsWith(MARKED)) {
      mark = header.substring(MARKED.length()).getBytes(StandardCharsets.ISO_8859_1);
      if (mark.length != MARK_BYTES) {
        return "Bad protocol from PRIMARY, a mark of " + mark.length + " bytes";
      }
      log.info("PRIMARY <-> REPLICA sync: receiving streamed RDB from primary with EOF to disk");
      return null;
    }
    if (!header.matches("\\$[0-9]{1,18}")) {
      return "Bad protocol from PRIMARY, the first byte is not '$' (we received '"
          + Handshake.shown(header)
          + "'), are you sure the host and port are right?";
    }
    length = Long.parseLong(header.substring(1));
    if (length > mostBytes()) {
      return "all data have " + length + " bytes, more than fit into memory: raise maxmemory";
    }
    total = length;
    log.info("PRIMARY <-> REPLICA sync: receiving {} bytes from primary to disk", length);
    return null;
  }

  /** Takes bytes; returns where those begin that are none of the data any more. */
  synchronized int received(byte[] bytes, int from, int to) throws IOException {
    boolean marked = mark.length > 0;
    if (givenUp) {
      throw new IOException("the link was given up");
    }
    int some = marked ? to - from : (int) Math.min(to - from, length - read);
    if (read + some > mostBytes()) {
      throw new IOException("all data are more than fit into memory: raise maxmemory");
    }
    DiskFile open = file;
    if (open == null) {
      open = disk().create(path);
      file = open;
    }
    open.write(bytes, from, some);
    read += some;
    if (marked) {
      keepLast(bytes, from, some);
      complete = read >= MARK_BYTES && Arrays.equals(last, mark);
      if (complete) {
        open.truncate(read - MARK_BYTES);
      }
    } else {
      complete = read == length;
    }
    return from + some;
  }

  private void keepLast(byte[] bytes, int from, int count) {
    int kept = Math.max(0, MARK_BYTES - count);
    System.arraycopy(last, MARK_BYTES - kept, last, 0, kept);
    System.arraycopy(bytes, from + count - (MARK_BYTES - kept), last, kept, MARK_BYTES - kept);
  }

  // --- putting them in place

  /**
   * Puts what has come in place of the data.
   *
   * @param wanted whether it still makes sense, asked under the lock
   * @param loaded what is done with the end of loading, under the lock; it is given the database
   *     that commands are for that follow the data
   * @throws IOException when something was wrong with it; the message says what
   */
  void load(BooleanSupplier wanted, IntConsumer loaded) throws IOException {
    closeFile();
    try {
      boolean[] empty = {false};
      engine.hold(() -> empty[0] = isEmpty());
      if (!empty[0]) {
        following.rdb().tryOut(path);
      }
      begin(wanted);
      log.info("PRIMARY <-> REPLICA sync: Loading DB in memory");
      try {
        following.rdb().loadFrom(path, loaded);
      } catch (IOException e) {
        log.info("PRIMARY <-> REPLICA sync: Discarding the half-loaded data");
        engine.hold(this::discard);
        throw e;
      }
    } finally {
      giveUp();
    }
  }

  private synchronized void closeFile() throws IOException {
    DiskFile open = file;
    if (open != null) {
      open.close();
    }
  }

  private boolean isEmpty() {
    for (int i = 0; i < engine.keyspace().databaseCount(); i++) {
      if (engine.keyspace().database(i).size() > 0) {
        return false;
      }
    }
    return following.functions().sources().isEmpty();
  }

  /** From here on there is nothing in memory. */
  private void begin(BooleanSupplier wanted) throws IOException {
    boolean[] begun = {false};
    boolean[] refused = {false};
    while (!begun[0]) {
      engine.hold(
          () -> {
            refused[0] = !wanted.getAsBoolean();
            refused[0] |= engine.isClosed();
            // What a script has half done must not be mixed with what is new.
            begun[0] = !refused[0] && !engine.isBusy();
            if (begun[0]) {
              log.info("PRIMARY <-> REPLICA sync: Flushing old data");
              engine.restrictions().loading(true);
              following.beginLoading();
            }
          });
      if (refused[0]) {
        throw new IOException("the link was given up meanwhile");
      }
      if (!begun[0]) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private void discard() {
    if (engine.isClosed()) {
      return;
    }
    following.functions().clear();
    engine.keyspace().flushAll();
    engine.restrictions().loading(false);
    engine.onReplaced();
  }

  /** Removes the file, if there is one, and takes nothing more. Any thread. */
  synchronized void giveUp() {
    givenUp = true;
    DiskFile open = file;
    file = null;
    if (open == null) {
      return;
    }
    try {
      open.close();
      disk().delete(path);
    } catch (IOException e) {
      log.warn("Cannot remove {}: {}", path, e.getMessage());
    }
  }
}
