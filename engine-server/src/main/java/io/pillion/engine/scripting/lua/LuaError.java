package io.pillion.engine.scripting.lua;

/** An error of Lua on its way to the nearest pcall, with any value. Has no stack trace. */
public final class LuaError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Object value;

  /** An error with a value as {@code error} takes it. */
  public LuaError(Object value) {
    super(null, null, false, false);
    this.value = value;
  }

  /** An error with a text of UTF-8. */
  public LuaError(String message) {
    this((Object) LuaString.of(message));
  }

  /** What was thrown. */
  public Object value() {
    return value;
  }

  @Override
  public String getMessage() {
    return value.toString();
  }
}
