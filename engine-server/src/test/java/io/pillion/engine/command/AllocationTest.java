package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.dispatch.Turn;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.KeyspaceSettings;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.SlabPool;
import io.pillion.engine.observe.Monitors;
import io.pillion.engine.observe.Observation;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.persistence.Functions;
import io.pillion.engine.persistence.LoadProgress;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.persistence.backup.Backups;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.RequestParser;
import io.pillion.engine.protocol.RespReply;
import io.pillion.engine.pubsub.PubSub;
import io.pillion.engine.replication.Replication;
import io.pillion.engine.scripting.FunctionLibraries;
import io.pillion.engine.scripting.Scripts;
import io.pillion.engine.tracking.Tracking;
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

  /** What the measuring itself, and the compiler's threads, may add: nothing per command. */
  private static final long TOLERATED_BYTES = 4 * MEASURED / 10;

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final RespReply reply = new RespReply();
  private Engine engine;
  private Turn turn;
  private Source source;

  @BeforeEach
  void start() {
    Keyspace keyspace =
        new Keyspace(
            RealWorld.get(), new Arena(SlabPool.shared(), 16 << 20), new KeyspaceSettings(), 1);
    Parameters parameters = new Parameters();
    Observation observation = new Observation(RealWorld.get(), parameters);
    RdbStore rdb = new RdbStore(parameters, Functions.NONE);
    AppendOnly appendOnly = new AppendOnly(parameters, new LoadProgress());
    Replication replication = new Replication(parameters, Functions.NONE);
    engine =
        new Engine(
            RealWorld.get(),
            keyspace,
            AllCommands.table(
                parameters,
                new Services(
                    observation,
                    new PubSub(),
                    new Tracking(RealWorld.get(), parameters),
                    new Monitors(RealWorld.get()),
                    rdb,
                    new Scripts(RealWorld.get(), parameters),
                    new FunctionLibraries(
                        RealWorld.get(), new Scripts(RealWorld.get(), parameters)),
                    appendOnly,
                    replication,
                    new Backups(parameters, rdb, appendOnly),
                    new Shutdown(parameters, rdb, appendOnly, replication, null))));
    engine.addObserver(observation);
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
        "SADD members member:77"
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
    }
    run(queue, line, WARM_UP);
    byte[] request = request(line);
    long before = threads.getCurrentThreadAllocatedBytes();
    run(queue, request, MEASURED);
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertThat(source.lastReply).doesNotStartWith("-");
    assertThat(allocated).as("bytes for %d times %s", MEASURED, line).isLessThan(TOLERATED_BYTES);
  }

  private void run(ArrayDeque<Turn.Source> queue, String line, int times) {
    run(queue, request(line), times);
    source.lastReply = new String(source.last, 0, source.lastSize, StandardCharsets.US_ASCII);
  }

  private void run(ArrayDeque<Turn.Source> queue, byte[] request, int times) {
    for (int i = 0; i < times; i++) {
      source.receive(request);
      queue.add(source);
      turn.run(queue);
    }
  }

  private static byte[] request(String line) {
    StringBuilder resp = new StringBuilder();
    String[] words = line.split(" ", -1);
    resp.append('*').append(words.length).append("\r\n");
    for (String word : words) {
      resp.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
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
    private String lastReply = "";
    private Client client;

    @SuppressWarnings("NullAway.Init") // connected under the lock, before anything else
    Source() {
      engine.hold(() -> client = engine.connect(this, reply));
    }

    void receive(byte[] request) {
      int room = parser.reserve(request.length);
      System.arraycopy(request, 0, parser.array(), parser.position(), room);
      parser.received(room);
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
      lastSize = reply.size();
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
