package io.pillion.engine.server;

import io.pillion.engine.command.Shutdown;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.net.Endpoint;
import io.pillion.engine.net.NetServer;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.persistence.backup.Backups;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A running engine. Clients come over the network, where it listens, and from within this process.
 */
public final class PillionEngine implements AutoCloseable {
  private final Engine engine;
  private final Parameters parameters;
  private final Shutdown shutdown;
  private final @Nullable NetServer network;
  private final AppendOnly appendOnly;
  private final Backups backups;

  PillionEngine(
      Engine engine,
      Parameters parameters,
      Shutdown shutdown,
      AppendOnly appendOnly,
      Backups backups,
      @Nullable NetServer network) {
    this.engine = engine;
    this.parameters = parameters;
    this.shutdown = shutdown;
    this.network = network;
    this.appendOnly = appendOnly;
    this.backups = backups;
  }

  /** A new client within this process, which speaks RESP3. */
  public LocalClient connect() {
    return connect(/* protocolVersion= */ 3);
  }

  /** A new client within this process. */
  public LocalClient connect(int protocolVersion) {
    return new LocalClient(engine, protocolVersion);
  }

  /** The TCP ports that are open, each once; none when the engine does not listen. */
  public List<Integer> ports() {
    return network == null ? List.of() : network.ports();
  }

  /**
   * The first TCP port that is open.
   *
   * @throws IllegalStateException when none is
   */
  public int port() {
    if (ports().isEmpty()) {
      throw new IllegalStateException("this engine listens on no TCP port");
    }
    return ports().get(0);
  }

  /** The settings; change them with CONFIG SET. */
  public Parameters parameters() {
    return parameters;
  }

  /** What carries out commands. */
  public Engine engine() {
    return engine;
  }

  /**
   * Saves the data as {@code save} asks for, unless SHUTDOWN or a signal has decided about that
   * already; from then on nothing is carried out.
   *
   * @return false when the data could not be saved
   */
  public boolean saveAtEnd() {
    boolean[] saved = new boolean[1];
    engine.hold(() -> saved[0] = shutdown.endAtOnce());
    return saved[0];
  }

  /** How it ends when a client or a signal says so. */
  Shutdown shutdown() {
    return shutdown;
  }

  void relisten() {
    if (network != null) {
      network.relisten(Endpoint.Tcp.of(parameters));
    }
  }

  /**
   * Stops listening, carries out nothing more, brings what was changed to disk, if {@code
   * appendonly} is on, sends the answers that waited for that, closes all clients and gives the
   * memory back.
   */
  @Override
  public void close() {
    boolean unused = end();
  }

  /** As {@link #close}; false when not everything that was changed could be brought to disk. */
  boolean end() {
    if (network != null) {
      network.stopListening();
    }
    engine.comeToRest();
    backups.close();
    boolean kept = appendOnly.close();
    if (network != null) {
      network.awaitSent();
      network.close();
    }
    engine.close();
    return kept;
  }
}
