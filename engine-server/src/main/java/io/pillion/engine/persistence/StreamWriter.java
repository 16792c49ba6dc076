package io.pillion.engine.persistence;

import io.pillion.engine.datatype.PartKeeper;
import io.pillion.engine.datatype.PartWalk;
import io.pillion.engine.datatype.StreamConsumer;
import io.pillion.engine.datatype.StreamGroup;
import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.memory.Bytes;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a stream: its pages, each as a listpack with the id it begins with, then what is known of
 * the whole, then the groups with their consumers and what is pending.
 *
 * <p>A listpack begins with how many entries it has, how many were deleted, and the names of the
 * first entry's fields; the entries follow: flags, id less the first one's, names of fields unless
 * they are the first one's, values, and how many words that were.
 */
final class StreamWriter implements ValueWriter.Walk {
  private final StreamValue stream;
  private final RdbOutput out;
  private final PageWriter pages = new PageWriter();
  private final PartWalk walk;
  private boolean ended;

  /** Will write a stream to where {@link #writeRest} or all the steps are to go. */
  StreamWriter(StreamValue stream, RdbOutput out) {
    this.stream = stream;
    this.out = out;
    walk = stream.walk((entries, count) -> pages.write(entries, count, out), new Unwatched());
  }

  /** Nothing changes while it is written in one go. */
  private static final class Unwatched implements PartKeeper {
    @Override
    public int keep(Runnable action) {
      throw new IllegalStateException("the stream changed");
    }

    @Override
    public void show(int kept) {
      throw new IllegalStateException("nothing is kept");
    }
  }

  /** Begins to write: the number of pages. */
  StreamWriter begin() {
    out.putLength(stream.pageCount());
    return this;
  }

  /** Writes a page; after the last, the rest. */
  @Override
  public boolean step() {
    if (!ended && !walk.step()) {
      writeRest();
      ended = true;
    }
    return !ended;
  }

  /** Writes all that comes behind the pages. */
  void writeRest() {
    writeKnown();
    writeGroups();
  }

  /** Writes pages. */
  static final class PageWriter {
    private final Listpack listpack = new Listpack();

    /**
     * Writes a page.
     *
     * @param entries at its first entry
     * @param count how many entries it has
     */
    void write(StreamValue.Entries entries, int count, RdbOutput to) {
      StreamId first = entries.id();
      listpack.clear();
      listpack.add(count);
      listpack.add(0);
      List<Bytes> names = null;
      for (int i = 0; i < count; i++) {
        List<Bytes> fields = new ArrayList<>(entries.fieldCount());
        List<Bytes> values = new ArrayList<>(entries.fieldCount());
        while (entries.nextField()) {
          fields.add(entries.field().toBytes());
          values.add(entries.value().toBytes());
        }
        if (names == null) {
          names = fields;
          listpack.add(names.size());
          names.forEach(listpack::add);
          listpack.add(0);
        }
        addEntry(first, entries.id(), names, fields, values);
        entries.next();
      }
      to.putPlain(idOf(first));
      to.putPlain(listpack.whole());
    }

    private void addEntry(
        StreamId first, StreamId id, List<Bytes> names, List<Bytes> fields, List<Bytes> values) {
      boolean same = fields.equals(names);
      listpack.add(same ? StreamFormat.FLAG_SAME_FIELDS : 0);
      listpack.add(id.ms() - first.ms());
      listpack.add(id.seq() - first.seq());
      if (same) {
        values.forEach(listpack::add);
        listpack.add(values.size() + 3L);
        return;
      }
      listpack.add(fields.size());
      for (int i = 0; i < fields.size(); i++) {
        listpack.add(fields.get(i));
        listpack.add(values.get(i));
      }
      listpack.add(2L * fields.size() + 4);
    }
  }

  private void writeKnown() {
    out.putLength(stream.size());
    putLengths(stream.lastId());
    putLengths(stream.size() == 0 ? StreamId.MIN : stream.firstId());
    putLengths(stream.maxDeletedId());
    out.putLength(stream.entriesAdded());
  }

  private void putLengths(StreamId id) {
    out.putLength(id.ms());
    out.putLength(id.seq());
  }

  private void writeGroups() {
    out.putLength(stream.groupCount());
    for (int i = 0; i < stream.groupCount(); i++) {
      StreamGroup group = stream.group(i);
      out.putString(group.name());
      putLengths(group.lastId());
      out.putLength(group.entriesRead());
      writePending(group);
      out.putLength(group.consumerCount());
      for (int j = 0; j < group.consumerCount(); j++) {
        writeConsumer(group, group.consumer(j));
      }
    }
  }

  private void writePending(StreamGroup group) {
    out.putLength(group.pendingCount());
    StreamGroup.Pending pending = group.pending();
    for (boolean more = pending.seek(StreamId.MIN); more; more = pending.next()) {
      putId(pending.id());
      out.putLong(pending.deliveryTime());
      out.putLength(pending.deliveries());
    }
  }

  private void writeConsumer(StreamGroup group, StreamConsumer consumer) {
    out.putString(consumer.name());
    out.putLong(consumer.seenTime());
    out.putLength(consumer.pendingCount());
    StreamGroup.Pending pending = group.pending(consumer);
    for (boolean more = pending.seek(StreamId.MIN); more; more = pending.next()) {
      putId(pending.id());
    }
  }

  private void putId(StreamId id) {
    Bytes bytes = idOf(id);
    out.putBytes(bytes.array(), 0, StreamFormat.ID_BYTES);
  }

  private static Bytes idOf(StreamId id) {
    byte[] bytes = new byte[StreamFormat.ID_BYTES];
    for (int i = 0; i < Long.BYTES; i++) {
      bytes[i] = (byte) (id.ms() >>> (56 - 8 * i));
      bytes[Long.BYTES + i] = (byte) (id.seq() >>> (56 - 8 * i));
    }
    return Bytes.of(bytes);
  }
}
