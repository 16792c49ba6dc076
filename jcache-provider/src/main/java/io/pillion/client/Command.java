package io.pillion.client;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * One command: its name and its arguments as bytes. Built once, sent once.
 *
 * <pre>{@code Command.of("SET").arg(key).arg(value).arg("PX").arg(60_000)}</pre>
 */
public final class Command {
  private final String name;
  private final List<byte[]> args = new ArrayList<>(4);
  private int keyIndex;

  private Command(String name) {
    this.name = name;
  }

  /** A command of this name, which may hold a subcommand: {@code Command.of("CLIENT", "ID")}. */
  public static Command of(String name, String... args) {
    Command command = new Command(name);
    for (String arg : args) {
      command.arg(arg);
    }
    return command;
  }

  /** Appends an argument; the array is not copied. */
  public Command arg(byte[] arg) {
    args.add(arg);
    return this;
  }

  /** Appends a text argument as UTF-8. */
  public Command arg(String arg) {
    args.add(arg.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  /** Appends an integer argument. */
  public Command arg(long arg) {
    return arg(Long.toString(arg));
  }

  /** Appends a floating-point argument; infinities as {@code inf} and {@code -inf}. */
  public Command arg(double arg) {
    if (Double.isInfinite(arg)) {
      return arg(arg > 0 ? "inf" : "-inf");
    }
    return arg(
        arg == Math.rint(arg) && Math.abs(arg) < 1e15
            ? Long.toString((long) arg)
            : Double.toString(arg));
  }

  /** Says which argument (0-based, after the name) is the key that decides the cluster slot. */
  public Command keyAt(int index) {
    keyIndex = index;
    return this;
  }

  /** The argument that decides the cluster slot; meaningless when there are no keys. */
  public int keyIndex() {
    return keyIndex;
  }

  /** The name as given. */
  public String name() {
    return name;
  }

  /** The arguments after the name, in order; not a copy. */
  public List<byte[]> args() {
    return args;
  }

  /** The name and the number of arguments; never their content, which may be secret. */
  @Override
  public String toString() {
    return name + " (" + args.size() + " arguments)";
  }
}
