package io.pillion.engine.observe;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * Commands that took long, the newest first: at most {@code slowlog-max-len}, each with at most 32
 * words of at most 128 bytes. Used under the engine lock.
 */
public final class SlowLog {
  private static final int MAX_WORDS = 32;
  private static final int MAX_WORD_BYTES = 128;

  private final Deque<Entry> entries = new ArrayDeque<>();
  private long nextId;
  private long maxLength;

  SlowLog() {}

  /**
   * A command that took long.
   *
   * @param id counts from 0, never used twice
   * @param seconds when it ended, in Unix seconds
   * @param micros how long it took
   * @param words its name and arguments, as far as they are kept
   * @param address the client's
   * @param clientName the client's, or empty
   */
  public record Entry(
      long id, long seconds, long micros, List<Bytes> words, String address, String clientName) {}

  /** How many entries there are. */
  public int size() {
    return entries.size();
  }

  /** The newest entries, at most so many, the newest first. */
  public List<Entry> newest(long most) {
    List<Entry> newest = new ArrayList<>();
    Iterator<Entry> all = entries.iterator();
    while (all.hasNext() && newest.size() < most) {
      newest.add(all.next());
    }
    return newest;
  }

  /** Forgets all entries. */
  public void clear() {
    entries.clear();
  }

  /** How many entries are kept, from the next one on. */
  void maxLength(long most) {
    maxLength = most;
  }

  void add(long nowMillis, Client client, Args args, long micros) {
    if (maxLength == 0) {
      return;
    }
    entries.addFirst(
        new Entry(
            nextId++,
            nowMillis / 1000,
            micros,
            words(args),
            client.outlet().peerAddress(),
            client.name()));
    trim();
  }

  /** Drops the oldest where there are too many: after each command, as a new limit counts from. */
  void trim() {
    while (entries.size() > maxLength && maxLength > 0) {
      entries.removeLast();
    }
  }

  private static List<Bytes> words(Args args) {
    int count = Math.min(MAX_WORDS, args.count());
    List<Bytes> words = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      if (i == MAX_WORDS - 1 && args.count() > MAX_WORDS) {
        words.add(Bytes.of("... (" + (args.count() - MAX_WORDS + 1) + " more arguments)"));
      } else {
        words.add(shortened(args, i));
      }
    }
    return words;
  }

  private static Bytes shortened(Args args, int index) {
    int length = args.length(index);
    byte[] head = args.head(index, MAX_WORD_BYTES);
    if (length <= MAX_WORD_BYTES) {
      return Bytes.of(head);
    }
    byte[] rest =
        ("... (" + (length - MAX_WORD_BYTES) + " more bytes)").getBytes(StandardCharsets.US_ASCII);
    byte[] text = Arrays.copyOf(head, MAX_WORD_BYTES + rest.length);
    System.arraycopy(rest, 0, text, MAX_WORD_BYTES, rest.length);
    return Bytes.of(text);
  }
}
