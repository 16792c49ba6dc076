package io.pillion.client;

import static java.util.stream.Collectors.joining;

import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.ConfigFile;
import io.pillion.engine.config.FatalConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.net.Endpoint;
import io.pillion.engine.net.ListenException;
import io.pillion.engine.persistence.PersistenceException;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.PillionEngine;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine of one name in this JVM: started by the first command, shared by all clients of that
 * name, stopped when the last of them closes.
 *
 * <p>Where its memory is full, it makes room among the keys that would expire anyway (cached
 * values, sessions), those unused for the longest time first, and keeps the others.
 */
final class EmbeddedEngine {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedEngine.class);
  private static final Map<String, EmbeddedEngine> BY_NAME = new HashMap<>();
  private static final String LOOPBACK = "127.0.0.1";
  private static final int SOCKET_MODE = 0600;
  private static final int HIGHEST_PORT = 65_535;
  private static final Pattern HOST_AND_PORT = Pattern.compile("(?:\\[?(.+?)]?:)?(\\d{1,5})");

  private final PillionUrl url;
  private final EngineBuilder builder;
  private @Nullable PillionEngine running;

  /** Guarded by {@link #BY_NAME}. */
  private int users;

  private EmbeddedEngine(PillionUrl url) {
    this.url = url;
    this.builder = builder(url);
  }

  /**
   * The engine of the URL's name; {@link #release} it.
   *
   * @throws PillionUrlException when the URL's settings cannot be used, or the engine is there
   *     already with other ones
   */
  static EmbeddedEngine of(PillionUrl url) {
    synchronized (BY_NAME) {
      EmbeddedEngine engine = BY_NAME.get(url.embeddedName());
      if (engine == null) {
        engine = new EmbeddedEngine(url);
        BY_NAME.put(url.embeddedName(), engine);
      } else {
        engine.mustSuit(url);
      }
      engine.users++;
      return engine;
    }
  }

  private void mustSuit(PillionUrl wanted) {
    boolean suits =
        (wanted.listen().isEmpty() || wanted.listen().equals(url.listen()))
            && (wanted.maxMemory().isEmpty() || wanted.maxMemory().equals(url.maxMemory()))
            && (wanted.config().isEmpty() || wanted.config().equals(url.config()));
    if (!suits) {
      throw new PillionUrlException(
          String.format(
              "The engine \"%s\" is open in this JVM with another listen, maxmemory or config than"
                  + " this URL wants; use the same settings or another name (embedded:name).",
              wanted.embeddedName()));
    }
  }

  private static EngineBuilder builder(PillionUrl url) {
    Parameters parameters = parameters(url);
    EngineBuilder builder = new EngineBuilder().parameters(parameters);
    if (isKept(parameters)) {
      builder.warm();
    }
    if (!url.maxMemory().isEmpty()) {
      builder.memoryBytes(bytes(url.maxMemory()));
    }
    String password = url.password();
    if (password != null) {
      builder.set("requirepass", password);
    }
    if (!url.listen().isEmpty()) {
      builder.listen(endpoint(url.listen()));
    }
    return builder;
  }

  private static Parameters parameters(PillionUrl url) {
    Parameters parameters =
        new Parameters().set("save", "").set("maxmemory-policy", "volatile-lru");
    try {
      new ConfigFile(
              parameters,
              path -> {
                throw new PillionUrlException(
                    "The config of an embedded engine includes no files: " + path);
              })
          .load(url.config());
    } catch (FatalConfigException e) {
      throw new PillionUrlException(
          "The embedded engine does not take this config. "
              + e.text()
                  .lines()
                  .filter(line -> !line.startsWith("***"))
                  .collect(joining(" "))
                  .strip(),
          e);
    }
    return parameters;
  }

  /** Whether the data outlive the process: else files that happen to be there are not ours. */
  private static boolean isKept(Parameters parameters) {
    return parameters.isOn("appendonly") || !parameters.words("save").isEmpty();
  }

  private static long bytes(String text) {
    try {
      Parameters parameters = new Parameters();
      parameters.set("maxmemory", text);
      return parameters.number("maxmemory");
    } catch (ConfigException e) {
      throw new PillionUrlException(
          "The Pillion URL's option maxmemory is a number of bytes, such as 64mb or 1gb.");
    }
  }

  private static Endpoint endpoint(String text) {
    if (text.startsWith("/")) {
      return new Endpoint.Unix(text, SOCKET_MODE);
    }
    Matcher parts = HOST_AND_PORT.matcher(text);
    if (!parts.matches() || Integer.parseInt(parts.group(2)) > HIGHEST_PORT) {
      throw new PillionUrlException(
          "The Pillion URL's option listen is a port, an address and a port such as 127.0.0.1:6399,"
              + " or the absolute path of a Unix domain socket.");
    }
    String host = parts.group(1) == null ? LOOPBACK : parts.group(1);
    return new Endpoint.Tcp(host, Integer.parseInt(parts.group(2)), /* optional= */ false);
  }

  /**
   * The engine, started if it was not.
   *
   * @throws ConnectionException when it cannot be started
   */
  synchronized PillionEngine engine() {
    PillionEngine started = running;
    if (started == null) {
      try {
        started = builder.start();
      } catch (ListenException | PersistenceException | ConfigException e) {
        throw new ConnectionException(
            "The embedded engine cannot be started: " + e.getMessage(), e);
      }
      running = started;
      LOG.info(
          "Pillion runs {} inside this process, which {}; its data is this process' own and {}",
          url.embeddedName().isEmpty() ? "an engine" : "the engine " + url.embeddedName(),
          url.listen().isEmpty() ? "opens no port" : "listens on " + where(started),
          isKept(started.parameters())
              ? "kept in " + started.parameters().text("dir")
              : "ends with it");
    }
    return started;
  }

  private String where(PillionEngine started) {
    return started.ports().isEmpty() ? url.listen() : "port " + started.port();
  }

  /** One user less; the last one stops it. */
  void release() {
    synchronized (BY_NAME) {
      users--;
      if (users > 0) {
        return;
      }
      BY_NAME.remove(url.embeddedName());
    }
    synchronized (this) {
      if (running != null) {
        if (!running.saveAtEnd()) {
          LOG.error("The data of the embedded engine could not be saved and are lost");
        }
        running.close();
        running = null;
      }
    }
  }
}
