import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Fills a server with strings and large collections, or changes them at a steady pace, by turns
 * without and with a BGSAVE going on, and says how long the replies took in each state. A request
 * has a moment at which it ought to be sent, and its time counts from there, so that a server that
 * stands still is charged for all requests that it holds up.
 *
 * <p>One thread sends all, and sleeps when nothing is due: many threads that wake one another, or
 * one that never sleeps, would take the processors that the server needs, and what is measured were
 * the kernel's scheduler. The states alternate because the machine below is not equally quiet all
 * the time.
 *
 * <pre>
 * java PacedLoad.java fill PORT SCALE                       SCALE 1 is about 2 GiB
 * java PacedLoad.java load PORT SCALE RATE ROUNDS SECONDS   SECONDS without, then a BGSAVE; before,
 *                                                           a BGSAVE that is not counted
 * </pre>
 */
final class PacedLoad {
  private static final int CONNECTIONS = 50;
  private static final int WARMUP_SECONDS = 20;
  private static final int STRINGS = 1_000_000;
  private static final int ELEMENTS = 3_000_000;
  private static final byte[] NOISE = noise();

  private PacedLoad() {}

  private static byte[] noise() {
    byte[] bytes = new byte[1 << 20];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (' ' + 1 + random.nextInt(94));
    }
    return bytes;
  }

  /** A request as it is sent; used again and again, so that the collector has nothing to do. */
  private static final class Request {
    private byte[] bytes = new byte[1 << 20];
    private int length;

    Request begin(int words) {
      return raw("*").digits(words).raw("\r\n");
    }

    Request word(String word) {
      return raw("$").digits(word.length()).raw("\r\n").raw(word).raw("\r\n");
    }

    /** A word that ends in a number. */
    Request word(String prefix, int number) {
      int digits = number < 0 ? 2 : 1;
      for (int rest = Math.abs(number); rest >= 10; rest /= 10) {
        digits++;
      }
      raw("$").digits(prefix.length() + digits).raw("\r\n");
      return raw(prefix).digits(number).raw("\r\n");
    }

    Request noise(int bytesOfIt, SplittableRandom random) {
      raw("$").digits(bytesOfIt).raw("\r\n");
      System.arraycopy(NOISE, random.nextInt(NOISE.length - bytesOfIt), bytes, length, bytesOfIt);
      length += bytesOfIt;
      return raw("\r\n");
    }

    private Request raw(String text) {
      for (int i = 0; i < text.length(); i++) {
        bytes[length++] = (byte) text.charAt(i);
      }
      return this;
    }

    private Request digits(int number) {
      int rest = Math.abs(number);
      if (number < 0) {
        bytes[length++] = '-';
      }
      int from = length;
      do {
        bytes[length++] = (byte) ('0' + rest % 10);
        rest /= 10;
      } while (rest > 0);
      for (int i = from, j = length - 1; i < j; i++, j--) {
        byte digit = bytes[i];
        bytes[i] = bytes[j];
        bytes[j] = digit;
      }
      return this;
    }

    void send(OutputStream out) throws IOException {
      out.write(bytes, 0, length);
      length = 0;
    }

    void moveTo(ByteBuffer out) {
      out.put(bytes, 0, length);
      length = 0;
    }
  }

  public static void main(String[] words) throws Exception {
    int port = Integer.parseInt(words[1]);
    double scale = Double.parseDouble(words[2]);
    if (words[0].equals("fill")) {
      fill(port, scale);
    } else {
      Load load = new Load(port, scale, Integer.parseInt(words[3]));
      new Rounds(port, load).run(Integer.parseInt(words[4]), Integer.parseInt(words[5]));
    }
  }

  // --- filling

  private static void fill(int port, double scale) throws IOException {
    SplittableRandom random = new SplittableRandom(2);
    try (Socket socket = new Socket("127.0.0.1", port)) {
      OutputStream out = socket.getOutputStream();
      InputStream in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
      Request batch = new Request();
      int pending = 0;
      int strings = (int) (STRINGS * scale);
      int elements = (int) (ELEMENTS * scale);
      for (int i = 0; i < strings + 3 * elements; i++) {
        int n = i - strings;
        if (n < 0) {
          batch.begin(3).word("SET").word("key:", i).noise(1000, random);
        } else if (n < elements) {
          batch.begin(4).word("HSET").word("hash").word("field:", n).noise(60, random);
        } else if (n < 2 * elements) {
          batch.begin(4).word("ZADD").word("board").word("", random.nextInt(1_000_000));
          batch.word("member:", n % elements);
        } else {
          batch.begin(3).word("RPUSH").word("list").noise(60, random);
        }
        if (++pending == 500 || i == strings + 3 * elements - 1) {
          batch.send(out);
          for (; pending > 0; pending--) {
            skipReply(in);
          }
        }
      }
    }
  }

  private static void skipReply(InputStream in) throws IOException {
    int first = in.read();
    int number = 0;
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new IOException("the server hung up");
      }
      number = b >= '0' && b <= '9' ? 10 * number + b - '0' : number;
    }
    if (first == '-') {
      throw new IOException("the server refused a request");
    }
    if (first == '$') {
      in.skipNBytes(number + 2L);
    }
  }

  // --- a steady pace

  /**
   * How often a reply took how long: to the microsecond below {@link #FINE}, to {@link #COARSE} of
   * them above.
   */
  private static final class Times {
    private static final int FINE = 20_000;
    private static final int COARSE = 100;
    private static final int MOST = 2_000_000;
    private final int[] counts = new int[FINE + (MOST - FINE) / COARSE + 1];
    private int total;

    void add(long micros) {
      counts[micros < FINE ? (int) micros : FINE + ((int) Math.min(micros, MOST) - FINE) / COARSE]++;
      total++;
    }

    void add(Times other) {
      for (int i = 0; i < counts.length; i++) {
        counts[i] += other.counts[i];
      }
      total += other.total;
    }

    void clear() {
      Arrays.fill(counts, 0);
      total = 0;
    }

    /** The time within which this share of all replies came, in microseconds; 0 without replies. */
    int at(double share) {
      long left = (long) Math.ceil(total * share);
      int at = 0;
      for (left -= counts[0]; left > 0; left -= counts[at]) {
        at++;
      }
      return at < FINE ? at : FINE + (at - FINE) * COARSE;
    }

    @Override
    public String toString() {
      return String.format("%d %d %d %d %d", total, at(0.5), at(0.99), at(0.999), at(1));
    }
  }

  /** A connection and the moments at which what it waits for ought to have been sent. */
  private static final class Link {
    private static final int MOST = 1 << 12;
    final SocketChannel channel;
    private final ByteBuffer out = ByteBuffer.allocateDirect(8 << 20);
    private final ByteBuffer in = ByteBuffer.allocateDirect(1 << 16);
    private final long[] due = new long[MOST];
    private int sent;
    private int answered;
    private boolean atFirstByte = true;

    Link(int port) throws IOException {
      channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.configureBlocking(false);
    }

    void send(Request request, long dueAt) throws IOException {
      if (sent - answered == MOST) {
        throw new IOException("the server is " + MOST + " replies behind");
      }
      due[sent++ % MOST] = dueAt;
      request.moveTo(out);
      write();
    }

    void write() throws IOException {
      out.flip();
      channel.write(out);
      out.compact();
    }

    boolean isBehind() {
      return out.position() > 0;
    }

    void receive(Times times) throws IOException {
      if (channel.read(in) < 0) {
        throw new IOException("the server hung up");
      }
      long now = System.nanoTime();
      in.flip();
      while (in.hasRemaining()) {
        byte next = in.get();
        if (atFirstByte && next != '+' && next != ':') {
          throw new IOException("the server refused a request");
        }
        atFirstByte = next == '\n';
        if (atFirstByte) {
          times.add((now - due[answered++ % MOST]) / 1000);
        }
      }
      in.clear();
    }
  }

  /** Sends at its pace until told to stop; what it measures goes where it was last told. */
  private static final class Load implements Runnable, Consumer<SelectionKey> {
    private final double scale;
    private final long gapNanos;
    private final SplittableRandom random = new SplittableRandom(100);
    private final Link[] links = new Link[CONNECTIONS];
    private final Selector selector = Selector.open();
    private volatile Times times = new Times();
    private volatile boolean stopped;

    Load(int port, double scale, int rate) throws IOException {
      this.scale = scale;
      gapNanos = 1_000_000_000L / rate;
      for (int i = 0; i < CONNECTIONS; i++) {
        links[i] = new Link(port);
        links[i].channel.register(selector, SelectionKey.OP_READ, links[i]);
      }
    }

    @Override
    public void run() {
      try {
        Request request = new Request();
        long due = System.nanoTime();
        for (int turn = 0; !stopped; ) {
          for (long now = System.nanoTime(); due <= now; due += gapNanos) {
            next(request);
            links[turn++ % CONNECTIONS].send(request, due);
          }
          if (selector.selectNow(this) == 0) {
            LockSupport.parkNanos(due - System.nanoTime());
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void accept(SelectionKey key) {
      Link link = (Link) key.attachment();
      try {
        link.receive(times);
        if (link.isBehind()) {
          link.write();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void next(Request out) {
      int element = random.nextInt((int) (ELEMENTS * scale));
      switch (random.nextInt(10)) {
        case 0, 1 -> out.begin(4).word("HSET").word("hash").word("field:", element).noise(60, random);
        case 2, 3 -> {
          out.begin(4).word("ZADD").word("board").word("", random.nextInt(1_000_000));
          out.word("member:", element);
        }
        case 4 -> {
          int place = (random.nextBoolean() ? 1 : -1) * random.nextInt(1, 1000);
          out.begin(4).word("LSET").word("list").word("", place).noise(60, random);
        }
        default -> {
          int key = random.nextInt((int) (STRINGS * scale));
          out.begin(3).word("SET").word("key:", key).noise(1000, random);
        }
      }
    }
  }

  // --- by turns

  /**
   * What one state cost, second by second: all of it, and without the seconds in which, or next to
   * which, the machine below took more than a hundredth of a second away.
   */
  private static final class State {
    private static final int MOST_TICKS = 1;
    final Times all = new Times();
    final Times undisturbed = new Times();
    int seconds;
    int disturbed;
    long ticks;

    void add(State other) {
      all.add(other.all);
      undisturbed.add(other.undisturbed);
      seconds += other.seconds;
      disturbed += other.disturbed;
      ticks += other.ticks;
    }

    /** A second is over, and so is the one after it. */
    void add(Times second, boolean quiet) {
      all.add(second);
      seconds++;
      if (quiet) {
        undisturbed.add(second);
      } else {
        disturbed++;
      }
    }

    static boolean isQuiet(long... ticksOfSeconds) {
      return Arrays.stream(ticksOfSeconds).allMatch(ticks -> ticks <= MOST_TICKS);
    }

    void clear() {
      all.clear();
      undisturbed.clear();
      seconds = 0;
      disturbed = 0;
      ticks = 0;
    }
  }

  /** Without and with a BGSAVE, again and again, and what each state cost. */
  private static final class Rounds {
    private final Load load;
    private final OutputStream out;
    private final InputStream in;

    // Made once: to allocate while requests are sent would stop their sender.
    private Times now = new Times();
    private Times before = new Times();
    private Times next = new Times();
    private final State first = new State();
    private final State second = new State();
    private final State idle = new State();
    private final State saving = new State();

    Rounds(int port, Load load) throws IOException {
      this.load = load;
      Socket socket = new Socket("127.0.0.1", port);
      socket.setSoTimeout(120_000);
      out = socket.getOutputStream();
      in = new BufferedInputStream(socket.getInputStream());
    }

    /** The first BGSAVE is not counted: programs that run for long have saved before. */
    void run(int rounds, int seconds) throws Exception {
      Thread loader = new Thread(load, "load");
      loader.setUncaughtExceptionHandler(
          (thread, failure) -> {
            failure.printStackTrace();
            System.exit(1);
          });
      loader.start();
      during(first, WARMUP_SECONDS);
      ask("BGSAVE");
      untilSaved(second);
      for (int round = 0; round < rounds; round++) {
        reset(first);
        during(first, seconds);
        show("without", first);
        reset(second);
        ask("BGSAVE");
        untilSaved(second);
        show("with", second);
        idle.add(first);
        saving.add(second);
      }
      load.stopped = true;
      if (rounds == 0) {
        return;
      }
      System.out.printf(
          "  99%%: %.2f times in all; undisturbed: %d us without, %d us with: %.2f times%n",
          (double) saving.all.at(0.99) / idle.all.at(0.99),
          idle.undisturbed.at(0.99),
          saving.undisturbed.at(0.99),
          (double) saving.undisturbed.at(0.99) / idle.undisturbed.at(0.99));
    }

    private void reset(State state) throws IOException {
      ask("CONFIG RESETSTAT");
      state.clear();
    }

    private void show(String name, State state) throws IOException {
      System.out.printf(
          "  %8s: %s us; longest turn %s us; %d s, %d of them disturbed (%d ticks):"
              + " undisturbed %s%n",
          name,
          state.all,
          field(ask("INFO stats"), "longest_turn_usec"),
          state.seconds,
          state.disturbed,
          state.ticks,
          state.undisturbed);
    }

    /** Whether to go on after so many seconds, while the server saves or does not. */
    private interface Condition {
      boolean holds(int seconds, boolean saves);
    }

    private void during(State state, int most) throws Exception {
      measure(state, (seconds, saves) -> seconds < most);
    }

    private void untilSaved(State state) throws Exception {
      measure(state, (seconds, saves) -> saves);
    }

    /** Looks as often whether or not the server saves: who looks disturbs. */
    private void measure(State state, Condition goesOn) throws Exception {
      long stolen = stolenTicks();
      long ticksBefore = 0;
      long ticksNow = 0;
      int seconds = 0;
      boolean more;
      now.clear();
      load.times = now;
      do {
        next.clear();
        Thread.sleep(1000);
        more = goesOn.holds(++seconds, isSaving());
        long ticks = stolenTicks() - stolen;
        stolen += ticks;
        load.times = next;
        if (seconds > 1) {
          state.add(before, State.isQuiet(ticksBefore, ticksNow, ticks));
        }
        state.ticks += ticks;
        ticksBefore = ticksNow;
        ticksNow = ticks;
        Times free = before;
        before = now;
        now = next;
        next = free;
      } while (more);
      state.add(before, State.isQuiet(ticksBefore, ticksNow));
    }

    private boolean isSaving() throws IOException {
      return field(ask("INFO persistence"), "rdb_bgsave_in_progress").equals("1");
    }

    private String ask(String command) throws IOException {
      out.write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
      String line = line();
      if (line.startsWith("-")) {
        throw new IOException(line);
      }
      if (!line.startsWith("$")) {
        return line;
      }
      byte[] text = in.readNBytes(Integer.parseInt(line.substring(1)) + 2);
      return new String(text, StandardCharsets.ISO_8859_1);
    }

    private String line() throws IOException {
      StringBuilder line = new StringBuilder();
      for (int next = in.read(); next != '\n'; next = in.read()) {
        line.append((char) next);
      }
      return line.toString().trim();
    }

    private static String field(String text, String name) {
      return text.lines()
          .filter(line -> line.startsWith(name + ":"))
          .map(line -> line.substring(name.length() + 1).trim())
          .findFirst()
          .orElse("-");
    }

    /** Hundredths of a second that the machine below gave to others. */
    private static long stolenTicks() throws IOException {
      String cpu = Files.readAllLines(Path.of("/proc/stat")).get(0);
      return Long.parseLong(cpu.trim().split("\\s+")[8]);
    }
  }
}
