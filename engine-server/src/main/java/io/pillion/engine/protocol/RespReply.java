package io.pillion.engine.protocol;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Lease;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Replies as bytes of RESP2 or RESP3, one after the other in one growing array, which its owner
 * empties whenever it likes. The common replies allocate nothing. Where its owner can send them
 * from there, large values stay in the arena: the reply remembers between which of its bytes they
 * belong.
 */
public final class RespReply implements OutgoingReply {
  private static final int INITIAL = 512;
  private static final int KEPT = 16 << 10;

  /** What the replies of one turn to one client may take: so that none exhausts the heap. */
  static final int MAX_BYTES =
      (int) Math.min(Integer.MAX_VALUE - 8, Runtime.getRuntime().maxMemory() / 4);

  /** From this size on a value is not copied; below, that costs less than to remember it. */
  private static final int MIN_SHARED = Arena.MAX_SMALL;

  private static final byte[] OK = ascii("+OK\r\n");
  private static final byte[] NIL2 = ascii("$-1\r\n");
  private static final byte[] NIL_ARRAY2 = ascii("*-1\r\n");
  private static final byte[] NIL3 = ascii("_\r\n");
  private static final byte[] TRUE3 = ascii("#t\r\n");
  private static final byte[] FALSE3 = ascii("#f\r\n");

  private final int maxBytes;
  private final @Nullable BufferPool pool;

  // The array that stays with this reply, of up to KEPT bytes; and the one in use, which is that
  // one, or lent, or made for this burst.
  private byte[] own = new byte[INITIAL];
  private byte[] array = own;
  private int size;
  private int version = 2;

  private final boolean shares;
  private final List<Shared> shared = new ArrayList<>(0);
  private long sharedBytes;

  /**
   * Bytes that are not in the array.
   *
   * @param at before which byte of the array they belong
   */
  public record Shared(int at, Lease lease) {}

  /** An empty RESP2 reply. */
  public RespReply() {
    this(MAX_BYTES, null, /* shares= */ false);
  }

  /** An empty RESP2 reply that borrows from those it is written beside. */
  public RespReply(BufferPool pool) {
    this(MAX_BYTES, pool, /* shares= */ false);
  }

  RespReply(int maxBytes, @Nullable BufferPool pool, boolean shares) {
    this.maxBytes = maxBytes;
    this.pool = pool;
    this.shares = shares;
  }

  /** As {@link #RespReply(BufferPool)}, for an owner who takes {@link #takeShared} into account. */
  public static RespReply sharing(BufferPool pool) {
    return new RespReply(MAX_BYTES, pool, /* shares= */ true);
  }

  @Override
  public void version(int newVersion) {
    version = newVersion;
  }

  @Override
  public OutgoingReply fresh() {
    RespReply fresh = new RespReply(maxBytes, pool, shares);
    fresh.version = version;
    return fresh;
  }

  @Override
  public void append(OutgoingReply other) {
    RespReply that = (RespReply) other;
    ensure(that.size);
    System.arraycopy(that.array, 0, array, size, that.size);
    for (Shared each : that.shared) {
      shared.add(new Shared(size + each.at, each.lease));
    }
    sharedBytes += that.sharedBytes;
    that.shared.clear();
    that.sharedBytes = 0;
    size += that.size;
  }

  /** The header of so many pairs that say something about the reply which follows; only RESP3. */
  public void attribute(int pairs) {
    header('|', pairs);
  }

  @Override
  public void notice(String line) {
    simple(line);
  }

  @Override
  public void answer(byte[] resp) {
    raw(resp, 0, resp.length);
  }

  @Override
  public void raw(byte[] bytes, int offset, int length) {
    ensure(length);
    System.arraycopy(bytes, offset, array, size, length);
    size += length;
  }

  /** The bytes written, from 0 to {@link #size()}. */
  public byte[] array() {
    return array;
  }

  /** How many bytes have been written. */
  public int size() {
    return size;
  }

  /** How many bytes there is room for, those written included. */
  public int capacity() {
    return array.length;
  }

