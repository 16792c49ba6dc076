package io.pillion.engine.scripting.lua;

/** A function that is written in Java. */
public final class Builtin extends LuaFunction {
  private static final LuaTable NO_ENVIRONMENT = new LuaTable();

  static {
    NO_ENVIRONMENT.readonly(true);
  }

  /** What such a function does. */
  @FunctionalInterface
  public interface Body {
    /**
     * Carries it out.
     *
     * @return the results; {@link Arguments} has shapes for the usual ones
     * @throws LuaError what a script can catch
     */
    Object[] call(Arguments args);
  }

  final Body body;

  /** Carries it out, for a function that stands before this one. */
  public Object[] call(Arguments args) {
    return body.call(args);
  }

  /** A function that does this. */
  public Builtin(Body body) {
    super(NO_ENVIRONMENT);
    this.body = body;
  }
}
