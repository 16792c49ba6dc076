package io.pillion.client;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Knows which server a key belongs to. */
interface Router {
  /** The only server there is, or null where the key decides. */
  @Nullable Node only();

  /**
   * Finds the server of a key, perhaps later.
   *
   * @param key null for a command without keys
   * @param then called with the server
   * @param otherwise called instead when no server could be asked
   */
  void route(byte @Nullable [] key, Consumer<Node> then, Consumer<ConnectionException> otherwise);

  /** Like {@link #route}, at once; only inside a callback of it, when the servers are known. */
  void routeNow(
      byte @Nullable [] key, Consumer<Node> then, Consumer<ConnectionException> otherwise);

  /**
   * Learns from an error reply that a key has moved.
   *
   * @return the server to ask now, or null when the error is a different one
   */
  @Nullable Node moved(String error);

  /** What to do about an error reply before the caller sees it; null for nothing. */
  WireCommand.@Nullable Redirect redirect();

  /** Every primary; empty when none could be asked. */
  List<Node> primaries();

  /** Asks again who the primaries are, before the next answer of {@link #primaries}. */
  void forget();

  /**
   * Who is told when keys may have moved between servers, on the thread that found out.
   *
   * @param onMoved called when the primaries are others than before, or serve other keys
   * @param onAsked called when a key was asked for elsewhere this one time
   */
  void onChange(Runnable onMoved, Runnable onAsked);

  /** How much longer than usual a caller has to wait at the moment, for connections to be made. */
  Duration patience();

  /** Closes every connection. */
  void close();
}
