package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.io.IOException;

/** A string that stays while more is read: in the same place every time unless it is long. */
final class KeptString {
  private static final int MAX_BYTES = 1024;

  private final byte[] bytes = new byte[MAX_BYTES];
  private final Bytes view = Bytes.of(bytes);

  /** Reads a string, which stays as it is until the next one is read here. */
  Bytes read(RdbInput in) throws IOException {
    Bytes read = in.readView();
    int length = read.length();
    if (length > MAX_BYTES) {
      return in.kept(read);
    }
    System.arraycopy(read.array(), read.offset(), bytes, 0, length);
    return view.wrap(bytes, 0, length);
  }
}
