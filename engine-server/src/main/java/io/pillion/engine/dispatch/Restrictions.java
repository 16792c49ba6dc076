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
    any = loading || stale != null || !writes.isEmpty();
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
