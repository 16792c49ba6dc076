package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A stream that is put together at once, page by page. On the heap its pages lie one after the
 * other as they will be ({@link StreamPage}), then what is known of the stream besides. Its groups
 * are made in the arena: {@link #value}.
 */
public final class StreamDraft extends Draft {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

  /** Behind the pages: the last id, the largest one deleted, entries ever added, and entries. */
  private static final int KNOWN_BYTES = 6 * Long.BYTES;

  /** The most bytes that an id and a number of fields take. */
  private static final int ENTRY_HEAD_BYTES = 25;

  private byte[] bytes = new byte[4096];
  private int end;

  /** Where the page at work begins; negative when there is none. */
  private int page;

  private long pageMs;
  private long pageSeq;
  private int pageEntries;
  private long size;
  private final long[] known = new long[KNOWN_BYTES / Long.BYTES];

  /**
   * Makes streams in this arena.
   *
   * @param beforeArena done before anything of the arena is looked at
   */
  public StreamDraft(Arena arena, TypeLimits limits, Runnable beforeArena) {
    super(arena, limits, beforeArena);
  }

  /** Begins one. */
  public void begin() {
    if (bytes.length > MAX_KEPT_BYTES) {
      bytes = new byte[4096];
    }
    end = 0;
    page = -1;
    size = 0;
    Arrays.fill(known, 0);
  }

  @Override
  public long size() {
    return cell == 0 ? size : value().size();
  }

  /** What it is so far, in the arena: from now on all of it is there. */
  public StreamValue value() {
    if (cell == 0) {
      leaveHeap();
    }
    return new StreamValue(arena, cell, limits);
  }

  /**
   * Adds an entry behind all others.
   *
   * @param ms the first part of its id, which is greater than those before
   * @param words fields and values in turn
   * @param count how many words there are
   */
  public void append(long ms, long seq, Bytes[] words, int count) {
    if (cell == 0 && !hasRoom(words, count)) {
      leaveHeap();
    }
    if (cell != 0) {
      value().append(new StreamId(ms, seq), Arrays.copyOf(words, count));
      return;
    }
    boolean own = page >= 0 && !hasFieldsOf(words, count);
    int entryBytes =
        own ? StreamPage.sizeOfAll(words, count) : StreamPage.sizeOfValues(words, count);
    if (page < 0 || StreamValue.isFull(limits, end - page, pageEntries, ms - pageMs, entryBytes)) {
      own = false;
      beginPage(ms, seq, words, count);
    }
    long behind = ms - pageMs;
    putNumber(behind << 1 | (own ? 1 : 0));
    putNumber(behind == 0 ? seq - pageSeq : seq);
    if (own) {
      putNumber(count / 2);
    }
    for (int i = own ? 0 : 1; i < count; i += own ? 1 : 2) {
      put(words[i]);
    }
    pageEntries++;
    size++;
    StreamPage.writeHeader(bytes, page, end - page, pageEntries);
  }

  /** Sees to the room for another entry, at the beginning of a page at worst. */
  private boolean hasRoom(Bytes[] words, int count) {
    long most = (long) end + StreamPage.HEADER_BYTES + ENTRY_HEAD_BYTES + KNOWN_BYTES;
    for (int i = 0; i < count; i++) {
      most += words[i].length() + 5;
    }
    if (most > MAX_HEAP_BYTES) {
      return false;
    }
    if (most > bytes.length) {
      bytes = Arrays.copyOf(bytes, (int) Math.max(most, 2L * bytes.length));
    }
    return true;
  }

  private void beginPage(long ms, long seq, Bytes[] words, int count) {
    page = end;
    pageMs = ms;
    pageSeq = seq;
    pageEntries = 0;
    end += StreamPage.HEADER_BYTES;
    putNumber(count / 2);
    for (int i = 0; i < count; i += 2) {
      put(words[i]);
    }
    StreamPage.writeBeginning(bytes, page, end - page, ms, seq);
  }

  private boolean hasFieldsOf(Bytes[] words, int count) {
    int at = page + StreamPage.HEADER_BYTES;
    int fields = Varint.get(bytes, at);
    if (fields != count / 2) {
      return false;
    }
    at += Varint.sizeOf(fields);
    for (int i = 0; i < count; i += 2) {
      int length = Varint.get(bytes, at);
      at += Varint.sizeOf(length);
      Bytes name = words[i];
      int from = name.offset();
      if (!Arrays.equals(bytes, at, at + length, name.array(), from, from + name.length())) {
        return false;
      }
      at += length;
    }
    return true;
  }

  private void putNumber(long number) {
    end = Varint.putLong(bytes, end, number);
  }

  private void put(Bytes word) {
    putNumber(word.length());
    System.arraycopy(word.array(), word.offset(), bytes, end, word.length());
    end += word.length();
  }

  /** Says what is known of it besides its entries and groups, when all entries are there. */
  public void restore(StreamId lastId, StreamId maxDeletedId, long entriesAdded) {
    if (cell != 0) {
      StreamValue stream = value();
      stream.expectNone();
      stream.restore(lastId, maxDeletedId, entriesAdded);
      return;
    }
    known[0] = lastId.ms();
    known[1] = lastId.seq();
    known[2] = maxDeletedId.ms();
    known[3] = maxDeletedId.seq();
    known[4] = entriesAdded;
  }

  @Override
  void seal() {
    if (bytes.length - end < KNOWN_BYTES) {
      bytes = Arrays.copyOf(bytes, end + KNOWN_BYTES);
    }
    known[5] = size;
    for (int i = 0; i < known.length; i++) {
      LONG.set(bytes, end + Long.BYTES * i, known[i]);
    }
    end += KNOWN_BYTES;
  }

  @Override
  byte[] bytes() {
    return bytes;
  }

  @Override
  int end() {
    return end;
  }

  @Override
  public long make(byte[] from, int at, int length) {
    int behind = at + length - KNOWN_BYTES;
    long root = StreamValue.create(arena);
    boolean complete = false;
    try {
      StreamValue stream = new StreamValue(limits, arena, root);
      int bytesOfPage;
      for (int begin = at; begin < behind; begin += bytesOfPage) {
        bytesOfPage = StreamPage.bytes(from, begin);
        stream.addLastPage(from, begin, bytesOfPage);
      }
      stream.restore(
          new StreamId(known(from, behind, 0), known(from, behind, 1)),
          new StreamId(known(from, behind, 2), known(from, behind, 3)),
          known(from, behind, 4));
      stream.restoreSize(known(from, behind, 5));
      complete = true;
    } finally {
      if (!complete) {
        free(root);
      }
    }
    return root;
  }

  private static long known(byte[] from, int at, int index) {
    return (long) LONG.get(from, at + Long.BYTES * index);
  }

  @Override
  void free(long root) {
    StreamValue.free(arena, root);
  }
}
