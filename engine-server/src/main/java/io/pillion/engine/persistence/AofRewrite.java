package io.pillion.engine.persistence;

import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.world.Disk;
import io.pillion.engine.world.World;
import io.pillion.engine.world.WriteOnceFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The writing of one new base, step by step on a thread of its own: some keys are taken down under
 * the lock, then written without it.
 */
final class AofRewrite {
  private static final Logger log = LoggerFactory.getLogger(AofRewrite.class);

  /** Nothing is appended anywhere. */
  static final int NO_CUT = 0;

  /** Whether what is appended from the cut on is in a file that no manifest names yet. */
  final boolean fresh;

  /** Whether it is one of many tries, which nobody need read of. */
  boolean repeats;

  /** The number of the cut at which the log goes on in another file, or {@link #NO_CUT}. */
  final int cut;

  private volatile boolean asRdb;
  final String temporaryName;
  final long startedMillis;

  private final Engine engine;
  private final Delay delay;
  private final boolean withTime;
  private final World.Worker worker;
  private final Target target;
  private final Bases.Base base;
  private final Listener listener;
  private volatile boolean abandoned;

  /** What was appended up to there is in the base; set before it is begun. */
  long cutOffset;

  // The log's thread alone.
  boolean increments;
  boolean written;

  /** Who is told of the end, by the thread that writes. */
  interface Listener {
    /**
     * The base is whole and synced, or, with a failure, is not.
     *
     * @param failure why it is not, or null
     */
    void ended(AofRewrite which, @Nullable IOException failure);
  }

  /**
   * Makes the cut; under the engine lock.
   *
   * @param delay after each key
   * @param withTime whether a base of commands says when it was made
   */
  AofRewrite(
      Engine engine,
      Delay delay,
      boolean withTime,
      AofFolder folder,
      Bases bases,
      World.Worker worker,
      long number,
      boolean fresh,
      int cut,
      boolean asRdb,
      Listener listener) {
    this.engine = engine;
    this.delay = delay;
    this.withTime = withTime;
    this.worker = worker;
    this.fresh = fresh;
    this.cut = cut;
    this.asRdb = asRdb;
    this.listener = listener;
    temporaryName = folder.temporaryBase(number);
    startedMillis = engine.world().wallMillis();
    target = new Target(engine.world().disk(), folder.file(temporaryName));
    base = bases.cut(target);
  }

  /**
   * Writes a base here and now, for the start.
   *
   * @return what was written, under its temporary name
   */
  static AofRewrite now(Engine engine, AofFolder folder, Bases bases, boolean asRdb, long number)
      throws IOException {
    ArrayDeque<Runnable> steps = new ArrayDeque<>();
    IOException[] failure = new IOException[1];
    AofRewrite[] made = new AofRewrite[1];
    engine.hold(
        () ->
            made[0] =
                new AofRewrite(
                    engine,
                    Delay.NONE,
                    /* withTime= */ false,
                    folder,
                    bases,
                    new StepByStep(steps),
                    number,
                    /* fresh= */ true,
                    NO_CUT,
                    asRdb,
                    (rewrite, e) -> failure[0] = e));
    made[0].start();
    while (!steps.isEmpty()) {
      steps.remove().run();
    }
    if (failure[0] != null) {
      throw failure[0];
    }
    return made[0];
  }

  private record StepByStep(ArrayDeque<Runnable> steps) implements World.Worker {
    @Override
    public void execute(Runnable task) {
      steps.add(task);
    }

    @Override
    public void close() {}
  }

  /** Begins to write. */
  void start() {
    worker.execute(this::step);
  }

  /** Gives up; under the engine lock. The listener is told. */
  void abandon() {
    abandoned = true;
    base.abandon();
  }

  private void step() {
    try {
      boolean[] more = new boolean[1];
      long before = base.records();
      engine.hold(
          () -> more[0] = !abandoned && base.scan(delay.isNone() ? Snapshot.BYTES_AT_A_TIME : 1));
      if (abandoned) {
        throw new IOException("given up");
      }
      if (base.isFlushed()) {
        throw new IOException("the data were removed meanwhile");
      }
      base.drain();
      if (more[0]) {
        delay.pass(base.records() - before, () -> abandoned || base.isFlushed());
        worker.execute(this::step);
        return;
      }
      base.finish();
      if (!asRdb) {
        asRdb =
            !target.convert(
                engine,
                withTime ? AofLog.timestamp(startedMillis / 1000) : new byte[0],
                () -> abandoned);
      }
      target.sync();
      target.close();
      listener.ended(this, null);
    } catch (IOException e) {
      failed(e);
    } catch (RuntimeException | OutOfMemoryError e) {
      failed(new IOException(e.toString(), e));
    }
  }

  private void failed(IOException reason) {
    engine.hold(
        () -> {
          if (!abandoned) {
            base.abandon();
          }
        });
    target.closeQuietly();
    listener.ended(this, reason);
  }

  /** How loud the log is about it. */
  Level level(Level first) {
    return repeats ? Level.DEBUG : first;
  }

  /** The most bytes that were gathered at once because they changed meanwhile. */
  long peakBytes() {
    return base.peakBytes();
  }

  /** Whether the base is an RDB, and no list of commands. */
  boolean isRdb() {
    return asRdb;
  }

  /** The file, which is made when the first bytes come: that is never under the lock. */
  private static final class Target extends OutputStream {
    private final Disk disk;
    private final String path;
    private @Nullable WriteOnceFile file;

    Target(Disk disk, String path) {
      this.disk = disk;
      this.path = path;
    }

    private WriteOnceFile file() throws IOException {
      WriteOnceFile open = file;
      if (open == null) {
        open = disk.createLarge(path);
        file = open;
      }
      return open;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      file().write(bytes, offset, length);
    }

    /**
     * Puts commands in place of the RDB that was written; false when that takes too much room.
     *
     * @param first what comes before them
     * @param isAbandoned whether it need not be finished
     */
    boolean convert(Engine engine, byte[] first, BooleanSupplier isAbandoned) throws IOException {
      close();
      String rdb = path + ".rdb";
      disk.rename(path, rdb);
      try {
        return convert(engine, first, rdb, isAbandoned);
      } finally {
        // Also when it failed: on a full disk each try would leave another one.
        disk.delete(rdb);
      }
    }

    private boolean convert(Engine engine, byte[] first, String rdb, BooleanSupplier isAbandoned)
        throws IOException {
      try (InputStream in = disk.open(rdb)) {
        WriteOnceFile commands = disk.createLarge(path);
        file = commands;
        commands.write(first, 0, first.length);
        CommandBase.convert(
            engine.world(),
            engine.keyspace().databaseCount(),
            in,
            disk.size(rdb),
            unclosed(),
            isAbandoned);
        return true;
      } catch (OutOfArenaException e) {
        log.warn("A value is too large to be written as commands: the base is an RDB ({})", rdb);
        close();
        disk.rename(rdb, path);
        file = disk.append(path);
        return false;
      }
    }

    /** The same bytes, but the file stays open: it has to be synced. */
    private OutputStream unclosed() {
      Target target = this;
      return new OutputStream() {
        @Override
        public void write(int b) throws IOException {
          target.write(b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          target.write(bytes, offset, length);
        }
      };
    }

    void sync() throws IOException {
      file().sync();
    }

    @Override
    public void close() throws IOException {
      if (file != null) {
        file.close();
      }
    }

    void closeQuietly() {
      try {
        close();
      } catch (IOException e) {
        // It has failed already, and is removed.
        return;
      }
    }
  }
}
