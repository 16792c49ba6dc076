package io.pillion.engine.world;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.SecureRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The machine's own clock, randomness and threads. One for each process. */
public final class RealWorld implements World {
  private static final Logger log = LoggerFactory.getLogger(RealWorld.class);
  private static final RealWorld INSTANCE = new RealWorld();

  private final SecureRandom random = new SecureRandom();
  private final RealDisk disk = new RealDisk();
  private final AtomicLong threads = new AtomicLong();

  /** Its threads stay for a moment, as to begin one is to wait for the system to run it. */
  private final ThreadPoolExecutor background =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          2,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          task -> daemon("background", task));

  private @Nullable ScheduledThreadPoolExecutor timer;

  private RealWorld() {}

  /** The world of this process. */
  public static RealWorld get() {
    return INSTANCE;
  }

  @Override
  public long wallMillis() {
    return System.currentTimeMillis();
  }

  @Override
  public long nanos() {
    return System.nanoTime();
  }

  @Override
  public long randomLong() {
    return random.nextLong();
  }

  @Override
  public Scheduled schedule(long delayNanos, Runnable task) {
    Future<?> future =
        timer().schedule(() -> runLogged("the timer", task), delayNanos, TimeUnit.NANOSECONDS);
    return () -> future.cancel(/* mayInterruptIfRunning= */ false);
  }

  @Override
  public long memoryBytes() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getTotalMemorySize();
  }

  @Override
  public Disk disk() {
    return disk;
  }

  @Override
  public Link connect(String host, int port, int timeoutMillis) throws IOException {
    Socket socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(timeoutMillis);
      socket.connect(new InetSocketAddress(host, port), timeoutMillis);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
    return new Link() {
      @Override
      public InputStream input() throws IOException {
        return socket.getInputStream();
      }

      @Override
      public OutputStream output() throws IOException {
        return socket.getOutputStream();
      }

      @Override
      public void close() throws IOException {
        socket.close();
      }
    };
  }

  @Override
  public Line dial(Line.Target target, Line.Listener listener) {
    SocketLine line = new SocketLine(target, listener);
    background("line", line::receive);
    background("line", line::transmit);
    return line;
  }

  @Override
  public void background(String name, Runnable task) {
    background.execute(
        () -> {
          Thread thread = Thread.currentThread();
          String idle = thread.getName();
          thread.setName("pillion-" + name + "-" + threads.incrementAndGet());
          try {
            task.run();
          } finally {
            thread.setName(idle);
          }
        });
  }

  private static Thread daemon(String name, Runnable task) {
    Thread thread = new Thread(task, "pillion-" + name);
    thread.setDaemon(true);
    return thread;
  }

  @Override
  public Worker worker(String name) {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> daemon(name + "-" + threads.incrementAndGet(), task),
            new ThreadPoolExecutor.DiscardPolicy());
    return new Worker() {
      @Override
      public void execute(Runnable task) {
        executor.execute(() -> runLogged(name, task));
      }

      @Override
      public void close() {
        executor.shutdown();
        boolean ended = false;
        boolean interrupted = false;
        while (!ended) {
          try {
            ended = executor.awaitTermination(1, TimeUnit.DAYS);
          } catch (InterruptedException e) {
            // What must be on disk must be on disk: the wait goes on.
            interrupted = true;
          }
        }
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  private static void runLogged(String name, Runnable task) {
    try {
      task.run();
    } catch (Throwable failure) {
      log.error("A task of {} failed; this is a bug", name, failure);
    }
  }

  /**
   * Has a task run, on a thread of its own, each time the process is sent a signal, which no longer
   * ends it by itself.
   *
   * @param name INT or TERM
   * @return false when this JVM does not let us: then {@link #onExit} is what happens
   */
  public boolean onSignal(String name, Runnable task) {
    try {
      // By name: no public class of the JDK does this, and the compiler warns of the one that does.
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object handling =
          Proxy.newProxyInstance(
              RealWorld.class.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, args) -> {
                switch (method.getName()) {
                  case "handle" -> runLogged("signal " + name, task);
                  case "hashCode" -> {
                    return System.identityHashCode(self);
                  }
                  case "equals" -> {
                    return self == args[0];
                  }
                  default -> {
                    return "handler of " + name;
                  }
                }
                return null;
              });
      Object which = signal.getConstructor(String.class).newInstance(name);
      signal.getMethod("handle", signal, handler).invoke(null, which, handling);
      return true;
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      log.debug("Signal {} cannot be handled", name, e);
      return false;
    }
  }

  /** Has a task run when the process is told to end. */
  public void onExit(Runnable task) {
    Runtime.getRuntime().addShutdownHook(new Thread(task, "pillion-exit"));
  }

  private synchronized ScheduledThreadPoolExecutor timer() {
    ScheduledThreadPoolExecutor executor = timer;
    if (executor == null) {
      executor =
          (ScheduledThreadPoolExecutor)
              Executors.newScheduledThreadPool(1, task -> daemon("timer", task));
      executor.setRemoveOnCancelPolicy(true);
      timer = executor;
    }
    return executor;
  }
}
