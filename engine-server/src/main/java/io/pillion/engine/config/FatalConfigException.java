package io.pillion.engine.config;

/**
 * The configuration stops the start. The message is what the user must be told, whole and without a
 * stack trace.
 */
public final class FatalConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The version of Redis whose configuration this reads. */
  public static final String REDIS_VERSION = "7.2.4";

  /** A line that cannot be understood. */
  FatalConfigException(int lineNumber, String line, String reason) {
    super(
        header()
            + "Reading the configuration file, at line "
            + lineNumber
            + "\n>>> '"
            + line
            + "'\n"
            + reason,
        null,
        false,
        false);
  }

  /** Something that no single line is to blame for. */
  FatalConfigException(String reason) {
    super(header() + reason, null, false, false);
  }

  /** A file that cannot be read. */
  public static FatalConfigException cannotOpen(String path, String why) {
    return new FatalConfigException(path, why);
  }

  private FatalConfigException(String path, String why) {
    super("Fatal error, can't open config file '" + path + "': " + why, null, false, false);
  }

  /** The whole text for the user. */
  public String text() {
    return String.valueOf(getMessage());
  }

  private static String header() {
    return "\n*** FATAL CONFIG FILE ERROR (Redis " + REDIS_VERSION + ") ***\n";
  }
}
