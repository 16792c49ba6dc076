package io.pillion.engine.replication;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.persistence.Delay;
import io.pillion.engine.persistence.Functions;
import io.pillion.engine.persistence.ReplicationPoint;
import io.pillion.engine.persistence.Snapshot;
import io.pillion.engine.persistence.SnapshotOptions;
import io.pillion.engine.world.Disk;
import io.pillion.engine.world.DiskFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All data on their way to replicas that asked at about the same time. The snapshot goes into a
 * temporary file, so that a replica that reads slowly holds nobody up; from there each is sent it
 * at its own pace: while the file grows, with a mark at the end, or once its length is known.
 */
final class FullSync {
  private static final Logger log = LoggerFactory.getLogger(FullSync.class);
  private static final int PIECE_BYTES = 64 << 10;

  private static final long PAUSE_NANOS = 1_000_000;

  private final Replication replication;
  private final Engine engine;
  private final Parameters parameters;
  private final String path;
  private final String mark;
  private final boolean marked;
  private final List<Transfer> transfers = new ArrayList<>();
  private final Target target = new Target();
  private final Snapshot snapshot;
  private boolean complete;

  /** Makes the cut, under the engine lock, for replicas that all want the same. */
  FullSync(
      Replication replication,
      Engine engine,
      Parameters parameters,
      Functions functions,
      List<Replica> replicas,
      @Nullable ReplicationPoint point,
      boolean marked) {
    this.replication = replication;
    this.engine = engine;
    this.parameters = parameters;
    this.marked = marked;
    mark = History.randomId(engine.world());
    path = parameters.text("dir") + "/temp-" + mark.substring(0, 16) + ".rdb";
    replicas.forEach(replica -> transfers.add(new Transfer(replica)));
    Replica one = replicas.get(0);
    snapshot =
        new Snapshot(
            engine.keyspace(),
            functions,
            target,
            SnapshotOptions.of(parameters, /* aofBase= */ false)
                .with(one.fieldTtls)
                .of(one.wanted)
                .at(point));
  }

  /** Whether all data have been taken down; under the engine lock. */
  boolean isComplete() {
    return complete;
  }

  private Disk disk() {
    return engine.world().disk();
  }

  /** Does it all; without the lock. */
  void run() {
    boolean success = false;
    try {
      if (marked) {
        sendHeaders("$EOF:" + mark + "\r\n");
      }
      takeDown();
      target.close();
      if (complete) {
        if (!marked) {
          sendHeaders("$" + target.written.get() + "\r\n");
        }
        sendRest();
        success = true;
      }
    } catch (IOException e) {
      log.warn("Full resynchronization failed: {}", e.getMessage());
    } finally {
      end(success);
    }
  }

  private void takeDown() throws IOException {
    boolean[] more = {true};
    Delay delay = Delay.ofSaving(parameters);
    while (more[0]) {
      int most = delay.isNone() ? Snapshot.BYTES_AT_A_TIME : 1;
      long before = snapshot.records();
      engine.hold(() -> more[0] = isWanted() && snapshot.scan(most));
      snapshot.drain();
      if (marked) {
        for (Transfer transfer : transfers) {
          transfer.step();
        }
      }
      delay.pass(
          more[0] ? snapshot.records() - before : 0,
          () -> {
            engine.hold(() -> more[0] = isWanted());
            return !more[0];
          });
    }
    engine.hold(() -> complete = isWanted() && !snapshot.isFlushed());
    if (complete) {
      snapshot.finish();
    }
  }

  private boolean isWanted() {
    return !engine.isClosed() && transfers.stream().anyMatch(Transfer::isWanted);
  }

  private void sendHeaders(String header) {
    engine.hold(
        () -> {
          for (Transfer transfer : transfers) {
            transfer.replica.preparing = false;
            transfer.replica.send(header);
          }
        });
  }

  /** Sends what is left of the file; the first replicas that have it all go on meanwhile. */
  private void sendRest() throws IOException {
    boolean more = true;
    while (more) {
      more = false;
      boolean moved = false;
      for (Transfer transfer : transfers) {
        moved |= transfer.step();
        more |= !transfer.ended;
      }
      if (more && !moved) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private void end(boolean success) {
    engine.hold(
        () -> {
          snapshot.abandon();
          if (!success) {
            transfers.stream()
                .filter(Transfer::isWanted)
                .forEach(transfer -> transfer.replica.client().close(/* afterReplies= */ false));
          }
        });
    try {
      for (Transfer transfer : transfers) {
        transfer.close();
      }
      target.close();
      disk().delete(path);
    } catch (IOException e) {
      log.warn("Cannot remove {}: {}", path, e.getMessage());
    }
    replication.ended(this);
  }

  /** The file on its way to one replica. */
  private final class Transfer {
    final Replica replica;
    private final byte[] piece = new byte[PIECE_BYTES];
    private InputStream in = InputStream.nullInputStream();
    private long sent;
    private boolean opened;
    private volatile boolean wanted = true;
    boolean ended;

    Transfer(Replica replica) {
      this.replica = replica;
    }

    boolean isWanted() {
      wanted &= replication.isThere(replica) && replica.state == Replica.State.SENDING;
      return wanted;
    }

    /** Sends some, if it can be sent now; whether it was. */
    boolean step() throws IOException {
      if (ended || !replica.mayBeSentMore()) {
        engine.hold(() -> ended |= !isWanted());
        return false;
      }
      int length = 0;
      if (sent < target.written.get()) {
        if (!opened) {
          in = disk().open(path);
          opened = true;
        }
        length = in.read(piece, 0, (int) Math.min(PIECE_BYTES, target.written.get() - sent));
        if (length <= 0) {
          throw new IOException("the temporary file " + path + " was changed");
        }
        sent += length;
      } else if (!complete) {
        return false;
      }
      int some = length;
      boolean last = complete && sent == target.written.get();
      engine.hold(() -> send(some, last));
      return true;
    }

    private void send(int length, boolean last) {
      if (!isWanted()) {
        ended = true;
        return;
      }
      replica.send(piece, 0, length);
      replica.progressMillis = engine.keyspace().now();
      if (last) {
        ended = true;
        if (marked) {
          replica.send(mark);
        }
        replication.hasAllData(replica, marked);
      }
    }

    void close() throws IOException {
      in.close();
    }
  }

  /** Where the snapshot goes; by whoever drains it, one at a time. */
  private final class Target extends OutputStream {
    private final AtomicLong written = new AtomicLong();
    private @Nullable DiskFile file;

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      DiskFile open = file;
      if (open == null) {
        open = disk().create(path);
        file = open;
      }
      open.write(bytes, offset, length);
      written.addAndGet(length);
    }

    @Override
    public void close() throws IOException {
      if (file != null) {
        file.close();
      }
    }
  }
}
