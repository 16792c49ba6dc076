package io.pillion.engine.protocol;

import io.pillion.engine.memory.Bytes;

/**
 * Redis' error texts, word by word, in one place. The common ones are shared: they carry no stack
 * trace and nothing else of their own.
 */
@SuppressWarnings("StaticAssignmentOfThrowable")
public final class Errors {
  private Errors() {}

  /** A word as errors repeat it: byte by byte, and as in C only up to the first NUL. */
  public static String shown(Bytes word) {
    String text = word.toString();
    int end = text.indexOf('\0');
    return end < 0 ? text : text.substring(0, end);
  }

  public static CommandException syntax() {
    return SYNTAX;
  }

  public static CommandException wrongType() {
    return WRONG_TYPE;
  }

  public static CommandException notAnInteger() {
    return NOT_AN_INTEGER;
  }

  public static CommandException notAFloat() {
    return NOT_A_FLOAT;
  }

  public static CommandException noSuchKey() {
    return NO_SUCH_KEY;
  }

  public static CommandException outOfMemory() {
    return OUT_OF_MEMORY;
  }

  public static CommandException loading() {
    return LOADING;
  }

  /** Any other error of the general kind: {@code ERR} and the text. */
  public static CommandException err(String text) {
    return new CommandException("ERR " + text);
  }

  /** An argument count that the command does not take. */
  public static CommandException wrongNumberOfArguments(String lowerCaseName) {
    return err("wrong number of arguments for '" + lowerCaseName + "' command");
  }

  /** An expiry that is not positive, or overflows. */
  public static CommandException invalidExpire(String lowerCaseName) {
    return err("invalid expire time in '" + lowerCaseName + "' command");
  }

  private static final CommandException SYNTAX = err("syntax error");
  private static final CommandException WRONG_TYPE =
      new CommandException("WRONGTYPE Operation against a key holding the wrong kind of value");
  private static final CommandException NOT_AN_INTEGER =
      err("value is not an integer or out of range");
  private static final CommandException NOT_A_FLOAT = err("value is not a valid float");
  private static final CommandException NO_SUCH_KEY = err("no such key");
  private static final CommandException LOADING =
      new CommandException("LOADING Redis is loading the dataset in memory");
  private static final CommandException OUT_OF_MEMORY =
      new CommandException("OOM command not allowed when used memory > 'maxmemory'.");
}