  /** How many bytes there are beside those in the array, in values that were not copied. */
  public long sharedBytes() {
    return sharedBytes;
  }

  /**
   * The values that were not copied, in order, each to be released by the caller; they are not part
   * of this reply any more.
   */
  public List<Shared> takeShared() {
    List<Shared> taken = List.copyOf(shared);
    shared.clear();
    sharedBytes = 0;
    return taken;
  }

  /** Forgets what was written, and memory that only a burst needed. */
  public void clear() {
    rewind(0);
    moveTo(own);
  }

  @Override
  public int version() {
    return version;
  }

  @Override
  public void ok() {
    put(OK);
  }

  @Override
  public void simple(String status) {
    int length = status.length();
    ensure(length + 3);
    array[size++] = '+';
    for (int i = 0; i < length; i++) {
      array[size++] = (byte) status.charAt(i);
    }
    newLine();
  }

  @Override
  public void error(String message) {
    ensure(1);
    array[size++] = '-';
    String line = oneLine(message);
    // Words of a command are repeated as they came: each character is a byte.
    put(line.getBytes(isBytes(line) ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8));
    newLine();
  }

  @Override
  public void integer(long value) {
    header(':', value);
  }

  @Override
  public void bulk(byte[] bytes, int offset, int length) {
    header('$', length);
    ensure(length + 2);
    System.arraycopy(bytes, offset, array, size, length);
    size += length;
    newLine();
  }

  @Override
  public void bulk(Arena arena, long address, int length) {
    header('$', length);
    ensure(length + 2);
    arena.copyOut(address, array, size, length);
    size += length;
    newLine();
  }

  @Override
  public void shared(Arena arena, long address, int length) {
    Lease lease = shares && length >= MIN_SHARED ? arena.lease(address, length) : null;
    if (lease == null) {
      bulk(arena, address, length);
      return;
    }
    sharedBytes += length;
    header('$', length);
    shared.add(new Shared(size, lease));
    newLine();
  }

  @Override
  public void bulk(long number) {
    int digits = digits(number);
    header('$', digits);
    ensure(digits + 2);
    putDigits(number, digits);
    newLine();
  }

  @Override
  public void nil() {
    put(version < 3 ? NIL2 : NIL3);
  }

  @Override
  public void nilArray() {
    put(version < 3 ? NIL_ARRAY2 : NIL3);
  }

  @Override
  public void bool(boolean value) {
    if (version < 3) {
      integer(value ? 1 : 0);
    } else {
      put(value ? TRUE3 : FALSE3);
    }
  }

  @Override
  public void number(double value) {
    number(Numbers.format(value));
  }

  @Override
  public void number(String digits) {
    if (version < 3) {
      bulk(digits);
    } else {
      line(',', digits);
    }
  }

  @Override
  public void bigNumber(String digits) {
    if (version < 3) {
      bulk(digits);
    } else {
      line('(', digits);
    }
  }

