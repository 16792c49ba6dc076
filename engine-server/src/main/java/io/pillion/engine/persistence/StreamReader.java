package io.pillion.engine.persistence;

import io.pillion.engine.datatype.StreamConsumer;
import io.pillion.engine.datatype.StreamDraft;
import io.pillion.engine.datatype.StreamGroup;
import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Numbers;
import java.io.IOException;
import java.util.Arrays;

/**
 * Reads streams, as {@link StreamWriter} writes them, and in the two forms beside that one; one
 * after the other.
 */
final class StreamReader {
  private static final int PENDING_BYTES = StreamFormat.ID_BYTES + Long.BYTES + 1;

  /** Views of more words than this are not kept. */
  private static final int MAX_KEPT_WORDS = 1024;

  private StreamDraft stream;
  private int type;
  private RdbInput in;
  private long lastMs;
  private long lastSeq;

  /** The field names of the page. */
  private Bytes[] names = {};

  /** Views of the fields and values of an entry in turn, the same ones for every entry. */
  private Bytes[] words = {};

  /** Room for the digits of each word. */
  private byte[] digits = {};

  /** A reader that has nothing to read yet. */
  @SuppressWarnings("NullAway.Init") // read() comes first
  StreamReader() {}

  void read(StreamDraft newStream, int newType, RdbInput newIn) throws IOException {
    stream = newStream;
    type = newType;
    in = newIn;
    lastMs = 0;
    lastSeq = 0;
    if (words.length > MAX_KEPT_WORDS) {
      words = new Bytes[0];
    }
    stream.begin();
    long listpacks = in.readCount(StreamFormat.ID_BYTES);
    for (long i = 0; i < listpacks; i++) {
      Bytes first = in.readView();
      if (first.length() != StreamFormat.ID_BYTES) {
        throw in.broken("A stream's page whose id is no id");
      }
      RdbInput id = new RdbInput(first);
      long ms = Long.reverseBytes(id.readLong());
      long seq = Long.reverseBytes(id.readLong());
      readPage(ms, seq, new ListpackInput(in.readView(), in));
    }
    readKnown();
    readGroups();
  }

  private static StreamId idOf(RdbInput bytes) throws IOException {
    return new StreamId(Long.reverseBytes(bytes.readLong()), Long.reverseBytes(bytes.readLong()));
  }

  // --- entries

  private void readPage(long firstMs, long firstSeq, ListpackInput packed) throws IOException {
    long count = number(packed);
    long deleted = number(packed);
    names = new Bytes[fieldCount(packed)];
    for (int i = 0; i < names.length; i++) {
      packed.require();
      names[i] = packed.string();
    }
    if (number(packed) != 0) {
      throw in.broken("A stream's page without an end of its header");
    }
    long found = 0;
    long foundDeleted = 0;
    while (packed.next()) {
      long flags = packed.integer();
      long start = packed.entries();
      long ms = firstMs + number(packed);
      long seq = firstSeq + number(packed);
      int read = readWords(packed, (flags & StreamFormat.FLAG_SAME_FIELDS) != 0);
      long length = packed.entries() - start + 1;
      if (number(packed) != length) {
        throw in.broken("A stream's entry of a wrong length");
      }
      if ((flags & StreamFormat.FLAG_DELETED) != 0) {
        foundDeleted++;
      } else {
        append(ms, seq, read);
        found++;
      }
    }
    if (found != count || foundDeleted != deleted || found == 0) {
      throw in.broken("A stream's page with a wrong count of entries");
    }
  }

  private static long number(ListpackInput packed) throws IOException {
    packed.require();
    return packed.integer();
  }

  private int fieldCount(ListpackInput packed) throws IOException {
    long count = number(packed);
    if (count < 1 || count > packed.bytesLeft()) {
      throw in.broken("A stream's entry with a wrong count of fields");
    }
    return (int) count;
  }

  /** Reads the fields and values of an entry; returns how many words they are. */
  private int readWords(ListpackInput packed, boolean same) throws IOException {
    int count = 2 * (same ? names.length : fieldCount(packed));
    for (int i = 0; i < count; i++) {
      if (i == words.length) {
        addWords();
      }
      if (same && i % 2 == 0) {
        Bytes name = names[i / 2];
        words[i].wrap(name.array(), name.offset(), name.length());
      } else {
        packed.require();
        packed.string(words[i], digits, i * Numbers.MAX_DIGITS);
      }
    }
    return count;
  }

  private void addWords() {
    int before = words.length;
    // What is in the digits by now must stay where views lead to: they keep the old array.
    words = Arrays.copyOf(words, Math.max(8, 2 * before));
    digits = new byte[words.length * Numbers.MAX_DIGITS];
    for (int i = before; i < words.length; i++) {
      words[i] = Bytes.of(digits, 0, 0);
    }
  }

