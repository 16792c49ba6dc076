package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.dispatch.Turn;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.KeyspaceSettings;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.SlabPool;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.BufferPool;
import io.pillion.engine.protocol.RequestParser;
import io.pillion.engine.protocol.RespReply;
import io.pillion.engine.world.RealWorld;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands that make up most of a cache's day leave nothing for the collector. */
final class AllocationTest {
  private static final int WARM_UP = 20_000;
  private static final int MEASURED = 50_000;
  private static final int PIECE = 64 << 10;

  /** What the measuring itself, and the compiler's threads, may add: nothing per command. */
  private static final long TOLERATED_BYTES = 4 * MEASURED / 10;

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final RespReply reply = new RespReply(new BufferPool());
  private Engine engine;
  private Turn turn;
  private Source source;

  @BeforeEach
  void start() {
    Keyspace keyspace =
        new Keyspace(
            RealWorld.get(), new Arena(SlabPool.shared(), 16 << 20), new KeyspaceSettings(), 1);
    // What waits for a processor is no slow command that would have to be remembered.
    Parameters parameters = new Parameters().set("slowlog-log-slower-than", "-1");
    CommandTable table = new CommandTable();
    Services services = Services.create(RealWorld.get(), parameters, table, /* onShutdown= */ null);
    engine = new Engine(RealWorld.get(), keyspace, table);
    services.access().attach(engine);
    engine.observers().add(services.observation());
    turn = new Turn(engine);
    source = new Source();
  }

  @AfterEach
  void stop() {
    engine.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET k",
        "GET nothing",
        "SET k value-of-the-same-size",
        "PING",
        "INCR n",
        "STRLEN k",
        "HGET small f",
        "HGET large field:77",
        "HSET small f value2",
        "HSET large field:77 value:78",
        "HEXISTS large none",
        "SISMEMBER integers 5",
        "SISMEMBER members member:77",
        "SADD members member:77",
        "HSET small f a g b | HSET small f b g a",
        "HSET large field:77 a field:78 b new c | HDEL large new",
        "ZADD few 1 a 2 b | ZADD few 2 a 1 b",
        "ZADD board 1 member:1 2 member:2 3 new | ZADD board 2 member:1 1 member:2 | ZREM board"
            + " new",
        "RPUSH list a b c",
        "LPUSH list a b",
        "SET page {40000} | GET page"
      })
  void allocatesNothing(String line) {
    ArrayDeque<Turn.Source> queue = new ArrayDeque<>();
    run(queue, "SET k value-of-the-same-size", 1);
    run(queue, "SET n 1000000", 1);
    run(queue, "HSET small e value0 f value1", 1);
    run(queue, "SADD integers 1 5 12", 1);
    for (int i = 0; i < 1000; i++) {
      run(queue, "HSET large field:" + i + " value:" + i, 1);
      run(queue, "SADD members member:" + i, 1);
      run(queue, "ZADD board " + i + " member:" + i, 1);
      run(queue, "RPUSH list element:" + i, 1);
    }
    run(queue, line, WARM_UP);
    byte[] request = request(line);
    long before = threads.getCurrentThreadAllocatedBytes();
    run(queue, request, MEASURED);
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertThat(source.lastReply()).isNotEmpty().doesNotStartWith("-").doesNotContain("\n-");
    assertThat(allocated).as("bytes for %d times %s", MEASURED, line).isLessThan(TOLERATED_BYTES);
  }

  @ParameterizedTest
  @ValueSource(strings = {"SET k {1000}", "GET k"})
  void burstsAllocateNothing(String line) {
    ArrayDeque<Turn.Source> queue = new ArrayDeque<>();
    run(queue, "SET k {1000}", 1);
    byte[] burst = request(line.concat((" | " + line).repeat(499)));
    runInPieces(queue, burst, 100);
    long before = threads.getCurrentThreadAllocatedBytes();
    runInPieces(queue, burst, 100);
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertThat(source.lastReply()).startsWith(line.startsWith("GET") ? "$1000\r\nx" : "+OK\r\n");
    assertThat(allocated).as("bytes for 100 bursts").isLessThan(TOLERATED_BYTES);
  }

  /** As a socket that has more to read than is read at a time. */
  private void runInPieces(ArrayDeque<Turn.Source> queue, byte[] burst, int times) {
    for (int i = 0; i < times; i++) {
      for (int from = 0; from < burst.length; from += PIECE) {
        source.receive(burst, from, Math.min(PIECE, burst.length - from));
        queue.add(source);
        turn.run(queue);
      }
    }
  }

  private void run(ArrayDeque<Turn.Source> queue, String line, int times) {
    run(queue, request(line), times);
  }

  private void run(ArrayDeque<Turn.Source> queue, byte[] request, int times) {
    for (int i = 0; i < times; i++) {
      source.receive(request, 0, request.length);
      queue.add(source);
      turn.run(queue);
    }
  }

  /** Commands between bars; a word in braces is a value of so many bytes. */
  private static byte[] request(String line) {
    StringBuilder resp = new StringBuilder();
    for (String command : line.split(" \\| ", -1)) {
      String[] words = command.split(" ", -1);
      resp.append('*').append(words.length).append("\r\n");
      for (String word : words) {
        boolean isSize = word.startsWith("{");
        String text = isSize ? "x".repeat(Integer.parseInt(word, 1, word.length() - 1, 10)) : word;
        resp.append('$').append(text.length()).append("\r\n").append(text).append("\r\n");
      }
    }
    return resp.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** A connection without a socket. */
  private final class Source implements Turn.Source, Outlet {
    private final RequestParser parser =
        new RequestParser(
            new RequestParser.Limits() {
              @Override
              public long maxBulkBytes() {
                return 1 << 20;
              }

              @Override
              public boolean mustAuthenticate() {
                return false;
              }
            });
    private final byte[] last = new byte[256];
    private int lastSize;
    private Client client;

    @SuppressWarnings("NullAway.Init") // connected under the lock, before anything else
    Source() {
      engine.hold(() -> client = engine.connect(this, reply));
    }

    void receive(byte[] request, int from, int length) {
      for (int at = from; at < from + length; ) {
        int room = parser.reserve(from + length - at);
        System.arraycopy(request, at, parser.array(), parser.position(), room);
        parser.received(room);
        parser.ready();
        at += room;
      }
    }

    String lastReply() {
      return new String(last, 0, lastSize, StandardCharsets.US_ASCII);
    }

    @Override
    public Client client() {
      return client;
    }

    @Override
    public boolean next(Args words) {
      if (!parser.ready()) {
        parser.trim();
        return false;
      }
      parser.take(words);
      return true;
    }

    @Override
    public void seal(long offset) {
      lastSize = Math.min(reply.size(), last.length);
      System.arraycopy(reply.array(), 0, last, 0, lastSize);
      reply.clear();
    }

    @Override
    public void flush() {}

    @Override
    public void resume() {}

    @Override
    public void close(boolean afterReplies) {}

    @Override
    public String peerAddress() {
      return "127.0.0.1:1";
    }

    @Override
    public String localAddress() {
      return "127.0.0.1:2";
    }

    @Override
    public long pendingBytes() {
      return 0;
    }
  }
}
