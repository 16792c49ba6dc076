package io.pillion.client;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends commands to one engine, Redis or Valkey and hands back their replies. Thread-safe; one
 * instance serves a whole application.
 *
 * <p>Many callers share few connections. So commands that change what a connection is (SELECT,
 * AUTH, MULTI, WATCH, SUBSCRIBE, CLIENT REPLY, QUIT) are not for {@link #send}.
 *
 * <p>Stages complete on a thread that has other callers to serve: what depends on them must not
 * block, least of all in {@link #await} or {@link #call}.
 *
 * <p>Replies are plain Java objects, whatever carries them:
 *
 * <table>
 * <caption>RESP to Java</caption>
 * <tr><th>RESP</th><th>Java</th></tr>
 * <tr><td>bulk, verbatim and simple string</td><td>{@code byte[]}</td></tr>
 * <tr><td>integer</td><td>{@link Long}</td></tr>
 * <tr><td>double</td><td>{@link Double}</td></tr>
 * <tr><td>boolean</td><td>{@link Boolean}</td></tr>
 * <tr><td>null of any kind</td><td>{@code null}</td></tr>
 * <tr><td>array, set, push</td><td>{@code List<@Nullable Object>}</td></tr>
 * <tr><td>map</td><td>{@code List<@Nullable Object>}: keys and values in turn</td></tr>
 * <tr><td>error at the top</td><td>the stage fails with {@link CommandException}</td></tr>
 * <tr><td>error inside an array</td><td>a {@link CommandException} as the element</td></tr>
 * </table>
 */
public interface Commands extends AutoCloseable {

  /**
   * Sends one command.
   *
   * @param command the name and its arguments; the arrays must not change until the stage completes
   * @return completes with the reply, or fails with {@link CommandException} (the server said no)
   *     or {@link ConnectionException} (no answer: not sent, or in doubt)
   */
  CompletionStage<@Nullable Object> send(Command command);

  /**
   * Sends commands as one pipeline: written together, executed in order, with no guarantee that no
   * other client's command runs in between.
   *
   * @return one stage per command, in order
   */
  List<CompletionStage<@Nullable Object>> pipeline(List<Command> commands);

  /** Sends the commands as one MULTI/EXEC; on a cluster all keys must share a slot. */
  CompletionStage<List<@Nullable Object>> transaction(List<Command> commands);

  /**
   * Sends a command that may block on the server (BLPOP, XREADGROUP BLOCK, WAIT), on a connection
   * of its own kind, so that nothing else waits behind it.
   */
  CompletionStage<@Nullable Object> sendBlocking(Command command);

  /**
   * Subscribes to messages that arrive unasked: RESP3 pushes and published messages.
   *
   * @return ends the subscription when closed
   */
  AutoCloseable onPush(PushListener listener);

  /**
   * Waits for a stage at most as long as this client's command timeout, and as long as it takes to
   * make a connection where there is none.
   *
   * @throws CommandException when the server answered with an error
   * @throws ConnectionException when the answer did not come in time, or the connection broke
   */
  @Nullable Object await(CompletionStage<@Nullable Object> stage);

  /**
   * Sends something and waits for it: as {@link #await} of what the supplier returns, but cheaper,
   * because it is known that the thread that sends will wait.
   *
   * @param asking sends commands of this client and does not wait for them; called once, on the
   *     calling thread
   */
  default @Nullable Object call(Supplier<CompletionStage<@Nullable Object>> asking) {
    return await(asking.get());
  }

  /** Sends one command and waits for its reply. */
  default @Nullable Object call(Command command) {
    return call(() -> send(command));
  }

  /** How long {@link #await} waits. */
  Duration timeout();

  /**
   * Which of these commands the server has, by its own word (COMMAND INFO), asked once and
   * remembered.
   */
  Set<String> supported(Set<String> commandNames);

  /** Where the commands go, without any secret: fit for logs and error messages. */
  String target();

  /**
   * Whether the server spreads keys over slots, so that commands of several keys may be refused.
   */
  boolean isCluster();

  /**
   * Views of this client, one for each primary of the cluster, whose commands go to that primary
   * whatever their keys: for SCAN, DBSIZE, FLUSHALL and the like. This client itself where there is
   * no cluster. The views need no closing.
   *
   * @throws ConnectionException when the cluster cannot be asked
   */
  default List<Commands> primaries() {
    return List.of(this);
  }

  /**
   * Begins to report changes of the keys that begin with this prefix. Prefixes of one client must
   * not begin with each other.
   *
   * @param heartbeat how often {@link Invalidations.Listener#onHeard} is called, about
   * @return already closed by {@link #close}
   * @throws UnsupportedOperationException when these commands come without reports, as those into
   *     an engine of this process do
   */
  default Invalidations invalidations(
      byte[] prefix, Duration heartbeat, Invalidations.Listener listener) {
    throw new UnsupportedOperationException(target() + " does not report changes of keys");
  }

  /** Closes every connection; commands that still wait fail. May be called again. */
  @Override
  void close();

  /** Told of every push, on the thread that read it: it must not block. */
  @FunctionalInterface
  interface PushListener {
    /** A push of this kind, such as {@code invalidate} or {@code message}, with its content. */
    void onPush(String kind, List<@Nullable Object> content);

    /**
     * A connection broke: pushes may have been missed, and what was asked of it (tracking,
     * subscriptions) must be asked again. Does nothing unless overridden.
     */
    default void onGap() {}
  }
}
