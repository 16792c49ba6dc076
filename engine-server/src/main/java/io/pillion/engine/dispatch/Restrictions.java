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
  private boolean any;

  /** Whether data are being loaded. */
  public boolean isLoading() {
    return loading;
  }

  /** Says whether data are being loaded: then only commands flagged LOADING are let through. */
  public void loading(boolean yes) {
    loading = yes;
    any = loading || !writes.isEmpty();
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
    any = loading || !writes.isEmpty();
  }

  boolean areAny() {
    return any;
  }

  void check(Command command, boolean mayWrite) {
    if (loading && !command.is(CommandFlag.LOADING)) {
      throw Errors.loading();
    }
    if (mayWrite && !writes.isEmpty()) {
      throw writes.values().iterator().next();
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
