package io.pillion.engine.protocol;

import io.pillion.engine.memory.Arena;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A reply as plain Java objects, for clients in this process: strings and statuses as {@code
 * byte[]}, integers as {@link Long}, floating-point numbers as {@link Double}, truth values as
 * {@link Boolean}, no value as null, errors as {@link ErrorValue}, arrays and sets as {@link List},
 * maps as a list of keys and values in turn.
 *
 * <p>What a command writes is kept flat, a header before its elements, so that taking back and
 * resolving are as simple as on the wire; {@link #take()} folds it. A push becomes a {@link
 * PushValue}.
 */
public final class ObjectReply implements OutgoingReply {
  private static final byte[] OK = {'O', 'K'};

  private final List<@Nullable Object> flat = new ArrayList<>();
  private int version;

  /** The header of an aggregate of so many elements. */
  private record Header(int elements, boolean push) {}

  /** An empty reply in this protocol version: 2 or 3, which some commands answer differently. */
  public ObjectReply(int version) {
    this.version = version;
  }

  @Override
  public void version(int newVersion) {
    version = newVersion;
  }

  @Override
  public OutgoingReply fresh() {
    return new ObjectReply(version);
  }

  @Override
  public void append(OutgoingReply other) {
    flat.addAll(((ObjectReply) other).flat);
  }

  /** A push of the kind {@code monitor}: nothing else would tell it from an answer. */
  @Override
  public void notice(String line) {
    push(2);
    bulk("monitor");
    bulk(line);
  }

  @Override
  public void answer(byte[] resp) {
    new RespAnswer(resp).writeTo(this);
  }

  @Override
  public void raw(byte[] bytes, int offset, int length) {
    throw new UnsupportedOperationException("no stream of bytes within the process");
  }

  /** Whether a whole reply has been written. */
  public boolean isEmpty() {
    return flat.isEmpty();
  }

  /**
   * The replies written, each as an object, in order; none are left.
   *
   * @return usually one, and pushes where they came
   */
  public List<@Nullable Object> take() {
    List<@Nullable Object> replies = new ArrayList<>(1);
    int[] at = {0};
    while (at[0] < flat.size()) {
      replies.add(fold(at));
    }
    flat.clear();
    return replies;
  }

  private @Nullable Object fold(int[] at) {
    Object first = flat.get(at[0]++);
    if (!(first instanceof Header header)) {
      return first;
    }
    List<@Nullable Object> elements = new ArrayList<>(header.elements());
    for (int i = 0; i < header.elements(); i++) {
      elements.add(fold(at));
    }
    List<@Nullable Object> whole = Collections.unmodifiableList(elements);
    return header.push() ? new PushValue(whole) : whole;
  }

  @Override
  public int version() {
    return version;
  }

  @Override
  public void ok() {
    flat.add(OK.clone());
  }

  @Override
  public void simple(String status) {
    flat.add(status.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void error(String message) {
    flat.add(new ErrorValue(RespReply.oneLine(message)));
  }

  @Override
  public void integer(long value) {
    flat.add(value);
  }

  @Override
  public void bulk(byte[] array, int offset, int length) {
    flat.add(Arrays.copyOfRange(array, offset, offset + length));
  }

  @Override
  public void bulk(Arena arena, long address, int length) {
    flat.add(arena.toByteArray(address, length));
  }

  @Override
  public void nil() {
    flat.add(null);
  }

  @Override
  public void nilArray() {
    flat.add(null);
  }

  @Override
  public void bool(boolean value) {
    if (version < 3) {
      flat.add(value ? 1L : 0L);
    } else {
      flat.add(value);
    }
  }

  @Override
  public void number(double value) {
    if (version < 3) {
      simple(Numbers.format(value));
    } else {
      flat.add(value);
    }
  }

  @Override
  public void number(String digits) {
    if (version < 3) {
      simple(digits);
    } else {
      flat.add(Double.parseDouble(digits));
    }
  }

  @Override
  public void bigNumber(String digits) {
    simple(digits);
  }

  @Override
  public void verbatim(String format, String text) {
    simple(text);
  }

  @Override
  public void array(int count) {
    flat.add(new Header(count, /* push= */ false));
  }

  @Override
  public void map(int pairs) {
    flat.add(new Header(2 * pairs, /* push= */ false));
  }

  @Override
  public void set(int count) {
    array(count);
  }

  @Override
  public void push(int count) {
    flat.add(new Header(count, /* push= */ true));
  }

  @Override
  public int deferred() {
    flat.add(new Header(0, /* push= */ false));
    return flat.size() - 1;
  }

  @Override
  public void resolveArray(int mark, int count) {
    flat.set(mark, new Header(count, /* push= */ false));
  }

  @Override
  public void resolveMap(int mark, int pairs) {
    resolveArray(mark, 2 * pairs);
  }

  @Override
  public void resolveSet(int mark, int count) {
    resolveArray(mark, count);
  }

  @Override
  public int position() {
    return flat.size();
  }

  @Override
  public void rewind(int position) {
    flat.subList(position, flat.size()).clear();
  }
}
