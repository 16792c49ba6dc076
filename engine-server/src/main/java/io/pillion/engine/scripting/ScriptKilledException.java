package io.pillion.engine.scripting;

/** Ends a script from outside; no pcall catches it. */
final class ScriptKilledException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ScriptKilledException() {
    super("Script killed by user with SCRIPT KILL...", null, false, false);
  }
}
