package io.pillion.engine.server;

import io.pillion.engine.config.CommandLine;
import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.ConfigFile;
import io.pillion.engine.config.FatalConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.net.Endpoint;
import io.pillion.engine.net.ListenException;
import io.pillion.engine.persistence.PersistenceException;
import io.pillion.engine.world.Disk;
import io.pillion.engine.world.RealWorld;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The server as a process of its own: {@code pillion-server [redis.conf] [--directive value]}. */
public final class Main {
  private static final String HELP =
      """
      Usage: pillion-server [/path/to/redis.conf] [-] [--directive value ...]
             pillion-server -v or --version
             pillion-server -h or --help

      The directives are those of redis.conf. A dash reads more of them from standard input.

      Examples:
             pillion-server                          (the defaults: 127.0.0.1, port 6379)
             pillion-server /etc/pillion/redis.conf
             pillion-server --port 7777 --maxmemory 512mb --maxmemory-policy allkeys-lru
             pillion-server --port 0 --unixsocket /run/pillion/pillion.sock
             echo 'maxmemory 128mb' | pillion-server -
      """;

  private final RealWorld world = RealWorld.get();
  private final Disk disk = world.disk();

  /** What serves clients; null as long as nobody is served. Guarded by this. */
  private @Nullable PillionEngine serving;

  private Main() {}

  /** Runs the server until it is told to stop. */
  public static void main(String[] args) {
    List<String> words = List.of(args);
    if (words.contains("--help") || words.contains("-h")) {
      System.out.print(HELP);
      return;
    }
    if (words.contains("--version") || words.contains("-v")) {
      System.out.println(
          "Pillion server v="
              + version()
              + " redis="
              + FatalConfigException.REDIS_VERSION
              + " malloc=arena bits=64");
      return;
    }
    keepFlightRecorderAsleep();
    new Main().run(args);
  }

  /**
   * Netty has events of its buffers for the JDK's flight recorder. With the first of them the whole
   * recorder would be set up while the first client waits: most of the time to its answer.
   */
  private static void keepFlightRecorderAsleep() {
    String property = "io.netty.jfr.enabled";
    if (System.getProperty(property) == null) {
      System.setProperty(property, "false");
    }
  }

  private void run(String... args) {
    Parameters parameters;
    try {
      parameters = load(CommandLine.parse(args));
    } catch (FatalConfigException e) {
      System.err.println(e.text());
      System.exit(1);
      return;
    }
    if (parameters.isOn("daemonize")) {
      System.err.println(
          "A JVM cannot daemonize: remove 'daemonize yes' and let a supervisor (systemd, a"
              + " container, '&') keep the server in the background.");
      System.exit(1);
    }
    try {
      ServerLog.start(parameters.text("logfile"), parameters.text("loglevel"));
    } catch (IOException e) {
      System.err.println(
          "Can't open the log file " + parameters.text("logfile") + ": " + e.getMessage());
      System.exit(1);
    }
    parameters.onChange(() -> ServerLog.level(parameters.text("loglevel")), "loglevel");
    serve(parameters, LoggerFactory.getLogger(Main.class));
  }

  private void serve(Parameters parameters, Logger log) {
    log.info(
        "Pillion {} (Redis {} protocol) is starting, standalone mode, port={}, PID: {}",
        version(),
        FatalConfigException.REDIS_VERSION,
        parameters.text("port"),
        ProcessHandle.current().pid());
    if (parameters.configFile() == null) {
      log.info("No config file specified, using the default config.");
    }
    List<Endpoint> endpoints = new ArrayList<>(Endpoint.Tcp.of(parameters));
    String socket = parameters.text("unixsocket");
    if (!socket.isEmpty()) {
      endpoints.add(new Endpoint.Unix(socket, parameters.integer("unixsocketperm")));
    }
    if (endpoints.isEmpty()) {
      log.error("Configured to not listen anywhere, exiting: set port, tls-port or unixsocket.");
      System.exit(1);
    }
    EngineBuilder builder =
        new EngineBuilder()
            .parameters(parameters)
            .memoryBytes(0)
            .warm()
            .beforeLoading(() -> log.info("Server initialized"))
            .beforeServing(engine -> nowServes(engine, log))
            .onShutdown(() -> System.exit(0));
    endpoints.forEach(builder::listen);
    world.onSignal("INT", () -> signalled("SIGINT", log));
    world.onSignal("TERM", () -> signalled("SIGTERM", log));
    world.onExit(() -> stop(log));
    try {
      builder.start();
    } catch (PersistenceException e) {
      String.valueOf(e.getMessage()).lines().forEach(log::error);
      System.exit(1);
      return;
    } catch (ListenException e) {
      log.error(e.getMessage());
      System.exit(1);
      return;
    } catch (ConfigException e) {
      log.error(e.reason());
      System.exit(1);
      return;
    } catch (OutOfArenaException e) {
      log.error(
          "There is too little memory outside the Java heap to begin with: raise"
              + " -XX:MaxDirectMemorySize (bin/pillion-server does that by itself).");
      System.exit(1);
      return;
    } catch (RuntimeException | Error e) {
      // Other threads run already: without this the process would stay, and serve nobody.
      log.error("The server cannot start", e);
      System.exit(1);
      return;
    }
    if (parameters.number("port") != 0) {
      log.info("Ready to accept connections tcp");
    }
    if (parameters.number("tls-port") != 0) {
      log.info("Ready to accept connections tls");
    }
    if (!socket.isEmpty()) {
      log.info("Ready to accept connections unix");
    }
  }

