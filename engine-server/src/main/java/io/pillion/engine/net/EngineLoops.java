package io.pillion.engine.net;

import io.netty.channel.IoEventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;

/** Event loops that can poll in the middle of a task: while a script runs for too long. */
final class EngineLoops extends MultiThreadIoEventLoopGroup {
  EngineLoops(int threads, ThreadFactory factory, IoHandlerFactory handlers) {
    super(threads, factory, handlers);
  }

  @Override
  protected IoEventLoop newChild(Executor executor, IoHandlerFactory handlers, Object... unused) {
    return new PollingLoop(this, executor, handlers);
  }

  /** One of them. */
  static final class PollingLoop extends SingleThreadIoEventLoop {
    PollingLoop(IoEventLoopGroup parent, Executor executor, IoHandlerFactory handlers) {
      super(parent, executor, handlers);
    }

    /** Reads what has come and runs the tasks that are due, without waiting. On its own thread. */
    void pollNow() {
      // A loop that has something to do does not wait for sockets.
      execute(() -> {});
      runIo();
      runAllTasks();
    }
  }
}
