package io.pillion.client;

import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.CommandOutput;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Builds the plain Java objects that {@link Commands} promises from what Lettuce's parser reports:
 * scalars, the opening of collections, and the end of each element with its depth.
 */
final class ReplyOutput extends CommandOutput<byte[], byte[], Object> {
  /** A server that announces more elements than it sends must not make this side allocate. */
  private static final int MOST_PREALLOCATED = 1024;

  // An empty one takes no memory, and most replies open nothing.
  private final List<List<@Nullable Object>> open = new ArrayList<>();
  private @Nullable Object root;

  @SuppressWarnings("NullAway") // Lettuce takes a null default.
  ReplyOutput() {
    super(ByteArrayCodec.INSTANCE, null);
  }

  /** The finished reply. */
  @Nullable Object reply() {
    return root;
  }

  private void add(@Nullable Object value) {
    if (open.isEmpty()) {
      root = value;
    } else {
      open.get(open.size() - 1).add(value);
    }
  }

  @Override
  public void set(@Nullable ByteBuffer bytes) {
    if (bytes == null) {
      add(null);
    } else {
      byte[] copy = new byte[bytes.remaining()];
      bytes.get(copy);
      add(copy);
    }
  }

  @Override
  public void set(long integer) {
    add(integer);
  }

  @Override
  public void set(double number) {
    add(number);
  }

  @Override
  public void set(boolean value) {
    add(value);
  }

  @Override
  public void setError(ByteBuffer message) {
    if (open.isEmpty()) {
      super.setError(message);
    } else {
      add(new CommandException(decodeString(message)));
    }
  }

  @Override
  public void multi(int count) {
    if (count < 0) {
      add(null);
      // Nothing was opened, but the parser will report the end of this element all the same.
      return;
    }
    List<@Nullable Object> list = new ArrayList<>(Math.min(count, MOST_PREALLOCATED));
    add(list);
    open.add(list);
  }

  @Override
  public void complete(int depth) {
    // The parser reports the end of a scalar at the depth of its siblings, which leaves the list
    // they are in open, and the end of a list at the depth of the list itself.
    while (open.size() > depth) {
      open.remove(open.size() - 1);
    }
  }

  @Override
  public @Nullable Object get() {
    return root;
  }
}