  /** All data are loaded, and nobody's command was carried out yet. Under the engine lock. */
  private synchronized void nowServes(PillionEngine engine, Logger log) {
    writePidFile(engine.parameters(), log);
    serving = engine;
  }

  private void signalled(String signal, Logger log) {
    PillionEngine engine;
    synchronized (this) {
      engine = serving;
      if (engine == null) {
        // The files hold everything, and more than has been loaded. Nobody can begin to be served
        // before the process has ended.
        log.warn("Received shutdown signal during loading, exiting now.");
        Runtime.getRuntime().halt(0);
        return;
      }
    }
    if (!engine.shutdown().signalled(signal)) {
      Runtime.getRuntime().halt(1);
    }
  }

  private Parameters load(CommandLine line) {
    Parameters parameters = new Parameters();
    StringBuilder text = new StringBuilder();
    String file = line.configFile();
    if (file != null) {
      String absolute = disk.absolute(file);
      text.append(read(absolute)).append('\n');
      parameters.configFile(absolute);
    }
    ConfigFile reader = new ConfigFile(parameters, this::readMatching);
    if (line.standardInput()) {
      text.append(readStandardInput()).append('\n');
    }
    reader.load(text + line.directives());
    return parameters;
  }

  private List<String> readMatching(String pattern) {
    if (pattern.indexOf('*') < 0 && pattern.indexOf('?') < 0 && pattern.indexOf('[') < 0) {
      return List.of(read(pattern));
    }
    try {
      return disk.matching(pattern).stream().map(this::read).toList();
    } catch (IOException e) {
      throw FatalConfigException.cannotOpen(pattern, String.valueOf(e.getMessage()));
    }
  }

  private String read(String path) {
    try {
      return disk.read(path);
    } catch (IOException e) {
      throw FatalConfigException.cannotOpen(path, String.valueOf(e.getMessage()));
    }
  }

  private static String readStandardInput() {
    try {
      return new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void writePidFile(Parameters parameters, Logger log) {
    String file = parameters.text("pidfile");
    if (file.isEmpty()) {
      return;
    }
    try {
      disk.replace(file, ProcessHandle.current().pid() + "\n");
    } catch (IOException e) {
      log.warn("Failed to write PID file: {}", e.getMessage());
    }
  }

  private void stop(Logger log) {
    PillionEngine engine;
    synchronized (this) {
      engine = serving;
    }
    if (engine == null) {
      return;
    }
    boolean kept = false;
    try {
      boolean saved = engine.saveAtEnd();
      kept = engine.end();
      if (!saved) {
        Runtime.getRuntime().halt(1);
      }
      String pidFile = engine.parameters().text("pidfile");
      if (!pidFile.isEmpty()) {
        log.info("Removing the pid file.");
        disk.delete(pidFile);
      }
    } catch (IOException | RuntimeException e) {
      log.error("Shutting down failed", e);
      Runtime.getRuntime().halt(1);
    }
    if (!kept) {
      log.error("Exiting with an error: what was changed last is in no file, see above.");
    }
    log.warn("Pillion is now ready to exit, bye bye...");
    // A signal would make the exit code 128 + its number, also of a clean shutdown.
    Runtime.getRuntime().halt(kept ? 0 : 1);
  }

  private static String version() {
    String version = Main.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }
}
