package io.pillion.client;

import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.ProtocolKeyword;
import io.lettuce.core.protocol.RedisCommand;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One {@link Command} on its way over a {@link Wire}: what Lettuce encodes and completes, and at
 * the same time the stage the caller waits for, so that a command costs one object and not three.
 */
final class WireCommand extends CompletableFuture<@Nullable Object>
    implements RedisCommand<byte[], byte[], Object> {

  /**
   * Told to Lettuce as the type of every command. Lettuce gives MULTI, EXEC, AUTH and SELECT a
   * meaning of its own when it sees them; here they are commands like all others.
   */
  private static final ProtocolKeyword TYPE =
      new ProtocolKeyword() {
        @Override
        public byte[] getBytes() {
          return "command".getBytes(StandardCharsets.US_ASCII);
        }

        @Override
        public String toString() {
          return "command";
        }
      };

  /** Decides what happens to a command that the server answered with an error. */
  @FunctionalInterface
  interface Redirect {
    /** Whether this took the command over, to be sent elsewhere. */
    boolean redirected(WireCommand command, String error);
  }

  private static final AtomicReferenceFieldUpdater<WireCommand, @Nullable Wire> WIRE =
      AtomicReferenceFieldUpdater.newUpdater(WireCommand.class, Wire.class, "wire");
  private static final CommandArgs<byte[], byte[]> NO_ARGS =
      new CommandArgs<>(ByteArrayCodec.INSTANCE);
  private static final int CRLF = '\r' << Byte.SIZE | '\n';

  private final Command command;
  private final boolean timed;
  private final @Nullable Redirect redirect;
  private ReplyOutput output = new ReplyOutput();
  private volatile @Nullable Wire wire;
  private volatile Deadlines.@Nullable Deadline deadline;
  private volatile boolean encoded;
  private List<WireCommand> carried = List.of();
  private long sentAtNanos;
  private int redirects;

  /**
   * A command that was not sent yet.
   *
   * @param timed whether it fails when its wire's timeout has passed
   * @param redirect asked about error replies; null when they end the command
   */
  WireCommand(Command command, boolean timed, @Nullable Redirect redirect) {
    this.command = command;
    this.timed = timed;
    this.redirect = redirect;
  }

  Command command() {
    return command;
  }

  boolean timed() {
    return timed;
  }

  /** Whether any of it may have reached the server. */
  boolean inDoubt() {
    return encoded;
  }

  /** When it was handed to the connection, by the clock of {@link System#nanoTime()}. */
  long sentAtNanos() {
    return sentAtNanos;
  }

  /**
   * Makes it stand for a whole batch that it is the last command of. On the connection's event loop
   * {@link BatchWriter} puts the batch in its place.
   */
  void carry(List<WireCommand> batch) {
    carried = batch;
  }

  /** The batch it stands for; empty when it stands for itself. */
  List<WireCommand> carried() {
    return carried;
  }

  /** Counts one more redirection; the number so far. */
  int countRedirect() {
    return ++redirects;
  }

  /** Called once per attempt, before it goes to the connection. */
  void startedOn(Wire wire, long nowNanos) {
    this.wire = wire;
    this.sentAtNanos = nowNanos;
  }

  /** Says when it fails; called once, before it goes to the connection. */
  void deadline(Deadlines.Deadline begun) {
    deadline = begun;
  }

  /** Whether {@link #deadline} was called. */
  boolean hasDeadline() {
    return deadline != null;
  }

  /** Makes it ready for another attempt; the previous one was answered with an error. */
  void reset() {
    output = new ReplyOutput();
    encoded = false;
    carried = List.of();
  }

  /** Its time is up. */
  void expired() {
    Wire sentOn = wire;
    if (isDone()) {
      // Its caller has cancelled it; that says nothing of the server.
      leaveWire();
    } else if (sentOn != null) {
      sentOn.timedOut(this);
    }
  }

  @Override
  public void encode(ByteBuf buffer) {
    encoded = true;
    List<byte[]> args = command.args();
    writeLength(buffer, '*', args.size() + 1);
    writeBulk(buffer, command.name().getBytes(StandardCharsets.UTF_8));
    for (byte[] arg : args) {
      writeBulk(buffer, arg);
    }
  }

  private static void writeBulk(ByteBuf buffer, byte[] bytes) {
    writeLength(buffer, '$', bytes.length);
    buffer.writeBytes(bytes);
    buffer.writeShort(CRLF);
  }

  private static void writeLength(ByteBuf buffer, char marker, int length) {
    buffer.writeByte(marker);
    int unit = 1;
    while (length / unit >= 10) {
      unit *= 10;
    }
    for (int rest = length; unit > 0; unit /= 10) {
      buffer.writeByte('0' + rest / unit);
      rest %= unit;
    }
    buffer.writeShort(CRLF);
  }

  /** Calls back when it is answered or has failed, on the thread that found out. */
  void onDone(BiConsumer<@Nullable Object, @Nullable Throwable> action) {
    CompletionStage<@Nullable Object> stage = this;
    stage.whenComplete(action);
  }

  /** The failure, if it has failed and was not cancelled. */
  @Nullable Throwable failure() {
    Throwable[] found = new Throwable[1];
    if (isCompletedExceptionally()) {
      onDone((reply, error) -> found[0] = error);
    }
    return found[0];
  }

  /** The reply is complete. */
  @Override
  public void complete() {
    Wire sentOn = wire;
    leaveWire();
    if (sentOn != null) {
      sentOn.answered(output.hasError() ? output.getError() : null);
    }
    if (!output.hasError()) {
      meetDeadline();
      complete(output.reply());
      return;
    }
    String error = output.getError();
    if (redirect == null || isDone() || !redirect.redirected(this, error)) {
      meetDeadline();
      super.completeExceptionally(new CommandException(error));
    }
  }

  /** The connection failed this command, or its time is up. */
  @Override
  public boolean completeExceptionally(Throwable failure) {
    Wire sentOn = wire;
    leaveWire();
    meetDeadline();
    if (!encoded && !carried.isEmpty()) {
      List<WireCommand> others = carried;
      carried = List.of();
      others.stream().filter(o -> o != this).forEach(o -> o.completeExceptionally(failure));
    }
    if (failure instanceof ConnectionException || failure instanceof CommandException) {
      return super.completeExceptionally(failure);
    }
    if (isDone()) {
      return false;
    }
    String target = sentOn == null ? "the server" : sentOn.target();
    return super.completeExceptionally(
        new ConnectionException(
            encoded
                ? String.format(
                    "The connection to %s broke before %s was answered; whether it was executed is"
                        + " not known.",
                    target, command.name())
                : String.format(
                    "The connection to %s broke before %s was sent.", target, command.name()),
            failure));
  }

  /** Lettuce gives the command up. */
  @Override
  public void cancel() {
    completeExceptionally(new IllegalStateException("The connection was closed."));
  }

  private void meetDeadline() {
    Deadlines.Deadline running = deadline;
    if (running != null) {
      running.met();
    }
  }

  /** Tells the wire that this attempt is over; whoever comes first, once. */
  private void leaveWire() {
    Wire sentOn = WIRE.getAndSet(this, null);
    if (sentOn != null) {
      sentOn.left();
    }
  }

  @Override
  public CommandOutput<byte[], byte[], Object> getOutput() {
    return output;
  }

  @Override
  public void setOutput(CommandOutput<byte[], byte[], Object> other) {
    throw new UnsupportedOperationException("The output of a command is its own.");
  }

  @Override
  public CommandArgs<byte[], byte[]> getArgs() {
    return NO_ARGS;
  }

  @Override
  public ProtocolKeyword getType() {
    return TYPE;
  }

  @Override
  public String toString() {
    return command.toString();
  }
}
