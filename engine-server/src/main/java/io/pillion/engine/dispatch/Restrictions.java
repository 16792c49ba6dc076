package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the state of the engine forbids for now, whoever asks: nearly everything while data are
 * loaded, and changes while they cannot be kept. Under the engine lock.
 */
public final class Restrictions {
  private final Map<String, CommandException> writes = new LinkedHashMap<>();
  private boolean loading;
  private @Nullable CommandException stale;
  private @Nullable CommandException redirection;
  private boolean redirectsSoon;
  private boolean any;

  /** Whether data are being loaded. */
  public boolean isLoading() {
    return loading;
  }

  /** Says whether data are being loaded: then only commands flagged LOADING are let through. */
  public void loading(boolean yes) {
    loading = yes;
    look();
  }

  private void look() {
    any = loading || stale != null || redirection != null || !writes.isEmpty();
  }

  /**
   * Clients that can be are sent to another server, or, with null, are served here again.
   *
   * @param answer where to
   * @param soon whether that server is not ready for them yet, so that they wait here
   */
  public void redirect(@Nullable CommandException answer, boolean soon) {
    redirection = answer;
    redirectsSoon = soon;
    look();
  }

  /** Whether this sends a client to another server, rather than refuse what it wants. */
  boolean isRedirection(CommandException answer) {
    return answer == redirection;
  }

  /** Whether what a client sends waits until it can be sent to another server. */
  boolean isRedirectedSoon(Client client, Command command) {
    return redirectsSoon && isRedirected(client, command);
  }

  private boolean isRedirected(Client client, Command command) {
    if (redirection == null || !client.takesRedirection()) {
      return false;
    }
    Client.Transaction transaction = client.transaction();
    if (transaction != null && command.is(CommandFlag.RUNS_TRANSACTION)) {
      return transaction.queue().stream().anyMatch(each -> isElsewhere(client, each.command()));
    }
    return isElsewhere(client, command);
  }

  private static boolean isElsewhere(Client client, Command command) {
    return command.isWrite() || (command.is(CommandFlag.READONLY) && !client.readsHere());
  }

  /**
   * Throws where a client has to go with this command.
   *
   * @return whether it has to wait until it is known
   */
  boolean checkPlace(Client client, Command command) {
    CommandException answer = redirection;
    if (answer == null || !isRedirected(client, command)) {
      return false;
    }
    if (!redirectsSoon) {
      throw answer;
    }
    return true;
  }

  /**
   * Refuses commands that are not flagged STALE, as the data may be old, or, with null, lets them
   * pass again.
   */
  public void stale(@Nullable CommandException answer) {
    stale = answer;
    look();
  }

  /** What commands are told that would see old data; null when there are none. */
  public @Nullable CommandException stale() {
    return stale;
  }

  /**
   * Refuses commands that may write, or, with null, lets them pass again.
   *
   * @param reason whose concern it is; each keeps its own
   */
  public void refuseWrites(String reason, @Nullable CommandException answer) {
    if (answer == null) {
      writes.remove(reason);
    } else {
      writes.put(reason, answer);
    }
    look();
  }

  boolean areAny() {
    return any;
  }

  void check(Command command, boolean mayWrite, boolean refusedIfStale) {
    if (loading && !command.is(CommandFlag.LOADING)) {
      throw Errors.loading();
    }
    if (mayWrite && !writes.isEmpty()) {
      throw writes.values().iterator().next();
    }
    CommandException old = stale;
    if (old != null && refusedIfStale) {
      throw old;
    }
    if (command.is(CommandFlag.HEALTH_CHECK)) {
      for (CommandException reason : writes.values()) {
        // Other reasons to refuse changes are no failure of this engine.
        if (reason.text().startsWith("MISCONF ")) {
          throw reason;
        }
      }
    }
  }
}
