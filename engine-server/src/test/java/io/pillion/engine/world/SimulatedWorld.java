package io.pillion.engine.world;

import java.util.ArrayDeque;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * A world that a test moves: time stands still until {@link #advanceMillis}, chance comes from a
 * seed, and background work runs when time moves. Single-threaded.
 */
public final class SimulatedWorld implements World {
  private final SplittableRandom random;
  private SimulatedDisk disk = new SimulatedDisk();
  private final PriorityQueue<Task> tasks = new PriorityQueue<>();
  private long nanos = 1_000_000_000L;
  private long wallOffsetMillis = 1_700_000_000_000L;
  private long sequence;
  private long lookNanos;
  private long memoryBytes = 1L << 40;
  private boolean noThreads;
  private Network network =
      (target, listener) -> {
        throw new UnsupportedOperationException("There is no network in this world");
      };

  /** What connects servers. */
  @FunctionalInterface
  public interface Network {
    /** As {@link World#dial}. */
    Line dial(Line.Target target, Line.Listener listener);
  }

  /** A world whose chance follows from this seed. */
  public SimulatedWorld(long seed) {
    random = new SplittableRandom(seed);
  }

  @Override
  public long wallMillis() {
    return wallOffsetMillis + nanos / 1_000_000;
  }

  @Override
  public long nanos() {
    nanos += lookNanos;
    return nanos;
  }

  @Override
  public long randomLong() {
    return random.nextLong();
  }

  @Override
  public Scheduled schedule(long delayNanos, Runnable task) {
    Task scheduled = new Task(nanos + Math.max(0, delayNanos), sequence++, task);
    tasks.add(scheduled);
    return () -> tasks.remove(scheduled);
  }

  @Override
  public long memoryBytes() {
    return memoryBytes;
  }

  /** Gives the machine another amount of memory. */
  public void memoryBytes(long bytes) {
    memoryBytes = bytes;
  }

  @Override
  public SimulatedDisk disk() {
    return disk;
  }

  /** Puts another disk in: what the next engine finds. */
  public void disk(SimulatedDisk newDisk) {
    disk = newDisk;
  }

  /** Says what connects servers. */
  public void network(Network newNetwork) {
    network = newNetwork;
  }

  @Override
  public Line dial(Line.Target target, Line.Listener listener) {
    return network.dial(target, listener);
  }

  /** Says whether threads can be begun: else what needs a new one lacks memory. */
  public void threads(boolean available) {
    noThreads = !available;
  }

  private void beginThread() {
    if (noThreads) {
      throw new OutOfMemoryError("unable to create native thread");
    }
  }

  @Override
  public void background(String name, Runnable task) {
    beginThread();
    schedule(0, task);
  }

  @Override
  public Worker worker(String name) {
    ArrayDeque<Runnable> queue = new ArrayDeque<>();
    Runnable next =
        () -> {
          Runnable task = queue.poll();
          if (task != null) {
            task.run();
          }
        };
    return new Worker() {
      private boolean begun;

      @Override
      public void execute(Runnable task) {
        if (!begun) {
          beginThread();
          begun = true;
        }
        queue.add(task);
        schedule(0, next);
      }

      @Override
      public void close() {
        while (!queue.isEmpty()) {
          next.run();
        }
      }
    };
  }

  /** Lets time pass, running what falls due, in order. */
  public void advanceMillis(long millis) {
    long end = nanos + millis * 1_000_000;
    while (true) {
      Task next = tasks.peek();
      if (next == null || next.at > end) {
        break;
      }
      tasks.remove(next);
      nanos = Math.max(nanos, next.at);
      next.task.run();
    }
    nanos = Math.max(nanos, end);
  }

  /** Lets so much time pass with every look at the clock, as if there had been work in between. */
  public void nanosPerLook(long newNanos) {
    lookNanos = newNanos;
  }

  /** Sets the users' clock forward or back; the other goes on as before. */
  public void jumpWallMillis(long millis) {
    wallOffsetMillis += millis;
  }

  private static final class Task implements Comparable<Task> {
    final long at;
    final long order;
    final Runnable task;

    Task(long at, long order, Runnable task) {
      this.at = at;
      this.order = order;
      this.task = task;
    }

    @Override
    public int compareTo(Task other) {
      return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
    }
  }
}
