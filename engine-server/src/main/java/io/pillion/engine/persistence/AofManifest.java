package io.pillion.engine.persistence;

import io.pillion.engine.config.QuotedWords;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which files an append-only log consists of: one base, then increments in the order they were
 * written; and those that were replaced and are still to be removed. Redis 7's format, a line for
 * each file. Immutable.
 *
 * @param base null when there is none
 * @param history replaced; not part of the data any more
 * @param increments in order
 */
record AofManifest(@Nullable Entry base, List<Entry> history, List<Entry> increments) {
  static final AofManifest EMPTY = new AofManifest(null, List.of(), List.of());
  private static final int MAX_LINE = 1024;

  /**
   * A file.
   *
   * @param name without folder
   * @param sequence counts the files of its kind from 1 on
   */
  record Entry(String name, long sequence, Kind kind) {
    private Entry as(Kind newKind) {
      return new Entry(name, sequence, newKind);
    }
  }

  /** What a file is. */
  enum Kind {
    BASE('b'),
    HISTORY('h'),
    INCREMENT('i');

    private final char letter;

    Kind(char letter) {
      this.letter = letter;
    }
  }

  // --- reading and writing

  /**
   * Reads a manifest.
   *
   * @throws PersistenceException when it is not one, with the lines that Redis logs for it
   */
  static AofManifest parse(String text) {
    if (text.isEmpty()) {
      throw broken(0, "", "Found an empty AOF manifest");
    }
    Entry base = null;
    List<Entry> history = new ArrayList<>();
    List<Entry> increments = new ArrayList<>();
    int number = 0;
    for (int at = 0; at < text.length(); ) {
      int end = text.indexOf('\n', at);
      boolean whole = end >= 0 && end - at < MAX_LINE;
      String line = text.substring(at, end < 0 ? text.length() : end);
      number++;
      if (!line.startsWith("#")) {
        if (!whole) {
          throw broken(0, "", "The AOF manifest file contains too long line");
        }
        Entry entry = entry(number, line.strip());
        switch (entry.kind) {
          case BASE -> {
            if (base != null) {
              throw broken(number, line.strip(), "Found duplicate base file information");
            }
            base = entry;
          }
          case HISTORY -> history.add(entry);
          case INCREMENT -> {
            if (entry.sequence <= lastSequence(increments)) {
              throw broken(number, line.strip(), "Found a non-monotonic sequence number");
            }
            increments.add(entry);
          }
        }
      }
      at = end < 0 ? text.length() : end + 1;
    }
    return new AofManifest(base, List.copyOf(history), List.copyOf(increments));
  }

  private static Entry entry(int number, String line) {
    List<String> words = QuotedWords.split(line);
    if (words == null || words.size() < 6 || words.size() % 2 != 0) {
      throw broken(number, line, "Invalid AOF manifest file format");
    }
    String name = "";
    long sequence = 0;
    char letter = 0;
    for (int i = 0; i < words.size(); i += 2) {
      String value = words.get(i + 1);
      switch (words.get(i).toLowerCase(Locale.ROOT)) {
        case "file" -> {
          name = value;
          if (value.indexOf('/') >= 0 || value.indexOf('\\') >= 0) {
            throw broken(number, line, "File can't be a path, just a filename");
          }
        }
        case "seq" -> sequence = number(value);
        case "type" -> letter = value.isEmpty() ? 0 : value.charAt(0);
        default -> {
          // A later version may say more.
        }
      }
    }
    if (name.isEmpty() || sequence == 0 || letter == 0) {
      throw broken(number, line, "Invalid AOF manifest file format");
    }
    for (Kind kind : Kind.values()) {
      if (kind.letter == letter) {
        return new Entry(name, sequence, kind);
      }
    }
    throw broken(number, line, "Unknown AOF file type");
  }

