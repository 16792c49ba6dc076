package io.pillion.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.FixedLengthFrameDecoder;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Callers that run the loop, beside others that do not, with a server that sends every number back.
 * Where it says so the keeper never looks by itself: whoever is not woken hangs.
 */
@Timeout(60)
@SuppressWarnings("FutureReturnValueIgnored") // those of writes: whoever waits would see it
class DrivenLoopTest {
  private static final long NEVER = TimeUnit.DAYS.toNanos(1);
  private static final Duration LONG = Duration.ofSeconds(20);

  /** The server does not answer numbers below. */
  private static final long SILENT = 0;

  private static final int STRESS_MILLIS = Integer.getInteger("pillion.stress", 1) * 400;

  enum Transport {
    NIO,
    EPOLL
  }

  private final MultiThreadIoEventLoopGroup servers =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private @Nullable Line line;

  @AfterEach
  void end() {
    if (line != null) {
      line.group.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }
    servers.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private Line line(Transport transport, long lookNanos) {
    assumeTrue(transport == Transport.NIO || Epoll.isAvailable());
    line = new Line(transport, lookNanos, servers);
    return line;
  }

  @ParameterizedTest
  @EnumSource(Transport.class)
  void aLoneCallerReadsItsOwnAnswers(Transport transport) {
    Line line = line(transport, NEVER);
    line.untilLent();
    for (int i = 1; i <= 1_000; i++) {
      Thread[] reader = new Thread[1];
      long sent = i;
      line.call(
          () -> line.send(sent).whenComplete((a, e) -> reader[0] = Thread.currentThread()), LONG);
      assertThat(reader[0]).isSameAs(Thread.currentThread());
    }
    assertThat(line.loop.isLent()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(Transport.class)
  void othersAreAnsweredWithoutALook(Transport transport) throws Exception {
    Line line = line(transport, NEVER);
    for (int i = 1; i < 100; i++) {
      line.untilLent();
      assertThat(line.send(i).get(20, TimeUnit.SECONDS)).isEqualTo(i);
    }
  }

  @ParameterizedTest
  @EnumSource(Transport.class)
  void whatACallerLeavesBehindIsAnsweredWithoutALook(Transport transport) throws Exception {
    Line line = line(transport, NEVER);
    for (int i = 1; i < 100; i++) {
      line.untilLent();
      List<CompletableFuture<Long>> left = new ArrayList<>();
      line.call(
          () -> {
            CompletableFuture<Long> first = line.send(1);
            left.add(line.send(2));
            left.add(line.send(3));
            return first;
          },
          LONG);
      assertThat(left.get(1).get(20, TimeUnit.SECONDS)).isEqualTo(3);
    }
  }

  @ParameterizedTest
  @EnumSource(Transport.class)
  void anotherCommandTakesTheLoopFromACallerThatWaits(Transport transport) throws Exception {
    Line line = line(transport, NEVER);
    line.untilLent();
    CompletableFuture<Long> silent = new CompletableFuture<>();
    Thread caller = line.caller(SILENT - 1, silent);
    assertThat(line.send(7).get(20, TimeUnit.SECONDS)).isEqualTo(7);
    silent.complete(8L);
    caller.join(20_000);
    assertThat(caller.isAlive()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(Transport.class)
  void whoeverCompletesItTheCallerGoesOn(Transport transport) throws Exception {
    Line line = line(transport, NEVER);
    line.untilLent();
    CompletableFuture<Long> awaited = new CompletableFuture<>();
    Thread caller = line.caller(SILENT - 1, awaited);
    Awaiting.until(() -> line.loop.inEventLoop(caller));
    awaited.complete(1L);
    caller.join(20_000);
    assertThat(caller.isAlive()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(Transport.class)
  void anInterruptedCallerLetsGo(Transport transport) throws Exception {
    Line line = line(transport, DrivenLoop.LOOK_NANOS);
    CompletableFuture<Long> awaited = new CompletableFuture<>();
    line.untilLent();
    Thread caller = line.caller(SILENT - 1, awaited);
    caller.interrupt();
    caller.join(20_000);
    assertThat(caller.isAlive()).isFalse();
    assertThat(line.failure).hasValueSatisfying(e -> assertThat(e).hasMessageContaining("Interr"));
    assertThat(line.send(4).get(20, TimeUnit.SECONDS)).isEqualTo(4);
  }

  @ParameterizedTest
  @EnumSource(Transport.class)
  void aCallerWhoseTimeIsUpLetsGo(Transport transport) throws Exception {
    Line line = line(transport, NEVER);
    line.untilLent();
    assertThatThrownBy(() -> line.call(() -> line.send(SILENT - 1), Duration.ofMillis(20)))
        .isInstanceOf(ConnectionException.class)
        .hasMessageContaining("No answer");
    assertThat(line.send(4).get(20, TimeUnit.SECONDS)).isEqualTo(4);
  }

  @ParameterizedTest
  @EnumSource(Transport.class)
  void theEndOfTheLoopEndsACallerThatRunsIt(Transport transport) throws Exception {
    Line line = line(transport, NEVER);
    line.untilLent();
    Thread caller = line.caller(SILENT - 1, new CompletableFuture<>());
    Awaiting.until(() -> line.loop.inEventLoop(caller));
    assertThat(line.group.shutdownGracefully(0, 2, TimeUnit.SECONDS).await(20_000)).isTrue();
    caller.join(20_000);
    assertThat(caller.isAlive()).isFalse();
    assertThat(line.failure).hasValueSatisfying(e -> assertThat(e).hasMessageContaining("broke"));
    assertThat(line.loop.isLent()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(Transport.class)
  void anIdleLoopGoesBackToItsKeeper(Transport transport) throws Exception {
    Line line = line(transport, DrivenLoop.LOOK_NANOS);
    line.untilLent();
    Awaiting.until(() -> !line.loop.isLent());
    line.channel.close();
    assertThat(line.channel.closeFuture().await(20_000)).isTrue();
  }

  @Test
  void aCallbackThatWouldBlockIsRefused() {
    Line line = line(Transport.NIO, NEVER);
    for (int i = 0; i < 100; i++) {
      // Else the keeper may have the answer before the callback is there, which then runs here.
      line.untilLent();
      assertThatThrownBy(
              () ->
                  line.call(
                      () -> line.send(1).thenApply(a -> line.call(() -> line.send(2), LONG)), LONG))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Compose the stages");
    }
  }

  @Test
  void virtualThreadsLeaveTheLoopToItsKeeper() throws Exception {
    assumeTrue(Runtime.version().feature() >= 21, "there are virtual threads");
    Line line = line(Transport.NIO, NEVER);
    line.untilLent();
    CompletableFuture<Boolean> began = new CompletableFuture<>();
    Thread.class
        .getMethod("startVirtualThread", Runnable.class)
        .invoke(null, (Runnable) () -> began.complete(line.loop.begin()));
    assertThat(began.get(20, TimeUnit.SECONDS)).isFalse();
  }

  /** Calls, stages, commands without an answer, interrupts: everybody is answered, in order. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8})
  void nobodyIsForgotten(int threads) throws Exception {
    for (Transport transport : Transport.values()) {
      if (transport == Transport.NIO || Epoll.isAvailable()) {
        Line line = line(transport, NEVER);
        stress(line, threads);
        end(line);
      }
    }
  }

  private static void end(Line line) {
    line.group.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private static void stress(Line line, int threads) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STRESS_MILLIS);
    AtomicInteger rounds = new AtomicInteger();
    AtomicInteger lent = new AtomicInteger();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    List<Thread> all = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      long first = 1_000_000_000L * (t + 1);
      Thread one =
          new Thread(
              () -> {
                try {
                  for (long i = first; System.nanoTime() - end < 0; i += 2) {
                    someCommands(line, i);
                    rounds.incrementAndGet();
                    if (line.loop.isLent()) {
                      lent.incrementAndGet();
                    }
                  }
                } catch (Throwable e) {
                  failure.compareAndSet(null, e);
                }
              });
      all.add(one);
      one.start();
    }
    for (Thread one : all) {
      one.join(40_000);
    }
    assertThat(failure.get()).as("after %s rounds", rounds).isNull();
    assertThat(rounds.get()).isPositive();
    if (threads == 1) {
      assertThat(lent.get()).isPositive();
    }
  }

  private static void someCommands(Line line, long number) throws Exception {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    // Mostly calls, in runs, so that the loop is lent again and again.
    for (int i = random.nextInt(60); i > 0; i--) {
      assertThat(line.call(() -> line.send(number), LONG)).isEqualTo(number);
    }
    switch (random.nextInt(5)) {
      case 0 -> assertThat(line.send(number).get(20, TimeUnit.SECONDS)).isEqualTo(number);
      case 1 -> LockSupport.parkNanos(random.nextInt(100_000));
      case 2 -> {
        CompletableFuture<Long> behind = new CompletableFuture<>();
        line.call(
            () -> {
              CompletableFuture<Long> one = line.send(number);
              line.send(number + 1).thenAccept(behind::complete);
              return one;
            },
            LONG);
        assertThat(behind.get(20, TimeUnit.SECONDS)).isEqualTo(number + 1);
      }
      case 3 -> {
        CompletableFuture<Long> elsewhere =
            line.call(() -> line.send(number), LONG) > 0
                ? CompletableFuture.supplyAsync(() -> number)
                : new CompletableFuture<>();
        assertThat(line.call(() -> elsewhere, LONG)).isEqualTo(number);
      }
      default -> {
        Thread.currentThread().interrupt();
        try {
          line.call(() -> line.send(number).thenCompose(line::send), LONG);
        } catch (ConnectionException e) {
          assertThat(e).hasMessageContaining("Interrupted");
        }
        assertThat(Thread.interrupted()).isTrue();
      }
    }
  }

  /**
   * A connection whose commands are numbers, as {@link Wire} and {@link LettuceCommands} use it.
   */
  private static final class Line {
    final AtomicInteger inFlight = new AtomicInteger();
    final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    final MultiThreadIoEventLoopGroup group;
    final DrivenLoop loop;
    final Channel channel;

    Line(Transport transport, long lookNanos, MultiThreadIoEventLoopGroup servers) {
      boolean epoll = transport == Transport.EPOLL;
      this.group =
          new MultiThreadIoEventLoopGroup(
              1,
              new DefaultThreadFactory(Waiting.EVENT_LOOP_PREFIX + "test", /* daemon= */ true),
              epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory()) {
            @Override
            protected IoEventLoop newChild(
                Executor executor, IoHandlerFactory handlers, Object... args) {
              return new DrivenLoop(this, executor, handlers, () -> inFlight.get() == 0, lookNanos);
            }
          };
      this.loop = (DrivenLoop) group.next();
      Channel server =
          new ServerBootstrap()
              .group(servers)
              .channel(NioServerSocketChannel.class)
              .childHandler(initializer(Line::answer))
              .bind(InetAddress.getLoopbackAddress(), 0)
              .syncUninterruptibly()
              .channel();
      this.channel =
          new Bootstrap()
              .group(group)
              .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
              .handler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel made) {
                      made.pipeline().addLast(new FixedLengthFrameDecoder(Long.BYTES));
                      made.pipeline().addLast(new Answers());
                    }
                  })
              .connect(server.localAddress())
              .syncUninterruptibly()
              .channel();
    }

    private static ChannelInitializer<Channel> initializer(Consumer<Object[]> onFrame) {
      return new ChannelInitializer<>() {
        @Override
        protected void initChannel(Channel made) {
          made.pipeline().addLast(new FixedLengthFrameDecoder(Long.BYTES));
          made.pipeline()
              .addLast(
                  new SimpleChannelInboundHandler<ByteBuf>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext context, ByteBuf frame) {
                      onFrame.accept(new Object[] {context, frame});
                    }
                  });
        }
      };
    }

    private static void answer(Object[] asked) {
      ChannelHandlerContext context = (ChannelHandlerContext) asked[0];
      ByteBuf frame = (ByteBuf) asked[1];
      if (frame.getLong(0) > SILENT) {
        context.writeAndFlush(frame.retain());
      }
    }

    /** Calls until the keeper has stepped aside. */
    void untilLent() {
      long end = System.nanoTime() + LONG.toNanos();
      while (!loop.isLent()) {
        call(() -> send(1), LONG);
        assertThat(System.nanoTime() - end).as("nanoseconds late").isNegative();
      }
    }

    /** A thread that sends this number, waits for the future, and has begun to. */
    Thread caller(long number, CompletableFuture<Long> awaited) {
      CompletableFuture<Boolean> sent = new CompletableFuture<>();
      Thread made =
          new Thread(
              () -> {
                try {
                  call(
                      () -> {
                        send(number)
                            .whenComplete(
                                (a, e) -> {
                                  if (e != null) {
                                    awaited.completeExceptionally(e);
                                  }
                                });
                        sent.complete(true);
                        return awaited;
                      },
                      LONG);
                } catch (RuntimeException e) {
                  failure.set(e);
                }
              });
      made.start();
      sent.join();
      return made;
    }

    long call(Supplier<CompletableFuture<Long>> asking, Duration timeout) {
      boolean began = loop.begin();
      try {
        @SuppressWarnings("unchecked")
        CompletableFuture<@Nullable Object> asked =
            (CompletableFuture<@Nullable Object>) (CompletableFuture<?>) asking.get();
        return (Long) Objects.requireNonNull(Waiting.on(asked, timeout, "the line", loop));
      } finally {
        if (began) {
          loop.end();
        }
      }
    }

    CompletableFuture<Long> send(long number) {
      Asked asked = new Asked(number);
      if (number > SILENT) {
        inFlight.incrementAndGet();
      }
      loop.sending();
      if (loop.enter()) {
        try {
          channel.writeAndFlush(asked, channel.voidPromise());
        } finally {
          loop.leave();
        }
      } else {
        channel.writeAndFlush(asked, channel.voidPromise());
      }
      return asked.answer;
    }

    private record Asked(long number, CompletableFuture<Long> answer) {
      Asked(long number) {
        this(number, new CompletableFuture<>());
      }
    }

    /** Of the loop. */
    private final class Answers extends ChannelDuplexHandler {
      private final Queue<Asked> waiting = new ArrayDeque<>();

      @Override
      public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        Asked asked = (Asked) message;
        waiting.add(asked);
        context.write(context.alloc().buffer(Long.BYTES).writeLong(asked.number()), promise);
      }

      @Override
      public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf frame = (ByteBuf) message;
        long answer = frame.readLong();
        frame.release();
        Asked asked = waiting.remove();
        while (asked.number() <= SILENT) {
          asked = waiting.remove();
        }
        inFlight.decrementAndGet();
        asked.answer().complete(answer);
      }

      @Override
      public void channelInactive(ChannelHandlerContext context) {
        waiting.forEach(
            one -> one.answer().completeExceptionally(new ConnectionException("It broke.", null)));
        waiting.clear();
      }
    }
  }
}
