package io.pillion.engine.persistence;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.memory.OutOfArenaException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Bases that are snapshots in RDB format. */
final class SnapshotBases implements Bases {
  private static final int KEYS_PER_HOLD = 2000;

  private final Engine engine;
  private final Parameters parameters;
  private final Functions functions;

  SnapshotBases(Engine engine, Parameters parameters, Functions functions) {
    this.engine = engine;
    this.parameters = parameters;
    this.functions = functions;
  }

  @Override
  public boolean isBusy() {
    return engine.keyspace().isCut();
  }

  @Override
  public Base cut(OutputStream target) {
    Snapshot snapshot =
        new Snapshot(
            engine.keyspace(),
            functions,
            target,
            SnapshotOptions.of(parameters, /* aofBase= */ true));
    return new Base() {
      @Override
      public boolean scan(int mostBytes) {
        return snapshot.scan(mostBytes);
      }

      @Override
      public long records() {
        return snapshot.records();
      }

      @Override
      public long peakBytes() {
        return snapshot.peakBytes();
      }

      @Override
      public boolean isFlushed() {
        return snapshot.isFlushed();
      }

      @Override
      public void drain() throws IOException {
        snapshot.drain();
      }

      @Override
      public void finish() throws IOException {
        snapshot.finish();
      }

      @Override
      public void abandon() {
        snapshot.abandon();
      }
    };
  }

  @Override
  public long load(InputStream in, long size, LoadProgress progress) throws IOException {
    RdbReader.Options options =
        new RdbReader.Options(
            /* keepExpired= */ true, /* replace= */ false, parameters.isOn("rdbchecksum"));
    try (RdbReader reader =
        new RdbReader(in, size, engine.keyspace(), functions, options, engine.world())) {
      reader.readHeader();
      return load(reader, progress);
    }
  }

  private long load(RdbReader reader, LoadProgress progress) throws IOException {
    boolean[] more = {true};
    IOException[] failure = new IOException[1];
    LoadPace pace = new LoadPace(engine);
    while (more[0]) {
      pace.hold(
          () -> {
            try {
              more[0] = reader.readSome(pace.bytes(), KEYS_PER_HOLD);
            } catch (OutOfArenaException e) {
              failure[0] = new IOException("the data do not fit into memory: raise maxmemory", e);
            } catch (IOException e) {
              failure[0] = e;
            }
          });
      if (failure[0] != null) {
        throw failure[0];
      }
      progress.reach(reader.offset());
    }
    return reader.offset();
  }
}
