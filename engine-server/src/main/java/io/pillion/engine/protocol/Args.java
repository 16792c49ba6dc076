package io.pillion.engine.protocol;

import io.pillion.engine.memory.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * The words of one command: its name at 0, then its arguments. Reused from command to command: the
 * {@link Bytes} it hands out are views that the next command moves.
 */
public final class Args {
  private static final byte[] REDACTED = "(redacted)".getBytes(StandardCharsets.US_ASCII);

  private Bytes[] words = new Bytes[0];
  private int count;

  /** No words. */
  public Args() {}

  /** The words of a command that is built rather than read. */
  public static Args of(Bytes... words) {
    Args args = new Args();
    args.words = words;
    args.count = words.length;
    return args;
  }

  /** The words of a command that is built rather than read. */
  public static Args of(List<byte[]> words) {
    return of(words.stream().map(Bytes::of).toArray(Bytes[]::new));
  }

  /** Forgets all words, to be filled again. */
  public void clear() {
    count = 0;
    if (words.length > 1024) {
      words = new Bytes[0];
    }
  }

  /** Appends a word as a view. */
  public void add(byte[] array, int offset, int length) {
    if (count == words.length) {
      int old = words.length;
      words = Arrays.copyOf(words, Math.max(8, old * 2));
      for (int i = old; i < words.length; i++) {
        words[i] = Bytes.of(array, 0, 0);
      }
    }
    words[count++].wrap(array, offset, length);
  }

  /** How many words, the name included. */
  public int count() {
    return count;
  }

  /** The word at an index; 0 is the name. */
  public Bytes get(int index) {
    if (index >= count) {
      throw new IndexOutOfBoundsException(index + " of " + count);
    }
    return words[index];
  }

  /** Whether the word is this option, in any case; {@code upper} is upper case ASCII. */
  public boolean is(int index, String upper) {
    return get(index).equalsIgnoreCase(upper);
  }

  /**
   * The word as a 64-bit integer, in exactly the form Redis takes: no spaces, no plus, no leading
   * zeros.
   *
   * @throws CommandException {@link Errors#notAnInteger()}
   */
  public long integer(int index) {
    return Numbers.parseLong(get(index), Errors.notAnInteger());
  }

  /**
   * The word as a floating-point number as Redis takes it: {@code inf} allowed, {@code nan} not.
   *
   * @throws CommandException {@link Errors#notAFloat()}
   */
  public double number(int index) {
    return Numbers.parseDouble(get(index), Errors.notAFloat());
  }

  /**
   * Makes a secret word unreadable for those who see the command afterwards: slow log, MONITOR. The
   * handler has used it by then; the bytes the word was read from stay as they are.
   */
  public void redact(int index) {
    get(index).wrap(REDACTED, 0, REDACTED.length);
  }

  /** A copy that does not depend on the connection's input. */
  public Args copy() {
    Bytes[] copies = new Bytes[count];
    for (int i = 0; i < count; i++) {
      copies[i] = words[i].copy();
    }
    return of(copies);
  }

  /** The number of bytes of all words. */
  public long sizeBytes() {
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += words[i].length();
    }
    return sum;
  }

  /** The name and the number of words; never their content, which may be secret. */
  @Override
  public String toString() {
    return count == 0 ? "(empty)" : words[0] + " (" + (count - 1) + " arguments)";
  }
}
