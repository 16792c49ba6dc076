package io.pillion.client;

import io.lettuce.core.api.StatefulRedisConnection;
import io.netty.util.Timeout;
import io.netty.util.Timer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The first words on a new connection, in one round trip: HELLO 3 with user, password and name,
 * then SELECT. A server that does not know HELLO or RESP3 is asked again in RESP2.
 *
 * <p>Lettuce has a handshake of its own; it takes three round trips, and reports a refused password
 * as a connection that closed too early, depending on which of two events its channel sees first.
 */
final class Handshake {
  private static final String LIBRARY = "pillion";

  private final PillionUrl url;
  private final StatefulRedisConnection<byte[], byte[]> connection;
  private final Timer timer;
  private final CompletableFuture<StatefulRedisConnection<byte[], byte[]>> result =
      new CompletableFuture<>();

  Handshake(PillionUrl url, StatefulRedisConnection<byte[], byte[]> connection, Timer timer) {
    this.url = url;
    this.connection = connection;
    this.timer = timer;
  }

  /** Completes with the connection when the server has accepted this client; else closes it. */
  CompletionStage<StatefulRedisConnection<byte[], byte[]>> start() {
    Timeout alarm =
        timer.newTimeout(
            expired ->
                result.completeExceptionally(
                    new ConnectionException(
                        "The server accepted the connection but did not answer within "
                            + url.connectTimeout().toMillis()
                            + " ms",
                        null)),
            url.connectTimeout().toNanos(),
            TimeUnit.NANOSECONDS);
    say(hello(), /* fallback= */ true);
    CompletionStage<StatefulRedisConnection<byte[], byte[]>> stage = result;
    return stage.whenComplete(
        (accepted, failure) -> {
          alarm.cancel();
          if (failure != null) {
            CompletionStage<Void> closing = connection.closeAsync();
            closing.exceptionally(ignored -> null);
          }
        });
  }

  private void say(List<Command> commands, boolean fallback) {
    List<WireCommand> words = new ArrayList<>();
    for (Command command : commands) {
      words.add(new WireCommand(command, /* timed= */ false, null));
    }
    // A courtesy for those who read CLIENT LIST; servers before 7.2 refuse it.
    Command name = Command.of("CLIENT", "SETINFO", "lib-name", LIBRARY);
    words.add(new WireCommand(name, /* timed= */ false, null));
    words.get(words.size() - 1).onDone((reply, ignored) -> answered(words, fallback));
    connection.dispatch(words);
  }

  private void answered(List<WireCommand> words, boolean fallback) {
    for (WireCommand word : words.subList(0, words.size() - 1)) {
      Throwable failure = word.failure();
      if (failure != null) {
        if (fallback && word == words.get(0) && isResp2Only(failure)) {
          say(resp2(), /* fallback= */ false);
        } else {
          result.completeExceptionally(failure);
        }
        return;
      }
    }
    result.complete(connection);
  }

  private static boolean isResp2Only(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    return failure instanceof CommandException
        && (message.startsWith("NOPROTO") || message.startsWith("ERR unknown command"));
  }

  private List<Command> hello() {
    Command hello = Command.of("HELLO", "3");
    String password = url.password();
    if (password != null) {
      String user = url.user();
      hello.arg("AUTH").arg(user == null ? "default" : user).arg(password);
    }
    String name = url.clientName();
    if (name != null) {
      hello.arg("SETNAME").arg(name);
    }
    List<Command> commands = new ArrayList<>(List.of(hello));
    select(commands);
    return commands;
  }

  private List<Command> resp2() {
    List<Command> commands = new ArrayList<>();
    @Nullable String password = url.password();
    if (password != null) {
      Command auth = Command.of("AUTH");
      String user = url.user();
      commands.add(user == null ? auth.arg(password) : auth.arg(user).arg(password));
    }
    String name = url.clientName();
    if (name != null) {
      commands.add(Command.of("CLIENT", "SETNAME", name));
    }
    select(commands);
    return commands;
  }

  private void select(List<Command> commands) {
    if (url.database() != 0) {
      commands.add(Command.of("SELECT").arg(url.database()));
    }
  }
}
