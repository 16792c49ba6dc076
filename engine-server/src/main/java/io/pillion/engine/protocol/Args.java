package io.pillion.engine.protocol;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Lease;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The words of one command: its name at 0, then its arguments. Reused from command to command: the
 * {@link Bytes} it hands out are views that the next command moves.
 */
public final class Args {
  private static final byte[] REDACTED = "(redacted)".getBytes(StandardCharsets.US_ASCII);

  private static final int SHOWN_BYTES = 128;
  private static final byte[] NONE = new byte[0];

  private Bytes[] words = new Bytes[0];
  private int count;

  /** Words that lie outside the heap, or null as a rule. */
  private @Nullable List<LargeWord> large;

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
    large = null;
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

  /** Appends a word that lies outside the heap. */
  void add(LargeWord word) {
    add(NONE, 0, 0);
    if (large == null) {
      large = new ArrayList<>(1);
    }
    large.add(word);
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
    if (large != null) {
      fetch(index);
    }
    return words[index];
  }

  // --- words outside the heap

  /** Whether some words lie outside the heap, to be copied to it when they are asked for. */
  public boolean hasLarge() {
    return large != null;
  }

  /**
   * Where a word lies that was received outside the heap, for a command that stores it: it may
   * {@linkplain io.pillion.engine.memory.Arena#adopt adopt} the block. Null for other words.
   */
  public @Nullable Lease lease(int index) {
    LargeWord word = large == null ? null : large(index);
    return word == null ? null : word.lease();
  }

  /** How many bytes a word has, wherever it lies. */
  public int length(int index) {
    LargeWord word = large == null ? null : large(index);
    return word == null ? get(index).length() : word.length();
  }

  /** A copy of the first bytes of a word, wherever it lies. */
  public byte[] head(int index, int most) {
    LargeWord word = large == null ? null : large(index);
    if (word != null) {
      return word.head(most);
    }
    Bytes bytes = get(index);
    return bytes.slice(0, Math.min(most, bytes.length())).toByteArray();
  }

  /** A word for somebody who watches: only how it begins, where there is too little heap for it. */
  public Bytes shown(int index) {
    try {
      return get(index);
    } catch (CommandException tooLarge) {
      String rest = "... (" + (length(index) - SHOWN_BYTES) + " more bytes)";
      byte[] head = head(index, SHOWN_BYTES);
      byte[] text = Arrays.copyOf(head, head.length + rest.length());
      System.arraycopy(
          rest.getBytes(StandardCharsets.US_ASCII), 0, text, head.length, rest.length());
      return Bytes.of(text);
    }
  }

  /**
   * Copies all words to the heap.
   *
   * @throws CommandException when there is too little heap
   */
  public void fetchAll() {
    for (int i = 0; i < count; i++) {
      fetch(i);
    }
  }

  /**
   * Makes sure that all words are there.
   *
   * @throws CommandException when one was too large to be received
   */
  public void requireWhole() {
    if (large != null) {
      for (LargeWord word : large) {
        if (word.lease() == null) {
          throw Errors.outOfMemory();
        }
      }
    }
  }

  private void fetch(int index) {
    LargeWord word = large(index);
    if (word != null) {
      words[index].wrap(word.array(), 0, word.length());
    }
  }

  private @Nullable LargeWord large(int index) {
    if (large != null) {
      for (LargeWord word : large) {
        if (word.index() == index) {
          return word;
        }
      }
    }
    return null;
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
    if (large != null) {
      large.removeIf(word -> word.index() == index);
    }
    get(index).wrap(REDACTED, 0, REDACTED.length);
  }

  /** A copy that does not depend on the connection's input. */
  public Args copy() {
    Bytes[] copies = new Bytes[count];
    for (int i = 0; i < count; i++) {
      copies[i] = get(i).copy();
    }
    return of(copies);
  }

  /** The number of bytes of all words. */
  public long sizeBytes() {
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += length(i);
    }
    return sum;
  }

  /** The name and the number of words; never their content, which may be secret. */
  @Override
  public String toString() {
    return count == 0 ? "(empty)" : words[0] + " (" + (count - 1) + " arguments)";
  }
}
