package io.pillion.engine.persistence;

import io.pillion.engine.datatype.PartKeeper;
import io.pillion.engine.datatype.PartWalk;
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
  private final StreamHeads heads;
  private final PartWalk walk;
  private boolean ended;

  /** Will write a stream to where all the steps are to go. */
  StreamWriter(StreamValue stream, RdbOutput out) {
    this.stream = stream;
    this.out = out;
    heads = new StreamHeads(stream);
    walk =
        stream.walk(
            new Parts() {
              @Override
              RdbOutput out() {
                return out;
              }

              @Override
              public void beginPending() {
                heads.writeNext(out);
              }
            },
            new Unwatched());
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

  /** Writes a page, or some of what is pending; after the last, the rest. */
  @Override
  public boolean step() {
    if (!ended && !walk.step()) {
      heads.writeNext(out);
      ended = true;
    }
    return !ended;
  }

  /** Writes pages and what is pending. */
  abstract static class Parts implements StreamValue.Visitor {
    private final Listpack listpack = new Listpack();

    /** Where to. */
    abstract RdbOutput out();

    @Override
    public void pending(long ms, long seq, long deliveryTime, long deliveries) {
      pending(ms, seq);
      out().putLong(deliveryTime);
      out().putLength(deliveries);
    }

    @Override
    public void pending(long ms, long seq) {
      // The highest byte first, other than all else.
      out().putLong(Long.reverseBytes(ms));
      out().putLong(Long.reverseBytes(seq));
    }

    @Override
    public void page(StreamValue.Entries entries, int count) {
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
      out().putPlain(idOf(first));
      out().putPlain(listpack.whole());
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

  private static Bytes idOf(StreamId id) {
    byte[] bytes = new byte[StreamFormat.ID_BYTES];
    for (int i = 0; i < Long.BYTES; i++) {
      bytes[i] = (byte) (id.ms() >>> (56 - 8 * i));
      bytes[Long.BYTES + i] = (byte) (id.seq() >>> (56 - 8 * i));
    }
    return Bytes.of(bytes);
  }
}
