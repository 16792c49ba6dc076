package io.pillion.engine.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderException;
import io.netty.util.ReferenceCountUtil;
import io.pillion.engine.config.Parameters.OutputLimit;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.dispatch.Turn;
import io.pillion.engine.memory.Lease;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.BufferPool;
import io.pillion.engine.protocol.ProtocolException;
import io.pillion.engine.protocol.RequestParser;
import io.pillion.engine.protocol.RespReply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client on a socket: what it sends is parsed as it comes, on its loop's thread, and carried
 * out in the loop's turn; what it is answered is written under the engine lock and sent outside.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a socket that fails to close or write is closed
final class Connection extends ChannelInboundHandlerAdapter
    implements Outlet, Turn.Source, RequestParser.Limits {
  private static final Logger log = LoggerFactory.getLogger(Connection.class);

  /** Unsent replies below this are not worth counting one by one. */
  private static final int SMALL_OUTPUT_BYTES = 16 << 10;

  /** What a client may leave unread before it has authenticated. */
  private static final int UNAUTHENTICATED_OUTPUT_BYTES = 32 << 10;

  private final Channel channel;
  private final Loop loop;
  private final Engine engine;
  private final NetworkLimits limits;
  private final RespReply reply;
  private final RequestParser parser;
  private final OutputQueue output = new OutputQueue();
  private final Runnable flush = this::flushHere;
  private final Client client;

  // The loop's thread alone.
  private boolean queued;
  private boolean inputEnded;
  private boolean stalled;
  private long countedInputBytes;

  // Written by the loop's thread; read by others too, to whom about right is good enough.
  private int heldInputBytes;
  private @Nullable ProtocolException protocolError;

  // Under the engine lock.
  private long countedReceivedBytes;
  private long countedOutputBytes;
  private long evictedForBytes;
  private long overSoftLimitSinceNanos;
  private long sentBytes;
  private boolean closeWhenSealed;

  private final AtomicLong receivedBytes = new AtomicLong();
  private volatile boolean closeWhenFlushed;
  private volatile boolean ended;

  /** Under the engine lock. */
  Connection(Channel channel, Loop loop, Engine engine, NetworkLimits limits, BufferPool replies) {
    this.channel = channel;
    this.loop = loop;
    this.engine = engine;
    this.limits = limits;
    reply = RespReply.sharing(replies);
    parser = new RequestParser(this, loop.requests());
    client = engine.connect(this, reply);
  }

  // --- input, on the loop's thread

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf input = (ByteBuf) message;
    try {
      if (protocolError != null || !receive(input)) {
        return;
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
    if (!queued) {
      queued = true;
      loop.add(this);
    }
  }

  /** Whether there is something to carry out. */
  private boolean receive(ByteBuf input) {
    boolean ready = false;
    try {
      while (input.isReadable()) {
        int bytes = parser.reserve(input.readableBytes());
        ByteBuffer outsideHeap = parser.target();
        if (outsideHeap != null) {
          input.readBytes(outsideHeap);
        } else if (parser.passesOver()) {
          input.skipBytes(bytes);
        } else {
          input.readBytes(parser.array(), parser.position(), bytes);
        }
        parser.received(bytes);
        receivedBytes.addAndGet(bytes);
        ready = parser.ready();
      }
    } catch (ProtocolException e) {
      protocolError = e;
      return true;
    }
    if (!limits.mayHold(parser.heldBytes(), parser.reservedBytes(), countedInputBytes)) {
      log.warn(
          "Closing client that reached max query buffer length: id={} addr={} qbuf={}",
          client.id(),
          peerAddress(),
          parser.heldBytes());
      engine.hold(engine.statistics()::disconnectForInput);
      channel.close();
      return false;
    }
    countInput(parser.reservedBytes());
    heldInputBytes = (int) Math.min(Integer.MAX_VALUE, parser.heldBytes());
    return ready;
  }

  private void countInput(long heldBytes) {
    // Only what is large is worth an atomic operation.
    long counted = heldBytes < SMALL_OUTPUT_BYTES ? 0 : heldBytes;
    if (counted != countedInputBytes) {
      limits.addInputBytes(counted - countedInputBytes);
      countedInputBytes = counted;
    }
  }

  @Override
  public Client client() {
    return client;
  }

  @Override
  public boolean next(Args words) {
    if (stalls()) {
      queued = false;
      return false;
    }
    ProtocolException error = protocolError;
    try {
      if (error == null && parser.ready()) {
        parser.take(words);
        heldInputBytes = (int) Math.min(Integer.MAX_VALUE, parser.heldBytes());
        if (isHttp(words)) {
          log.warn(
              "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host:"
                  + " commands to the engine. Connection from {} aborted.",
              peerAddress());
          client.close(/* afterReplies= */ false);
          return false;
        }
        return true;
      }
    } catch (ProtocolException e) {
      error = e;
      protocolError = e;
    }
    queued = false;
    countInput(parser.reservedBytes());
    heldInputBytes = (int) Math.min(Integer.MAX_VALUE, parser.heldBytes());
    countReceived();
    if (error != null) {
      reply.error(error.text());
      engine.touch(client);
      client.close(/* afterReplies= */ true);
    } else {
      parser.trim();
      if (inputEnded) {
        client.close(/* afterReplies= */ true);
      }
    }
    return false;
  }

  private void countReceived() {
    long received = receivedBytes.get();
    engine.statistics().received(received - countedReceivedBytes);
    countedReceivedBytes = received;
  }

  /** A browser was made to talk to us: what follows its headers may be commands of an attacker. */
  private static boolean isHttp(Args words) {
    return !words.hasLarge() && (words.is(0, "POST") || words.is(0, "HOST:"));
  }

  /**
   * Whether this client must read replies before more is carried out for it. A client that has
   * authenticated may leave a lot unread, as long as all clients together do not take too much.
   */
  private boolean stalls() {
    if (channel.isWritable() && !output.holds()) {
      return false;
    }
    long pending = pendingBytes();
    boolean tooMuch =
        engine.needsAuthentication(client)
            ? pending > UNAUTHENTICATED_OUTPUT_BYTES
            : limits.isOutputScarce() && pending > limits.fairOutputBytes();
    if (tooMuch) {
      stalled = true;
      channel.config().setAutoRead(false);
    }
    return tooMuch;
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    goOnReading();
  }

  private void goOnReading() {
    if (stalled && channel.isWritable() && !output.holds()) {
      stalled = false;
      channel.config().setAutoRead(true);
      loop.add(this);
    }
  }

  @Override
  public long maxBulkBytes() {
    return limits.maxBulkBytes();
  }

  @Override
  public boolean mustAuthenticate() {
    return engine.needsAuthentication(client);
  }

  @Override
  public @Nullable Lease lend(int keyLength, int bytes) {
    return engine.lend(keyLength, bytes);
  }

  @Override
  public long maxHeapWordBytes() {
    return limits.maxHeapWordBytes();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      // What came before the end is still answered, unless the client would have to wait for it.
      inputEnded = true;
      loop.add(this);
      loop.eventLoop().execute(() -> engine.hold(this::endIfWaiting));
    }
  }

  private void endIfWaiting() {
    Command last = client.lastCommand();
    boolean isOnItsWay = client.forwards() && last != null && !last.is(CommandFlag.BLOCKING);
    if (inputEnded && client.blocked() != null && !isOnItsWay) {
      client.close(/* afterReplies= */ false);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    loop.leave(this);
    countInput(0);
    engine.hold(
        () -> {
          engine.disconnect(client);
          countOutput(0);
          reply.clear();
        });
    output.takeUpTo(Long.MAX_VALUE, ByteBuf::release);
    limits.disconnected();
    endParser();
  }

  private void endParser() {
    if (engine.scriptHost().isBusyWith(client)) {
      // Its script goes on, and may read its words.
      loop.eventLoop().schedule(this::endParser, 100, TimeUnit.MILLISECONDS);
    } else {
      parser.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof DecoderException) {
      log.info("Error accepting a client connection: {} (addr={})", cause, peerAddress());
    } else if (!(cause instanceof IOException)) {
      log.error("{} failed; its connection is closed", client, cause);
    }
    channel.close();
  }

  /** Ends it whatever it is doing. */
  void end() {
    channel.close();
  }

  /** Once a second: limits that need time to pass. */
  void lookAfter() {
    long idleMillis = limits.idleMillis();
    if (idleMillis == 0
        && countedOutputBytes == 0
        && !inputEnded
        && !engine.clients().areLimited()) {
      return;
    }
    engine.hold(
        () -> {
          checkOutput();
          if (engine.clients().areLimited()) {
            engine.touch(client);
          }
          endIfWaiting();
          long idle = engine.world().wallMillis() - client.lastActiveMillis();
          if (idleMillis > 0
              && idle > idleMillis
              && client.blocked() == null
              && !client.isReplica()) {
            log.info("Closing idle client");
            client.close(/* afterReplies= */ false);
          }
        });
  }

  // --- output

  @Override
  public void seal(long offset) {
    long size = reply.size() + reply.sharedBytes();
    sentBytes += size;
    engine.statistics().sent(size);
    if (size > 0 && channel.isActive() && queue(size, offset)) {
      if (size >= SMALL_OUTPUT_BYTES || countedOutputBytes > 0 || !channel.isWritable()) {
        checkOutput();
      }
    }
    reply.clear();
    if (closeWhenSealed) {
      closeWhenFlushed = true;
    }
  }

  /** Queues the reply's bytes; false when there is no memory, and the connection closes. */
  private boolean queue(long size, long offset) {
    try {
      output.add(reply, offset, channel.alloc());
      return true;
    } catch (OutOfMemoryError full) {
      // Only this client's replies are lost; the engine lock is held, and has to be let go.
      log.warn(
          "Client id={} addr={} closed: no direct memory for {} bytes of replies.",
          client.id(),
          peerAddress(),
          size);
      client.close(/* afterReplies= */ false);
      return false;
    }
  }

  @Override
  public void flush() {
    if (loop.eventLoop().inEventLoop()) {
      flushHere();
    } else {
      loop.eventLoop().execute(flush);
    }
  }

  private void flushHere() {
    if (output.holds()) {
      flushSafe();
      return;
    }
    boolean last = closeWhenFlushed;
    ByteBuf buffer = output.take();
    if (last) {
      if (buffer == null) {
        channel.close();
      } else {
        channel.writeAndFlush(buffer).addListener(ChannelFutureListener.CLOSE);
      }
    } else if (buffer != null) {
      channel.writeAndFlush(buffer, channel.voidPromise());
    }
  }

  /** Sends what need not wait for the command log, or no longer. */
  private void flushSafe() {
    if (ended) {
      return;
    }
    boolean last = closeWhenFlushed;
    output.takeUpTo(engine.safeOffset(), buffer -> channel.write(buffer, channel.voidPromise()));
    if (last && !output.holds()) {
      channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    } else {
      channel.flush();
    }
    goOnReading();
  }

  @Override
  public void resume() {
    if (loop.eventLoop().inEventLoop()) {
      loop.add(this);
    } else {
      loop.eventLoop().execute(() -> loop.add(this));
    }
  }

  @Override
  public void close(boolean afterReplies) {
    if (afterReplies) {
      closeWhenSealed = true;
      engine.touch(client);
    } else {
      // What is held back must not slip out before the socket has closed.
      ended = true;
      channel.close();
    }
  }

  /** Counts unsent replies, and ends a client that leaves more than its class may. */
  private void checkOutput() {
    long pending = pendingBytes();
    countOutput(pending < SMALL_OUTPUT_BYTES ? 0 : pending);
    if (client.isReplica()) {
      // It is sent little at once, and most of what it may leave unread is kept elsewhere.
      return;
    }
    OutputLimit limit = limits.outputLimit(client);
    boolean overSoft = limit.softBytes() > 0 && pending > limit.softBytes();
    if (!overSoft) {
      overSoftLimitSinceNanos = 0;
    } else if (overSoftLimitSinceNanos == 0) {
      overSoftLimitSinceNanos = engine.world().nanos() | 1;
    }
    boolean overSoftForLong =
        overSoft
            && engine.world().nanos() - overSoftLimitSinceNanos
                >= limit.softSeconds() * 1_000_000_000L;
    // Whoever only asks waits until it has read; what is told unasked cannot wait.
    boolean pushedTooMuch =
        client.takePushed() && limits.isOutputScarce() && pending > limits.fairOutputBytes();
    if (pushedTooMuch
        || overSoftForLong
        || (limit.hardBytes() > 0 && pending > limit.hardBytes())) {
      log.warn(
          "Client id={} addr={} closed for overcoming of output buffer limits.",
          client.id(),
          peerAddress());
      engine.statistics().disconnectForOutput();
      client.close(/* afterReplies= */ false);
    }
  }

  private void countOutput(long bytes) {
    long difference = bytes - countedOutputBytes;
    if (difference != 0) {
      countedOutputBytes = bytes;
      limits.addOutputBytes(difference);
    }
    // Nothing is evicted for what replicas have not read: that would be more for them to read.
    long evicted = client.isReplica() ? 0 : bytes;
    if (evicted != evictedForBytes) {
      engine.statistics().addOutputBytes(evicted - evictedForBytes);
      evictedForBytes = evicted;
    }
  }

  @Override
  public int heldInputBytes() {
    return heldInputBytes;
  }

  @Override
  public int freeInputBytes() {
    return Math.max(0, parser.array().length - heldInputBytes);
  }

  @Override
  public int replyCapacity() {
    return reply.capacity();
  }

  @Override
  public long receivedBytes() {
    return receivedBytes.get();
  }

  @Override
  public long sentBytes() {
    return sentBytes;
  }

  @Override
  public long pendingBytes() {
    ChannelOutboundBuffer unsent = channel.unsafe().outboundBuffer();
    return output.bytes() + (unsent == null ? 0 : unsent.totalPendingWriteBytes());
  }

  @Override
  public String peerAddress() {
    return Addresses.text(channel, channel.remoteAddress());
  }

  @Override
  public String localAddress() {
    return Addresses.text(channel, channel.localAddress());
  }
}
