package io.pillion.engine.scripting;

import io.pillion.engine.config.QuotedWords;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What a script says of itself in its first line, {@code #!lua flags=…}, or by registering. */
public final class ScriptFlags {
  /** One such statement. */
  public enum Flag {
    NO_WRITES,
    ALLOW_OOM,
    ALLOW_STALE,
    NO_CLUSTER,
    ALLOW_CROSS_SLOT_KEYS;

    /** As scripts write it. */
    public String redisName() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Flag of(String text) {
      for (Flag flag : values()) {
        if (flag.redisName().equals(text)) {
          return flag;
        }
      }
      throw new IllegalArgumentException(text);
    }
  }

  private final boolean isDeclared;
  private final Set<Flag> flags;

  ScriptFlags(boolean isDeclared, Set<Flag> flags) {
    this.isDeclared = isDeclared;
    this.flags = flags;
  }

  /** Whether it says anything; if not, it is judged command by command. */
  boolean isDeclared() {
    return isDeclared;
  }

  /** Whether it says this. */
  boolean has(Flag flag) {
    return flags.contains(flag);
  }

  /** Whether it does not say that it never writes. */
  boolean mayWrite() {
    return !isDeclared || !has(Flag.NO_WRITES);
  }

  /** All that it says. */
  public Set<Flag> all() {
    return flags;
  }

  /** Where the first line ends, when it is one of ours; 0 else. */
  static int shebangLength(byte[] body) {
    if (body.length < 2 || body[0] != '#' || body[1] != '!') {
      return 0;
    }
    for (int i = 0; i < body.length; i++) {
      if (body[i] == '\n') {
        return i;
      }
    }
    throw Errors.err("Invalid script shebang");
  }

  /** The words of a first line; none when its quotes do not match. */
  static List<String> words(byte[] body, int length) {
    List<byte[]> words = QuotedWords.split(body, 0, length);
    return words == null
        ? List.of()
        : words.stream().map(word -> new String(word, StandardCharsets.ISO_8859_1)).toList();
  }

  /**
   * The flags of an EVAL script.
   *
   * @throws CommandException its first line makes no sense
   */
  static ScriptFlags of(byte[] body) {
    int length = shebangLength(body);
    EnumSet<Flag> flags = EnumSet.noneOf(Flag.class);
    if (length == 0) {
      return new ScriptFlags(/* isDeclared= */ false, flags);
    }
    List<String> words = words(body, length);
    if (words.isEmpty()) {
      throw Errors.err("Invalid engine in script shebang");
    }
    if (!words.get(0).equals("#!lua")) {
      throw Errors.err("Unexpected engine in script shebang: " + words.get(0));
    }
    for (String word : words.subList(1, words.size())) {
      if (!word.startsWith("flags=")) {
        throw Errors.err("Unknown lua shebang option: " + word);
      }
      String list = word.substring("flags=".length());
      for (String flag : list.isEmpty() ? new String[0] : list.split(",", -1)) {
        try {
          flags.add(Flag.of(flag));
        } catch (IllegalArgumentException e) {
          throw Errors.err("Unexpected flag in script shebang: " + flag);
        }
      }
    }
    return new ScriptFlags(/* isDeclared= */ true, flags);
  }
}