  @Override
  public void verbatim(String format, String text) {
    if (version < 3) {
      bulk(text);
      return;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    header('=', bytes.length + 4L);
    put(ascii(format));
    ensure(1);
    array[size++] = ':';
    put(bytes);
    newLine();
  }

  @Override
  public void array(int count) {
    header('*', count);
  }

  @Override
  public void map(int pairs) {
    if (version < 3) {
      header('*', 2L * pairs);
    } else {
      header('%', pairs);
    }
  }

  @Override
  public void set(int count) {
    header(version < 3 ? '*' : '~', count);
  }

  @Override
  public void push(int count) {
    header(version < 3 ? '*' : '>', count);
  }

  @Override
  public int deferred() {
    return size;
  }

  @Override
  public void resolveArray(int mark, int count) {
    insertHeader(mark, '*', count);
  }

  @Override
  public void resolveMap(int mark, int pairs) {
    if (version < 3) {
      insertHeader(mark, '*', 2L * pairs);
    } else {
      insertHeader(mark, '%', pairs);
    }
  }

  @Override
  public void resolveSet(int mark, int count) {
    insertHeader(mark, version < 3 ? '*' : '~', count);
  }

  @Override
  public int position() {
    return size;
  }

  @Override
  public void rewind(int position) {
    size = position;
    // Those that were written before have their line break before the position.
    for (int i = shared.size() - 1; i >= 0 && shared.get(i).at >= position; i--) {
      Lease lease = shared.remove(i).lease;
      sharedBytes -= lease.length();
      lease.release();
    }
  }

  /** An error's text without line breaks, which would end it early. */
  static String oneLine(String message) {
    int end = message.length();
    while (end > 0 && isLineBreak(message.charAt(end - 1))) {
      end--;
    }
    String text = message.substring(0, end);
    return text.indexOf('\r') < 0 && text.indexOf('\n') < 0
        ? text
        : text.replace('\r', ' ').replace('\n', ' ');
  }

  private static boolean isBytes(String line) {
    for (int i = 0; i < line.length(); i++) {
      if (line.charAt(i) > 0xFF) {
        return false;
      }
    }
    return true;
  }

  private static boolean isLineBreak(char c) {
    return c == '\r' || c == '\n';
  }

  private void insertHeader(int mark, char type, long count) {
    int length = 3 + digits(count);
    ensure(length);
    System.arraycopy(array, mark, array, mark + length, size - mark);
    for (int i = shared.size() - 1; i >= 0 && shared.get(i).at > mark; i--) {
      shared.set(i, new Shared(shared.get(i).at + length, shared.get(i).lease));
    }
    int end = size + length;
    size = mark;
    header(type, count);
    size = end;
  }

  private void header(char type, long number) {
    ensure(24);
    if (number >= 0 && number < 10) {
      array[size] = (byte) type;
      array[size + 1] = (byte) ('0' + number);
      array[size + 2] = '\r';
      array[size + 3] = '\n';
      size += 4;
      return;
    }
    array[size++] = (byte) type;
    putDigits(number, digits(number));
    newLine();
  }

  private void line(char type, String text) {
    ensure(1);
    array[size++] = (byte) type;
    put(ascii(text));
    newLine();
  }

  private void newLine() {
    ensure(2);
    array[size++] = '\r';
    array[size++] = '\n';
  }

  private void put(byte[] bytes) {
    ensure(bytes.length);
    System.arraycopy(bytes, 0, array, size, bytes.length);
    size += bytes.length;
  }

  private void ensure(int more) {
    if (array.length - size < more) {
      grow(more);
    }
  }

  private void grow(int more) {
    long needed = (long) size + more;
    if (needed > maxBytes) {
      throw new CommandException(
          "ERR the reply would exceed " + maxBytes + " bytes, a quarter of the Java heap");
    }
    int wanted = (int) Math.min(Math.max(2L * array.length, needed), maxBytes);
    if (wanted <= KEPT) {
      own = Arrays.copyOf(array, wanted);
      array = own;
    } else if (pool != null && wanted <= BufferPool.LARGEST && maxBytes >= BufferPool.LARGEST) {
      moveTo(pool.take(wanted));
    } else {
      moveTo(new byte[wanted]);
    }
  }

  /** Goes on in another array, with what has been written so far. */
  private void moveTo(byte[] target) {
    byte[] before = array;
    if (before == target) {
      return;
    }
    System.arraycopy(before, 0, target, 0, size);
    array = target;
    if (before != own && pool != null) {
      pool.give(before);
    }
  }

  /** How many characters the number takes, with its sign. */
  private static int digits(long number) {
    // Negative numbers reach one further than positive ones.
    long left = number > 0 ? -number : number;
    int digits = number < 0 ? 2 : 1;
    while (left <= -10) {
      left /= 10;
      digits++;
    }
    return digits;
  }

  private void putDigits(long number, int digits) {
    int at = size + digits;
    long left = number > 0 ? -number : number;
    do {
      array[--at] = (byte) ('0' - left % 10);
      left /= 10;
    } while (left != 0);
    if (number < 0) {
      array[--at] = '-';
    }
    size += digits;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
