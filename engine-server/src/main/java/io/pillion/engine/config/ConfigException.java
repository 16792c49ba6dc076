package io.pillion.engine.config;

import org.jspecify.annotations.Nullable;

/**
 * A parameter cannot be set so. Nothing has changed. Cheap: it has no stack trace, because it tells
 * a user about a mistake.
 */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final @Nullable String parameter;
  private final boolean unknown;

  private ConfigException(@Nullable String parameter, String reason, boolean unknown) {
    super(reason, null, false, false);
    this.parameter = parameter;
    this.unknown = unknown;
  }

  /** A value that its parameter does not take: only the reason, in Redis' words. */
  public ConfigException(String reason) {
    this(null, reason, /* unknown= */ false);
  }

  static ConfigException unknown(String name) {
    return new ConfigException(name, "Bad directive or wrong number of arguments", true);
  }

  ConfigException about(String name) {
    return new ConfigException(name, reason(), unknown);
  }

  /** Why, in Redis' words. */
  public String reason() {
    return String.valueOf(getMessage());
  }

  /** What CONFIG SET answers. */
  public String errorReply() {
    if (unknown) {
      return "ERR Unknown option or number of arguments for CONFIG SET - '" + parameter + "'";
    }
    return "ERR CONFIG SET failed (possibly related to argument '" + parameter + "') - " + reason();
  }
}