  private void append(long ms, long seq, int count) throws IOException {
    if (StreamId.compare(ms, seq, lastMs, lastSeq) <= 0) {
      throw in.broken("A stream with entries that are not in order");
    }
    lastMs = ms;
    lastSeq = seq;
    stream.append(ms, seq, words, count);
  }

  private void readKnown() throws IOException {
    long length = in.readLength();
    StreamId lastId = readLengths();
    StreamId maxDeletedId = StreamId.MIN;
    long entriesAdded = length;
    if (type != RdbFormat.TYPE_STREAM_LISTPACKS) {
      readLengths();
      maxDeletedId = readLengths();
      entriesAdded = in.readLength();
    }
    if (length != stream.size()) {
      throw in.broken("A stream of a wrong length");
    }
    if (StreamId.compare(lastId.ms(), lastId.seq(), lastMs, lastSeq) < 0 || entriesAdded < length) {
      throw in.broken("A stream whose last id or count of entries is behind its entries");
    }
    stream.restore(lastId, maxDeletedId, entriesAdded);
  }

  private StreamId readLengths() throws IOException {
    return new StreamId(in.readLength(), in.readLength());
  }

  // --- groups

  private void readGroups() throws IOException {
    long groups = in.readCount(5);
    if (groups == 0) {
      return;
    }
    StreamValue stream = this.stream.value();
    for (long i = 0; i < groups; i++) {
      Bytes name = in.readString();
      StreamId lastId = readLengths();
      long entriesRead =
          type == RdbFormat.TYPE_STREAM_LISTPACKS ? stream.entriesUpTo(lastId) : in.readLength();
      if (entriesRead < StreamValue.UNKNOWN) {
        throw in.broken("A group of consumers that has read too many entries");
      }
      if (stream.group(name) != null) {
        throw in.broken("A stream with a group of consumers twice");
      }
      StreamGroup group = stream.createGroup(name, lastId, entriesRead);
      PendingEntries pending = new PendingEntries();
      pending.read(in);
      long consumers = in.readCount(10);
      for (long j = 0; j < consumers; j++) {
        readConsumer(group, pending);
      }
      pending.requireOwners(in);
    }
  }

  private void readConsumer(StreamGroup group, PendingEntries pending) throws IOException {
    Bytes name = in.readString();
    if (group.consumer(name) != null) {
      throw in.broken("Duplicate stream consumer detected");
    }
    StreamConsumer consumer = group.createConsumer(name, in.readLong());
    // Before the last form nobody noted it: this is the best guess.
    consumer.activeTime(
        type == RdbFormat.TYPE_STREAM_LISTPACKS_3 ? in.readLong() : consumer.seenTime());
    long count = in.readCount(StreamFormat.ID_BYTES);
    for (long i = 0; i < count; i++) {
      StreamId id = idOf(in);
      int at = pending.own(id, in);
      group.assign(id, consumer, pending.times[at], pending.deliveries[at]);
    }
  }

  /** What is pending in a group, in the order of ids, before it is known whose it is. */
  private static final class PendingEntries {
    private int count;
    private StreamId[] ids = {};
    private long[] times = {};
    private long[] deliveries = {};
    private boolean[] owned = {};
    private int ownedCount;

    void read(RdbInput in) throws IOException {
      long wanted = in.readCount(PENDING_BYTES);
      for (long i = 0; i < wanted; i++) {
        if (count == ids.length) {
          int room = (int) Math.min(wanted, Math.max(16, 2L * count));
          ids = Arrays.copyOf(ids, room);
          times = Arrays.copyOf(times, room);
          deliveries = Arrays.copyOf(deliveries, room);
        }
        ids[count] = idOf(in);
        times[count] = in.readLong();
        deliveries[count] = in.readLength();
        if (count > 0 && ids[count].compareTo(ids[count - 1]) <= 0) {
          throw in.broken("A group with pending entries twice or out of order");
        }
        count++;
      }
      owned = new boolean[count];
    }

    /** Where an entry is that belongs to a consumer, and to no other before. */
    int own(StreamId id, RdbInput in) throws IOException {
      int at = Arrays.binarySearch(ids, 0, count, id);
      if (at < 0) {
        throw in.broken("A consumer with an entry that is not pending in its group");
      }
      if (owned[at]) {
        throw in.broken("An entry that is pending for two consumers");
      }
      owned[at] = true;
      ownedCount++;
      return at;
    }

    void requireOwners(RdbInput in) throws IOException {
      if (ownedCount != count) {
        throw in.broken("A group with entries that are pending for no consumer");
      }
    }
  }
}
