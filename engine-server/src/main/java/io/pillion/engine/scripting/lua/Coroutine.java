package io.pillion.engine.scripting.lua;

import org.jspecify.annotations.Nullable;

/** A thread of Lua: its calls, innermost first. The main one, too. */
final class Coroutine {
  /** What it is doing. */
  enum Status {
    SUSPENDED,
    RUNNING,
    /** It has resumed another. */
    NORMAL,
    DEAD
  }

  int mark;
  Status status = Status.SUSPENDED;
  @Nullable Frame top;

  /** What it begins with; null once it has begun. */
  @Nullable LuaFunction body;

  /** Who resumed it. */
  @Nullable Coroutine resumer;

  /** How many calls from Java were going on when it was resumed. */
  int baseCalls;

  /** What it passes on by yielding. */
  Object @Nullable [] yielded;

  LuaTable environment;

  Coroutine(@Nullable LuaFunction body, LuaTable environment) {
    this.body = body;
    this.environment = environment;
  }

  void reach(Reachable reachable) {
    for (Frame frame = top; frame != null; frame = frame.caller) {
      reachable.add(64 + 4L * frame.registers.length);
      if (frame.closure != null) {
        reachable.add(frame.closure);
      }
      addAll(reachable, frame.registers);
      addAll(reachable, frame.varargs);
      addAll(reachable, frame.open);
    }
    if (body != null) {
      reachable.add(body);
    }
    if (resumer != null) {
      reachable.add(resumer);
    }
    reachable.add(environment);
  }

  private static void addAll(Reachable reachable, Object[] values) {
    for (Object value : values) {
      reachable.add(value);
    }
  }
}
