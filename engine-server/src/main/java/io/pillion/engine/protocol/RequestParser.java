package io.pillion.engine.protocol;

import io.pillion.engine.config.QuotedWords;
import io.pillion.engine.memory.Lease;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds commands in what a connection receives, however it is cut: RESP arrays of bulk strings, and
 * inline commands. Belongs to one connection and one thread.
 *
 * <p>Bytes go into one buffer, into which the words of a command point; nothing is scanned twice,
 * because the parser remembers how far it is within a command. A burst is received into an array
 * that is lent by {@link BufferPool} until it has been carried out. A word of {@link #LARGE} bytes
 * or more gets an array of its own, which grows as its bytes arrive (so that announcing a large
 * word costs little) and which they are received into directly.
 *
 * <pre>{@code
 * while (input.isReadable()) {
 *   int n = parser.reserve(input.readableBytes());
 *   if (parser.target() != null) {
 *     input.readBytes(parser.target());
 *   } else {
 *     input.readBytes(parser.array(), parser.position(), n);
 *   }
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
  private static final int OWN_BUFFER = 16 << 10;
  private static final int OWN_WORDS = 64;

  /** A block for a large word, at first, and how many times as large the one is that follows. */
  private static final int FIRST_LEASE = 64 << 10;

  private static final int LEASE_GROWTH = 16;

  /** An array for a large word that has become full is followed by one so many times as large. */
  private static final int LARGE_GROWTH = 8;

  private static final byte[] NONE = new byte[0];

  private final Limits limits;
  private final BufferPool buffers;

  // The array that stays with this parser, of up to OWN_BUFFER bytes; and the one in use, which is
  // that one or is lent.
  private byte[] own = NONE;
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
  private final WordTable ownWords = new WordTable(8);
  private WordTable words = ownWords;

  // The large word being received, and how much of it has been.
  private byte[] large = NONE;
  private boolean isLarge;
  private int largeBytes;
  private long largeTotal;

  // Instead of the array: where it is received outside the heap; and that there was no room for it,
  // so that its bytes are passed over.
  private @Nullable Lease lease;
  private boolean passesOver;
  private long leasedTotal;
  private @Nullable ByteBuffer target;

  // The arrays of large words in the command that was taken last.
  private final ArrayDeque<byte[]> handedOut = new ArrayDeque<>(0);
  private final ArrayDeque<LargeWord> leasesOut = new ArrayDeque<>(0);

  /** What a client may send, asked anew for each command. */
  public interface Limits {
    /** The most bytes of one word. */
    long maxBulkBytes();

    /** Whether the client has yet to prove who it is: nothing of size is taken from it then. */
    boolean mustAuthenticate();

    /**
     * Lends a block outside the heap for a large word.
     *
     * @param keyLength how long the word after the command's name is, likely a key
     * @param bytes how much of the word there must be room for
     * @return null when it is to be received on the heap
     */
    default @Nullable Lease lend(int keyLength, int bytes) {
      return null;
    }

    /** The largest word that may be received on the heap; larger ones are refused. */
    default long maxHeapWordBytes() {
      return Integer.MAX_VALUE;
    }
  }

  /** A parser that has received nothing, and shares with nobody. */
  public RequestParser(Limits limits) {
    this(limits, new BufferPool());
  }

  /** A parser that has received nothing, and that borrows from those of its thread. */
  public RequestParser(Limits limits, BufferPool buffers) {
    this.limits = limits;
    this.buffers = buffers;
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
      if (passesOver) {
        return wanted;
      }
      if (lease != null) {
        return reserveLeased(wanted);
      }
      if (largeBytes + wanted > large.length) {
        growLarge(largeBytes + wanted);
      }
      return wanted;
    }
    if (buffer.length - end < available) {
      makeRoom(available);
    }
    return available;
  }

  /**
   * Receives bytes, all of them, on the heap: for somebody whose limits lend nothing.
   *
   * @throws ProtocolException when they are against the protocol
   */
  public void receive(byte[] bytes, int from, int length) {
    int to = from + length;
    for (int at = from; at < to; ) {
      int some = reserve(to - at);
      System.arraycopy(bytes, at, array(), position(), some);
      received(some);
      // What is large gets a place of its own only once it is known to be.
      ready();
      at += some;
    }
  }

  /** Whether as many bytes as were reserved are to be passed over: nothing holds them. */
  public boolean passesOver() {
    return passesOver && isReceivingLarge();
  }

  /**
   * Where to put received bytes, exactly as many as were reserved; null when it is {@link #array}.
   */
  public @Nullable ByteBuffer target() {
    return target;
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
    target = null;
    if (isReceivingLarge()) {
      largeBytes += bytes;
    } else {
      end += bytes;
    }
  }

  /** How many bytes are held: received and not yet handed out. */
  public long heldBytes() {
    return end - start + largeTotal + leasedTotal + largeBytes;
  }

  /** How many bytes of the heap are held or kept free for what was announced and is to come. */
  public long reservedBytes() {
    return end - start + largeTotal + large.length;
  }

  private boolean isReceivingLarge() {
    return isLarge && largeBytes < wordBytes;
  }

  private int reserveLeased(int wanted) {
    Lease to = lease;
    if (to != null && largeBytes == to.length()) {
      growLeased(to);
      to = lease;
    }
    if (to == null) {
      return wanted;
    }
    int at = largeBytes;
    int part = 0;
    while (at >= to.parts()[part].capacity()) {
      at -= to.parts()[part++].capacity();
    }
    ByteBuffer buffer = to.parts()[part];
    int bytes = Math.min(wanted, buffer.capacity() - at);
    buffer.limit(at + bytes).position(at);
    target = buffer;
    return bytes;
  }

  private void growLeased(Lease full) {
    int size = (int) Math.min(wordBytes, (long) LEASE_GROWTH * full.length());
    Lease larger = limits.lend(keyLength(), size);
    if (larger != null) {
      larger.copyIn(full, largeBytes);
    } else {
      passesOver = true;
    }
    full.release();
    lease = larger;
  }

  private int keyLength() {
    return count > 1 ? words.length(1) : 0;
  }

  private void growLarge(int needed) {
    long grown = Math.max((long) LARGE_GROWTH * large.length, needed);
    int size = (int) Math.min(wordBytes, grown);
    if (size > BufferPool.LARGEST) {
      byte[] before = large;
      large = Arrays.copyOf(before, size);
      buffers.give(before);
    } else {
      byte[] lent = buffers.take(size);
      System.arraycopy(large, 0, lent, 0, largeBytes);
      buffers.give(large);
      large = lent;
    }
  }

  private void makeRoom(int available) {
    int needed = Math.addExact(end - start, available);
    if (needed <= buffer.length) {
      moveTo(buffer);
    } else if (needed <= OWN_BUFFER) {
      own =
          new byte[Math.max(Math.max(needed, MIN_BUFFER), Math.min(2 * buffer.length, OWN_BUFFER))];
      moveTo(own);
    } else {
      // Twice what is needed now: there is more to come of a command that is so long.
      boolean goesOn = buffer.length >= BufferPool.SMALLEST;
      int wanted = (int) Math.min(goesOn ? 2L * needed : needed, Integer.MAX_VALUE - 8);
      byte[] before = buffer;
      moveTo(buffers.take(Math.max(needed, wanted)));
      if (before != own) {
        buffers.give(before);
      }
    }
  }

  /** Moves what is held to the begin of an array, which may be the same. */
  private void moveTo(byte[] target) {
    int held = end - start;
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
    takeBackLarge();
    args.clear();
    words.moveTo(args, count, buffer, start, handedOut, leasesOut);
    forgetWords();
    start = at;
    searched = at;
    complete = false;
  }

  /**
   * Gives up memory that only a burst needed; the words taken last become void. What is left of the
   * burst, the begin of a command, goes on in memory of its own if it is short.
   */
  public void trim() {
    takeBackLarge();
    int held = end - start;
    if (complete || buffer == own || held > OWN_BUFFER) {
      return;
    }
    byte[] lent = buffer;
    if (held > own.length) {
      own = new byte[Math.max(held, MIN_BUFFER)];
    }
    moveTo(own);
    buffers.give(lent);
  }

  /** Gives up all that was lent to it: nothing more comes, and nothing is carried out any more. */
  public void close() {
    takeBackLarge();
    words.release(count);
    Lease unfinished = lease;
    if (unfinished != null) {
      lease = null;
      passesOver = true;
      unfinished.release();
    }
  }

  private void takeBackLarge() {
    if (!leasesOut.isEmpty()) {
      leasesOut.forEach(LargeWord::release);
      leasesOut.clear();
    }
    if (!handedOut.isEmpty()) {
      handedOut.forEach(buffers::give);
      handedOut.clear();
    }
  }

  private void forgetWords() {
    count = 0;
    largeTotal = 0;
    leasedTotal = 0;
    if (words != ownWords) {
      buffers.give(words);
      words = ownWords;
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
    long announced = digits(at + 1, lineEnd);
    if (announced > Integer.MAX_VALUE || announced == Long.MIN_VALUE) {
      throw new ProtocolException("invalid multibulk length");
    }
    if (announced > UNAUTHENTICATED_WORDS && limits.mustAuthenticate()) {
      throw new ProtocolException("unauthenticated multibulk length");
    }
    passLine(lineEnd + 2);
    if (announced <= 0) {
      start = at;
    } else {
      missing = (int) announced;
    }
    return true;
  }

  private boolean nextWord() {
    if (wordBytes < 0 && !beginWord()) {
      return false;
    }
    if (isLarge) {
      if (largeBytes < wordBytes || end - at < 2) {
        return false;
      }
      endLarge();
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
    isLarge = true;
    largeBytes = have;
    int first = wordBytes <= 2 * FIRST_LEASE ? wordBytes : Math.max(have, FIRST_LEASE);
    Lease lent = count == 0 ? null : limits.lend(keyLength(), first);
    if (lent != null) {
      lent.copyIn(buffer, at, have);
      lease = lent;
    } else if (wordBytes > limits.maxHeapWordBytes()) {
      passesOver = true;
    } else {
      large = buffers.take(Math.max(have, LARGE));
      System.arraycopy(buffer, at, large, 0, have);
    }
    // A line break that has come already stays where the next one is looked for.
    int rest = end - at - have;
    System.arraycopy(buffer, at + have, buffer, at, rest);
    end = at + rest;
  }

  private void endLarge() {
    if (lease != null || passesOver) {
      int index = count;
      addWord(0, null);
      words.set(index, new LargeWord(index, wordBytes, lease, buffers));
      leasedTotal += lease == null ? 0 : largeBytes;
    } else {
      addWord(0, large);
      largeTotal += largeBytes;
    }
    large = NONE;
    lease = null;
    passesOver = false;
    isLarge = false;
    largeBytes = 0;
  }

  private void addWord(int offset, byte @Nullable [] array) {
    if (count == words.capacity()) {
      if (words == ownWords && count == OWN_WORDS) {
        words = buffers.takeTable();
        words.takeOver(ownWords, count);
      } else {
        words.grow();
      }
    }
    words.set(count++, offset, wordBytes, array);
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
    List<byte[]> line = QuotedWords.split(buffer, at, lineEnd);
    if (line == null) {
      throw new ProtocolException("unbalanced quotes in request");
    }
    passLine(lineFeed + 1);
    if (line.isEmpty()) {
      start = at;
    }
    for (byte[] word : line) {
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
