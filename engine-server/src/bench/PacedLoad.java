import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * Fills a server with strings and large collections, or changes them at a steady pace and says how
 * long that took. Each request has a moment at which it ought to be sent, and its time counts from
 * there, so that a server that stands still is charged for all requests that it holds up.
 *
 * <pre>
 * java PacedLoad.java fill PORT SCALE           SCALE 1 is about 2 GiB
 * java PacedLoad.java load PORT SCALE RATE FILE  until the file is gone; counts after 5 seconds
 * </pre>
 */
final class PacedLoad {
  private static final int CONNECTIONS = 8;

  /** What comes before is not counted: it is this program that is slow then, not the server. */
  private static final long WARMUP_NANOS = 5_000_000_000L;
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
  }

  public static void main(String[] words) throws Exception {
    int port = Integer.parseInt(words[1]);
    double scale = Double.parseDouble(words[2]);
    if (words[0].equals("fill")) {
      fill(port, scale);
    } else {
      load(port, scale, Integer.parseInt(words[3]), Path.of(words[4]));
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

  private static void load(int port, double scale, int rate, Path whileThere) throws Exception {
    Writer[] writers = new Writer[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
      writers[i] = new Writer(port, scale, CONNECTIONS * 1_000_000_000L / rate, i, whileThere);
      writers[i].start();
    }
    int total = 0;
    for (Writer writer : writers) {
      writer.join();
      if (writer.failure != null) {
        throw writer.failure;
      }
      total += writer.count;
    }
    long[] all = new long[total];
    int at = 0;
    double seconds = 0;
    for (Writer writer : writers) {
      System.arraycopy(writer.nanos, 0, all, at, writer.count);
      at += writer.count;
      seconds = Math.max(seconds, writer.seconds);
    }
    Arrays.sort(all);
    System.out.printf(
        "%d %.0f %d %d %d %d%n",
        total,
        total / seconds,
        all[total / 2] / 1000,
        all[(int) (total * 0.99)] / 1000,
        all[(int) (total * 0.999)] / 1000,
        all[total - 1] / 1000);
  }

  private static final class Writer extends Thread {
    private final int port;
    private final double scale;
    private final long gapNanos;
    private final SplittableRandom random;
    private final Path whileThere;
    private volatile boolean ended;
    long[] nanos = new long[1 << 20];
    int count;
    double seconds;
    Exception failure;

    Writer(int port, double scale, long gapNanos, int seed, Path whileThere) {
      this.port = port;
      this.scale = scale;
      this.gapNanos = gapNanos;
      this.whileThere = whileThere;
      random = new SplittableRandom(100 + seed);
    }

    @Override
    public void run() {
      try (Socket socket = new Socket("127.0.0.1", port)) {
        socket.setTcpNoDelay(true);
        write(socket.getOutputStream(), new BufferedInputStream(socket.getInputStream(), 1 << 12));
      } catch (IOException e) {
        failure = e;
      }
    }

    private void write(OutputStream out, InputStream in) throws IOException {
      Request request = new Request();
      long began = System.nanoTime();
      long due = began + random.nextLong(gapNanos);
      while (count % 256 != 0 || count == 0 || Files.exists(whileThere)) {
        next(request);
        for (long now = System.nanoTime(); now < due; now = System.nanoTime()) {
          LockSupport.parkNanos(due - now);
        }
        request.send(out);
        skipReply(in);
        if (count == nanos.length) {
          nanos = Arrays.copyOf(nanos, 2 * count);
        }
        long now = System.nanoTime();
        if (due - began >= WARMUP_NANOS) {
          nanos[count++] = now - due;
        }
        due += gapNanos;
      }
      seconds = (System.nanoTime() - began - WARMUP_NANOS) / 1e9;
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
}
