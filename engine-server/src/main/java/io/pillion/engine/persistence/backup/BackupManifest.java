package io.pillion.engine.persistence.backup;

import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import java.io.IOException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What is known of a backup, kept beside it as lines of a name and a value.
 *
 * @param name its name, see {@link #checkName}
 * @param kind who asked for it
 * @param number one more than the highest there was when it was made, which says the order also
 *     where clocks went back; 0 where it was not counted yet
 * @param createdMillis the moment that it shows, in Unix milliseconds
 * @param engineVersion what has written it
 * @param encoding how its bytes are packed: {@code gzip}
 * @param rdbVersion the version of the RDB format within
 * @param keys how many keys it has
 * @param bytes how many bytes it has as it is stored
 * @param dataBytes how many bytes the RDB within has
 * @param memoryBytes how much memory the data took
 * @param offset where the command log was, in bytes
 * @param sha256 the check sum of the stored bytes, in hexadecimal digits
 */
public record BackupManifest(
    String name,
    Kind kind,
    long number,
    long createdMillis,
    String engineVersion,
    String encoding,
    int rdbVersion,
    long keys,
    long bytes,
    long dataBytes,
    long memoryBytes,
    long offset,
    String sha256) {
  /** Oldest first. */
  static final Comparator<BackupManifest> ORDER =
      Comparator.comparingLong(BackupManifest::number)
          .thenComparingLong(BackupManifest::createdMillis)
          .thenComparing(BackupManifest::name);

  /** How bytes are packed so far. */
  public static final String GZIP = "gzip";

  private static final String TITLE_OF_ANY = "pillion-backup ";
  private static final String TITLE = TITLE_OF_ANY + 1;
  private static final int MAX_NAME_LENGTH = 100;

  /** Who asked for a backup. */
  public enum Kind {
    /** A client; kept until somebody deletes it. */
    MANUAL,
    /** The schedule; removed as {@code backup-retention-*} say. */
    SCHEDULED;

    /** The word for it. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Refuses names that are not letters, digits, dots, dashes and underscores, that begin with a dot
   * or a dash, or are longer than 100: what is left leads out of no folder.
   */
  static void checkName(String name) {
    boolean good = !name.isEmpty() && name.length() <= MAX_NAME_LENGTH;
    for (int i = 0; i < name.length() && good; i++) {
      char c = name.charAt(i);
      boolean plain = c < 128 && Character.isLetterOrDigit(c);
      good = plain || c == '_' || (i > 0 && (c == '.' || c == '-'));
    }
    if (!good) {
      throw badName();
    }
  }

  private static CommandException badName() {
    return Errors.err(
        "invalid backup name: use 1 to 100 letters, digits, '.', '_' and '-', the first not '.' or"
            + " '-'");
  }

  /** The lines. */
  String format() {
    StringBuilder text = new StringBuilder(TITLE).append('\n');
    line(text, "name", name);
    line(text, "kind", kind.word());
    line(text, "number", number);
    line(text, "created", createdMillis);
    line(text, "engine", engineVersion);
    line(text, "encoding", encoding);
    line(text, "rdb", rdbVersion);
    line(text, "keys", keys);
    line(text, "bytes", bytes);
    line(text, "data-bytes", dataBytes);
    line(text, "memory", memoryBytes);
    line(text, "offset", offset);
    line(text, "sha256", sha256);
    return text.toString();
  }

  private static void line(StringBuilder text, String name, Object value) {
    text.append(name).append(' ').append(value).append('\n');
  }

  /**
   * Reads the lines.
   *
   * @throws IOException when they are not those of a manifest
   */
  static BackupManifest parse(String text) throws IOException {
    String[] lines = text.split("\n", -1);
    if (!lines[0].equals(TITLE)) {
      if (lines[0].matches(TITLE_OF_ANY + "[0-9]{1,9}")) {
        throw new IOException(
            "the backup is of a newer version: its manifest begins with '"
                + lines[0]
                + "', this version reads '"
                + TITLE
                + "'");
      }
      throw new IOException("the manifest is damaged: it does not begin with '" + TITLE + "'");
    }
    Map<String, String> values = new HashMap<>();
    for (int i = 1; i < lines.length; i++) {
      int space = lines[i].indexOf(' ');
      if (space > 0) {
        values.put(lines[i].substring(0, space), lines[i].substring(space + 1));
      }
    }
    try {
      return new BackupManifest(
          value(values, "name"),
          Kind.valueOf(value(values, "kind").toUpperCase(Locale.ROOT)),
          Long.parseLong(values.getOrDefault("number", "0")),
          Long.parseLong(value(values, "created")),
          value(values, "engine"),
          value(values, "encoding"),
          Integer.parseInt(value(values, "rdb")),
          Long.parseLong(value(values, "keys")),
          Long.parseLong(value(values, "bytes")),
          Long.parseLong(value(values, "data-bytes")),
          Long.parseLong(value(values, "memory")),
          Long.parseLong(value(values, "offset")),
          value(values, "sha256"));
    } catch (IllegalArgumentException e) {
      throw new IOException("the manifest is damaged: " + e.getMessage(), e);
    }
  }

  private static String value(Map<String, String> values, String name) throws IOException {
    String value = values.get(name);
    if (value == null) {
      throw new IOException("the manifest is damaged: it has no line '" + name + "'");
    }
    return value;
  }
}
