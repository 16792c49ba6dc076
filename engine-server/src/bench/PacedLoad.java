import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
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
 * java PacedLoad.java load PORT SCALE RATE FILE  until the file is gone
 * </pre>
 */
final class PacedLoad {
  private static final int CONNECTIONS = 8;
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

  private static void request(ByteArrayOutputStream out, int valueLength, SplittableRandom random, String... words) {
    int count = words.length + (valueLength > 0 ? 1 : 0);
    StringBuilder head = new StringBuilder("*" + count + "\r\n");
    for (String word : words) {
      head.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
    }
    if (valueLength > 0) {
      head.append('$').append(valueLength).append("\r\n");
    }
    out.writeBytes(head.toString().getBytes(StandardCharsets.US_ASCII));
    if (valueLength > 0) {
      out.write(NOISE, random.nextInt(NOISE.length - valueLength), valueLength);
      out.write('\r');
      out.write('\n');
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
      OutputStream out = new BufferedOutputStream(socket.getOutputStream(), 1 << 16);
      InputStream in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
      ByteArrayOutputStream batch = new ByteArrayOutputStream();
      int pending = 0;
      int strings = (int) (STRINGS * scale);
      int elements = (int) (ELEMENTS * scale);
      for (int i = 0; i < strings + 3 * elements; i++) {
        int n = i - strings;
        if (n < 0) {
          request(batch, 1000, random, "SET", "key:" + i);
        } else if (n < elements) {
          request(batch, 60, random, "HSET", "hash", "field:" + n);
        } else if (n < 2 * elements) {
          request(batch, 0, random, "ZADD", "board", "" + random.nextInt(1_000_000), "member:" + n % elements);
        } else {
          request(batch, 60, random, "RPUSH", "list");
        }
        if (++pending == 500 || i == strings + 3 * elements - 1) {
          out.write(batch.toByteArray());
          out.flush();
          batch.reset();
          for (; pending > 0; pending--) {
            skipReply(in);
          }
        }
      }
    }
  }

  private static void skipReply(InputStream in) throws IOException {
    int first = in.read();
    long number = 0;
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new IOException("the server hung up");
      }
      line.append((char) b);
    }
    if (first == '-') {
      throw new IOException(line.toString());
    }
    if (first == '$') {
      number = Long.parseLong(line.toString().trim());
      in.skipNBytes(Math.max(0, number + 2));
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
    long[] nanos = new long[1 << 16];
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
      ByteArrayOutputStream request = new ByteArrayOutputStream();
      long began = System.nanoTime();
      long due = began + random.nextLong(gapNanos);
      while (count % 256 != 0 || count == 0 || Files.exists(whileThere)) {
        request.reset();
        next(request);
        byte[] bytes = request.toByteArray();
        for (long now = System.nanoTime(); now < due; now = System.nanoTime()) {
          LockSupport.parkNanos(due - now);
        }
        out.write(bytes);
        skipReply(in);
        if (count == nanos.length) {
          nanos = Arrays.copyOf(nanos, 2 * count);
        }
        nanos[count++] = System.nanoTime() - due;
        due += gapNanos;
      }
      seconds = (System.nanoTime() - began) / 1e9;
    }

    private void next(ByteArrayOutputStream out) {
      int element = random.nextInt((int) (ELEMENTS * scale));
      switch (random.nextInt(10)) {
        case 0, 1 -> request(out, 60, random, "HSET", "hash", "field:" + element);
        case 2, 3 ->
            request(out, 0, random, "ZADD", "board", "" + random.nextInt(1_000_000), "member:" + element);
        case 4 -> request(out, 60, random, "LSET", "list", "" + (random.nextBoolean() ? 1 : -1) * random.nextInt(1, 1000));
        default -> request(out, 1000, random, "SET", "key:" + random.nextInt((int) (STRINGS * scale)));
      }
    }
  }
}