  private static long number(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static PersistenceException broken(int number, String line, String reason) {
    String where =
        line.isEmpty()
            ? ""
            : "Reading the manifest file, at line " + number + "\n>>> '" + line + "'\n";
    return new PersistenceException("\n*** FATAL AOF MANIFEST FILE ERROR ***\n" + where + reason);
  }

  /** The text of the file. */
  String format() {
    StringBuilder text = new StringBuilder();
    Stream.concat(
            base == null ? Stream.empty() : Stream.of(base),
            Stream.concat(history.stream(), increments.stream()))
        .forEach(
            entry ->
                text.append("file ")
                    .append(word(entry.name))
                    .append(" seq ")
                    .append(entry.sequence)
                    .append(" type ")
                    .append(entry.kind.letter)
                    .append('\n'));
    return text.toString();
  }

  /** As it is where that can be read again. */
  private static String word(String name) {
    String quoted = QuotedWords.quote(name);
    boolean plain =
        quoted.length() == name.length() + 2 && name.indexOf(' ') < 0 && name.indexOf('\'') < 0;
    return plain ? name : quoted;
  }

  // --- what follows from it

  /** Whether no data belong to it. */
  boolean isEmpty() {
    return base == null && increments.isEmpty();
  }

  /** The files that make up the data, in the order to be read. */
  List<Entry> files() {
    return Stream.concat(base == null ? Stream.empty() : Stream.of(base), increments.stream())
        .toList();
  }

  /** The increment that is written to, or null when there is none. */
  @Nullable Entry last() {
    return increments.isEmpty() ? null : increments.get(increments.size() - 1);
  }

  /** With one more increment, named after the log. */
  AofManifest withIncrement(String logName) {
    long sequence = Math.max(lastSequence(increments), lastOfHistory(/* ofIncrements= */ true)) + 1;
    List<Entry> more = new ArrayList<>(increments);
    more.add(new Entry(logName + "." + sequence + ".incr.aof", sequence, Kind.INCREMENT));
    return new AofManifest(base, history, List.copyOf(more));
  }

  /** With a base that has no file yet. */
  AofManifest withBase(Entry newBase) {
    List<Entry> replaced = new ArrayList<>(history);
    if (base != null) {
      replaced.add(0, base.as(Kind.HISTORY));
    }
    return new AofManifest(newBase, List.copyOf(replaced), increments);
  }

  /** The base that follows this one, named after the log. */
  Entry nextBase(String logName, boolean rdb) {
    long sequence =
        Math.max(base == null ? 0 : base.sequence, lastOfHistory(/* ofIncrements= */ false)) + 1;
    return new Entry(
        logName + "." + sequence + ".base" + (rdb ? ".rdb" : ".aof"), sequence, Kind.BASE);
  }

  /** With all increments but the last replaced by the base. */
  AofManifest withLastIncrementOnly() {
    List<Entry> replaced = new ArrayList<>(history);
    for (int i = increments.size() - 2; i >= 0; i--) {
      replaced.add(0, increments.get(i).as(Kind.HISTORY));
    }
    List<Entry> last =
        increments.isEmpty() ? List.of() : List.of(increments.get(increments.size() - 1));
    return new AofManifest(base, List.copyOf(replaced), last);
  }

  /** With all increments replaced by the base. */
  AofManifest withoutIncrements() {
    List<Entry> replaced = new ArrayList<>(history);
    for (Entry increment : increments) {
      replaced.add(0, increment.as(Kind.HISTORY));
    }
    return new AofManifest(base, List.copyOf(replaced), List.of());
  }

  /** Names must not be those of files that are still to be removed. */
  private long lastOfHistory(boolean ofIncrements) {
    return history.stream()
        .filter(entry -> entry.name.endsWith(".incr.aof") == ofIncrements)
        .mapToLong(Entry::sequence)
        .max()
        .orElse(0);
  }

  /** Without the files that were replaced. */
  AofManifest withoutHistory() {
    return new AofManifest(base, List.of(), increments);
  }

  private static long lastSequence(List<Entry> increments) {
    return increments.isEmpty() ? 0 : increments.get(increments.size() - 1).sequence;
  }
}
