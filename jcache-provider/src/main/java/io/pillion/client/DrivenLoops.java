package io.pillion.client;

import io.lettuce.core.resource.DefaultEventLoopGroupProvider;
import io.lettuce.core.resource.EpollProvider;
import io.lettuce.core.resource.IOUringProvider;
import io.lettuce.core.resource.KqueueProvider;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.EventExecutorGroup;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gives Lettuce one {@link DrivenLoop} where it would make a group of its own: over epoll and NIO,
 * from Netty 4.2 on.
 */
final class DrivenLoops extends DefaultEventLoopGroupProvider {
  private final BooleanSupplier allAnswered;
  private final Consumer<CallerLoop> onMade;
  private final @Nullable IoHandlerFactory handlers;

  /**
   * No loop yet; fails with a {@link LinkageError} where Netty is too old.
   *
   * @param allAnswered see {@link DrivenLoop}
   * @param onMade told of the loop
   */
  DrivenLoops(
      io.lettuce.core.resource.ThreadFactoryProvider threads,
      BooleanSupplier allAnswered,
      Consumer<CallerLoop> onMade) {
    super(1, threads);
    this.allAnswered = allAnswered;
    this.onMade = onMade;
    this.handlers = handlers();
  }

  @Override
  protected <T extends EventLoopGroup> EventExecutorGroup doCreateEventLoopGroup(
      Class<T> type, int numberOfThreads, io.lettuce.core.resource.ThreadFactoryProvider threads) {
    if (handlers == null || !type.equals(MultiThreadIoEventLoopGroup.class)) {
      return super.doCreateEventLoopGroup(type, numberOfThreads, threads);
    }
    return new One(threads.getThreadFactory("callerLoop"), handlers);
  }

  /** As Lettuce chooses; null for what callers have not been seen to run. */
  private static @Nullable IoHandlerFactory handlers() {
    if (EpollProvider.isAvailable()) {
      return Epoll.handlers();
    }
    boolean other = KqueueProvider.isAvailable() || IOUringProvider.isAvailable();
    return other ? null : NioIoHandler.newFactory();
  }

  /** What is there only with Netty's epoll transport. */
  private static final class Epoll {
    static IoHandlerFactory handlers() {
      return EpollIoHandler.newFactory();
    }
  }

  private final class One extends MultiThreadIoEventLoopGroup {
    One(ThreadFactory threads, IoHandlerFactory handlers) {
      super(1, threads, handlers);
      onMade.accept((DrivenLoop) next());
    }

    /** Called by the constructor of the class above. */
    @Override
    protected IoEventLoop newChild(Executor executor, IoHandlerFactory handlers, Object... args) {
      return new DrivenLoop(this, executor, handlers, allAnswered, DrivenLoop.LOOK_NANOS);
    }
  }
}
