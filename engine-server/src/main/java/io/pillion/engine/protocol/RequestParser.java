package io.pillion.engine.protocol;

import io.pillion.engine.config.QuotedWords;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds commands in what a connection receives, however it is cut: RESP arrays of bulk strings, and
 * inline commands. Belongs to one connection and one thread.
 *
 * <p>Bytes go into one buffer, into which the words of a command point; nothing is scanned twice,
 * because the parser remembers how far it is within a command. A word of {@link #LARGE} bytes or
 * more gets an array of its own, which grows as its bytes arrive (so that announcing a large word
 * costs nothing) and which they are received into directly.
 *
 * <pre>{@code
 * while (input.isReadable()) {
 *   int n = parser.reserve(input.readableBytes());
 *   input.readBytes(parser.array(), parser.position(), n);
 *   parser.received(n);
 *   parser.ready();
 * }
 * while (parser.ready()) {
 *   parser.take(args);
 * }
 * }</pre>
 *
 * <p>The limits and the error texts are Redis' (networking.c). As there, the two bytes after a bulk
 * string are skipped unseen.
 */
public final class RequestParser {
  /** The size from which on a word gets an array of its own. */
  static final int LARGE = 32 << 10;

  private static final int LINE_LIMIT = 64 << 10;
  private static final int UNAUTHENTICATED_WORDS = 10;
  private static final int UNAUTHENTICATED_WORD_BYTES = 16 << 10;
  private static final int MIN_BUFFER = 1 << 10;
  private static final int KEPT_BUFFER = 16 << 10;
  private static final int KEPT_WORDS = 64;
  private static final byte[] NONE = new byte[0];

  private final Limits limits;

  private byte[] buffer = NONE;
  // The command at hand begins here; offsets of its words count from it.
  private int start;
  // How far it has been parsed, and how far a line's end has been looked for beyond that.
  private int at;
  private int searched;
  private int end;

  // Words announced and not yet complete; 0 between commands.
  private int missing;
  // The size of the word being read; -1 when its line comes next.
  private int wordBytes = -1;
  private boolean complete;

  private int count;
  private int[] offsets = new int[8];
  private int[] lengths = new int[8];
  private byte[][] arrays = new byte[8][];

  // The large word being received, and how much of it has been.
  private byte[] large = NONE;
  private int largeBytes;
  private long largeTotal;

  /** What a client may send, asked anew for each command. */
  public interface Limits {
    /** The most bytes of one word. */
    long maxBulkBytes();

    /** Whether the client has yet to prove who it is: nothing of size is taken from it then. */
    boolean mustAuthenticate();
  }

  /** A parser that has received nothing. */
  public RequestParser(Limits limits) {
    this.limits = limits;
  }

  // --- receiving

  /**
   * Makes room.
   *
   * @param available how many bytes there are to receive, more than 0
   * @return how many of them to put into {@link #array()} from {@link #position()} on
   */
  public int reserve(int available) {
    if (isReceivingLarge()) {
      int wanted = Math.min(available, wordBytes - largeBytes);
      if (largeBytes + wanted > large.length) {
        long grown = Math.max(2L * large.length, (long) largeBytes + wanted);
        large = Arrays.copyOf(large, (int) Math.min(wordBytes, grown));
      }
      return wanted;
    }
    if (buffer.length - end < available) {
      makeRoom(available);
    }
    return available;
  }

  /** Where to put received bytes. */
  public byte[] array() {
    return isReceivingLarge() ? large : buffer;
  }

  /** From where on to put received bytes. */
  public int position() {
    return isReceivingLarge() ? largeBytes : end;
  }

  /** Says that bytes have been put there. */
  public void received(int bytes) {
    if (isReceivingLarge()) {
      largeBytes += bytes;
    } else {
      end += bytes;
    }
  }

  /** How many bytes are held: received and not yet handed out. */
  public long heldBytes() {
    return end - start + largeTotal + largeBytes;
  }

  private boolean isReceivingLarge() {
    return large.length > 0 && largeBytes < wordBytes;
  }

  private void makeRoom(int available) {
    int held = end - start;
    int needed = Math.addExact(held, available);
    byte[] target = buffer;
    if (needed > buffer.length) {
      long doubled = Math.min(2L * buffer.length, Integer.MAX_VALUE - 8);
      target = new byte[(int) Math.max(Math.max(needed, MIN_BUFFER), doubled)];
    }
    System.arraycopy(buffer, start, target, 0, held);
    buffer = target;
    at -= start;
    searched -= start;
    end = held;
    start = 0;
  }

  // --- parsing

  /**
   * Goes on until a whole command is there.
   *
   * @return whether one is; false: more must be received
   * @throws ProtocolException when what was received is no command; the parser is of no use then
   */
  public boolean ready() {
    while (!complete) {
      if (missing == 0 && !beginCommand()) {
        return false;
      }
      while (missing > 0) {
        if (!nextWord()) {
          return false;
        }
      }
      complete = count > 0;
    }
    return true;
  }

  /** Moves the words to the command found, after {@link #ready()} said yes. */
  public void take(Args args) {
    args.clear();
    for (int i = 0; i < count; i++) {
      byte @Nullable [] own = arrays[i];
      if (own == null) {
        args.add(buffer, start + offsets[i], lengths[i]);
      } else {
        args.add(own, 0, lengths[i]);
        arrays[i] = null;
      }
    }
    forgetWords();
    start = at;
    searched = at;
    complete = false;
  }

  /**
   * Gives up memory that only a burst needed, when nothing is held; the words taken last become
   * void.
   */
  public void trim() {
    if (start == end && !complete && missing == 0) {
      start = 0;
      at = 0;
      searched = 0;
      end = 0;
      if (buffer.length > KEPT_BUFFER) {
        buffer = NONE;
      }
    }
  }

  @SuppressWarnings("NullAway") // an array of its own is exceptional: most places hold null
  private void forgetWords() {
    count = 0;
    largeTotal = 0;
    if (offsets.length > KEPT_WORDS) {
      offsets = new int[8];
      lengths = new int[8];
      arrays = new byte[8][];
    }
  }

  private boolean beginCommand() {
    if (at == end) {
      return false;
    }
    return buffer[at] == '*' ? beginArray() : inlineCommand();
  }

  private boolean beginArray() {
    int lineEnd = findLine("too big mbulk count string");
    if (lineEnd < 0) {
      return false;
    }
    long words = digits(at + 1, lineEnd);
    if (words > Integer.MAX_VALUE || words == Long.MIN_VALUE) {
      throw new ProtocolException("invalid multibulk length");
    }
    if (words > UNAUTHENTICATED_WORDS && limits.mustAuthenticate()) {
      throw new ProtocolException("unauthenticated multibulk length");
    }
    passLine(lineEnd + 2);
    if (words <= 0) {
      start = at;
    } else {
      missing = (int) words;
    }
    return true;
  }

  private boolean nextWord() {
    if (wordBytes < 0 && !beginWord()) {
      return false;
    }
    if (large.length > 0) {
      if (largeBytes < wordBytes || end - at < 2) {
        return false;
      }
      addWord(0, large);
      largeTotal += largeBytes;
      large = NONE;
      largeBytes = 0;
      passLine(at + 2);
    } else {
      if (end - at < wordBytes + 2L) {
        if (wordBytes >= LARGE) {
          beginLarge();
        }
        return false;
      }
      addWord(at - start, null);
      passLine(at + wordBytes + 2);
    }
    wordBytes = -1;
    missing--;
    return true;
  }

  private boolean beginWord() {
    int lineEnd = findLine("too big bulk count string");
    if (lineEnd < 0) {
      return false;
    }
    if (buffer[at] != '$') {
      throw new ProtocolException("expected '$', got '" + (char) (buffer[at] & 0xFF) + "'");
    }
    long bytes = digits(at + 1, lineEnd);
    if (bytes < 0 || bytes > Math.min(limits.maxBulkBytes(), Integer.MAX_VALUE - 8)) {
      throw new ProtocolException("invalid bulk length");
    }
    if (bytes > UNAUTHENTICATED_WORD_BYTES && limits.mustAuthenticate()) {
      throw new ProtocolException("unauthenticated bulk length");
    }
    passLine(lineEnd + 2);
    wordBytes = (int) bytes;
    return true;
  }

  /** Moves what has come of a large word out of the buffer, where the rest would pile up. */
  private void beginLarge() {
    int have = Math.min(end - at, wordBytes);
    large = Arrays.copyOfRange(buffer, at, at + Math.min(wordBytes, Math.max(have, LARGE)));
    largeBytes = have;
    // A line break that has come already stays where the next one is looked for.
    int rest = end - at - have;
    System.arraycopy(buffer, at + have, buffer, at, rest);
    end = at + rest;
  }

  private void addWord(int offset, byte @Nullable [] own) {
    if (count == offsets.length) {
      int grown = (int) Math.min(2L * count, Integer.MAX_VALUE - 8);
      offsets = Arrays.copyOf(offsets, grown);
      lengths = Arrays.copyOf(lengths, grown);
      arrays = Arrays.copyOf(arrays, grown);
    }
    offsets[count] = offset;
    lengths[count] = wordBytes;
    arrays[count] = own;
    count++;
  }

  private boolean inlineCommand() {
    int lineFeed = find((byte) '\n');
    if (lineFeed < 0) {
      if (end - at > LINE_LIMIT) {
        throw new ProtocolException("too big inline request");
      }
      return false;
    }
    int lineEnd = lineFeed > at && buffer[lineFeed - 1] == '\r' ? lineFeed - 1 : lineFeed;
    List<byte[]> words = QuotedWords.split(buffer, at, lineEnd);
    if (words == null) {
      throw new ProtocolException("unbalanced quotes in request");
    }
    passLine(lineFeed + 1);
    if (words.isEmpty()) {
      start = at;
    }
    for (byte[] word : words) {
      wordBytes = word.length;
      addWord(0, word);
    }
    wordBytes = -1;
    return true;
  }

  /** Where the carriage return of a whole line is, or -1. */
  private int findLine(String complaint) {
    int carriageReturn = find((byte) '\r');
    if (carriageReturn < 0) {
      if (end - at > LINE_LIMIT) {
        throw new ProtocolException(complaint);
      }
      return -1;
    }
    return carriageReturn + 1 < end ? carriageReturn : -1;
  }

  private int find(byte wanted) {
    int i = Math.max(at, searched);
    while (i < end && buffer[i] != wanted) {
      i++;
    }
    searched = i;
    return i < end ? i : -1;
  }

  private void passLine(int next) {
    at = next;
    searched = next;
  }

  /** A number in Redis' strict form; {@link Long#MIN_VALUE} when it is none. */
  private long digits(int from, int to) {
    int i = from;
    boolean negative = i < to && buffer[i] == '-';
    if (negative) {
      i++;
    }
    if (i == to || to - i > 18) {
      return Long.MIN_VALUE;
    }
    if (buffer[i] == '0') {
      return !negative && to - i == 1 ? 0 : Long.MIN_VALUE;
    }
    long value = 0;
    for (; i < to; i++) {
      int digit = buffer[i] - '0';
      if (digit < 0 || digit > 9) {
        return Long.MIN_VALUE;
      }
      value = value * 10 + digit;
    }
    return negative ? -value : value;
  }
}
