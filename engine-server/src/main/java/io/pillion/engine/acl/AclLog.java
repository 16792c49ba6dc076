package io.pillion.engine.acl;

import io.pillion.engine.memory.Bytes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was refused, newest first. The same refused again within a minute is counted rather than
 * written down again. Under the engine lock.
 */
public final class AclLog {
  private static final long SAME_MILLIS = 60_000;
  private static final int SEARCHED_ENTRIES = 10;

  /** More of a key, channel or name is not kept: whoever is refused must not fill the heap. */
  private static final int MAX_WORD_BYTES = 4096;

  private final Deque<Entry> entries = new ArrayDeque<>();
  private final Map<Denial.Reason, Long> counts = new EnumMap<>(Denial.Reason.class);
  private long nextId;

  /** Something that was refused, once or more often. */
  public static final class Entry {
    private final long id;
    private final Denial.Reason reason;
    private final String context;
    private final Bytes object;
    private final Bytes userName;
    private final long createdMillis;
    private long updatedMillis;
    private long count = 1;
    private String client;

    Entry(
        long id,
        Denial.Reason reason,
        String context,
        Bytes object,
        Bytes userName,
        long nowMillis,
        String client) {
      this.id = id;
      this.reason = reason;
      this.context = context;
      this.object = object;
      this.userName = userName;
      this.client = client;
      createdMillis = nowMillis;
      updatedMillis = nowMillis;
    }

    boolean isLike(Entry other) {
      return reason == other.reason
          && context.equals(other.context)
          && Math.abs(updatedMillis - other.updatedMillis) <= SAME_MILLIS
          && object.equals(other.object)
          && userName.equals(other.userName);
    }

    /** Its number, from 0 on, never given twice. */
    public long id() {
      return id;
    }

    /** What was not allowed. */
    public Denial.Reason reason() {
      return reason;
    }

    /** What the command was part of: {@code toplevel}, {@code multi} or {@code lua}. */
    public String context() {
      return context;
    }

    /** The command, key or channel. */
    public Bytes object() {
      return object;
    }

    /** Who was refused. */
    public Bytes userName() {
      return userName;
    }

    /** When it happened first, in Unix milliseconds. */
    public long createdMillis() {
      return createdMillis;
    }

    /** When it happened last, in Unix milliseconds. */
    public long updatedMillis() {
      return updatedMillis;
    }

    /** How often it happened. */
    public long count() {
      return count;
    }

    /** What CLIENT INFO says of the client that did it last. */
    public String client() {
      return client;
    }
  }

  /**
   * Takes down that something was refused.
   *
   * @param maxEntries how many to keep; when 0, it is only counted
   */
  void add(
      Denial.Reason reason,
      String context,
      Bytes object,
      Bytes userName,
      long nowMillis,
      String client,
      long maxEntries) {
    counts.merge(reason, 1L, Long::sum);
    if (maxEntries > 0) {
      Entry entry =
          new Entry(nextId, reason, context, cut(object), cut(userName), nowMillis, client);
      Entry like = takeLike(entry);
      if (like != null) {
        like.count++;
        like.updatedMillis = nowMillis;
        like.client = client;
        entries.addFirst(like);
        return;
      }
      nextId++;
      entries.addFirst(entry);
    }
    while (entries.size() > maxEntries) {
      entries.removeLast();
    }
  }

  private static Bytes cut(Bytes word) {
    return word.slice(0, Math.min(word.length(), MAX_WORD_BYTES)).copy();
  }

  private @Nullable Entry takeLike(Entry entry) {
    Iterator<Entry> all = entries.iterator();
    for (int i = 0; i < SEARCHED_ENTRIES && all.hasNext(); i++) {
      Entry old = all.next();
      if (old.isLike(entry)) {
        all.remove();
        return old;
      }
    }
    return null;
  }

  /** The newest entries, newest first. */
  public List<Entry> newest(long count) {
    List<Entry> newest = new ArrayList<>();
    for (Entry entry : entries) {
      if (newest.size() >= count) {
        break;
      }
      newest.add(entry);
    }
    return newest;
  }

  /** Forgets all entries. */
  public void reset() {
    entries.clear();
  }

  /** How often something was refused for this reason, since the engine began. */
  public long count(Denial.Reason reason) {
    return counts.getOrDefault(reason, 0L);
  }
}
