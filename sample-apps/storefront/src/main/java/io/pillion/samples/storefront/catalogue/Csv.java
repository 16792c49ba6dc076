package io.pillion.samples.storefront.catalogue;

import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads comma-separated values as RFC 4180 writes them; an empty field is null. */
final class Csv {
  private final Reader in;
  private int next;

  private Csv(Reader in) throws IOException {
    this.in = in;
    this.next = in.read();
  }

  /** All records but the first, which names the columns. Reads to the end; closes nothing. */
  static List<@Nullable String[]> records(Reader in) throws IOException {
    Csv csv = new Csv(in);
    List<@Nullable String[]> records = new ArrayList<>();
    csv.record();
    while (csv.next >= 0) {
      records.add(csv.record());
    }
    return records;
  }

  private @Nullable String[] record() throws IOException {
    List<@Nullable String> fields = new ArrayList<>();
    fields.add(field());
    while (next == ',') {
      next = in.read();
      fields.add(field());
    }
    if (next == '\r') {
      next = in.read();
    }
    if (next == '\n') {
      next = in.read();
    }
    return fields.toArray(new @Nullable String[0]);
  }

  private @Nullable String field() throws IOException {
    StringBuilder text = new StringBuilder();
    if (next == '"') {
      quoted(text);
    } else {
      while (next >= 0 && next != ',' && next != '\r' && next != '\n') {
        text.append((char) next);
        next = in.read();
      }
    }
    return text.isEmpty() ? null : text.toString();
  }

  private void quoted(StringBuilder text) throws IOException {
    next = in.read();
    while (next >= 0) {
      if (next == '"') {
        next = in.read();
        if (next != '"') {
          return;
        }
      }
      text.append((char) next);
      next = in.read();
    }
    throw new IOException("a quoted field has no closing quote: " + text);
  }
}
