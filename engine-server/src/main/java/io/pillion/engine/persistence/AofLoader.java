package io.pillion.engine.persistence;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.RespReply;
import io.pillion.engine.world.Disk;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the files of an append-only log back into an engine: the base, then the increments. Only
 * the last file may end within a command, when {@code aof-load-truncated} says so; it is cut off
 * there. Everything else that is wrong is a {@link PersistenceException}.
 */
final class AofLoader {
  private static final Logger log = LoggerFactory.getLogger(AofLoader.class);
  private static final Set<String> RDB_SIGNATURES = Set.of("REDIS", "VALKE");

  private final Engine engine;
  private final Disk disk;
  private final AofFolder folder;
  private final Bases bases;
  private final LoadProgress progress;
  private final boolean mayTruncate;

  AofLoader(
      Engine engine, AofFolder folder, Parameters parameters, Bases bases, LoadProgress progress) {
    this.engine = engine;
    disk = engine.world().disk();
    this.folder = folder;
    this.bases = bases;
    this.progress = progress;
    mayTruncate = parameters.isOn("aof-load-truncated");
  }

  /** Reads all files. Under the engine lock or not: it takes the lock for a while at a time. */
  void load(AofManifest manifest) {
    List<AofManifest.Entry> files = manifest.files();
    long total = 0;
    for (AofManifest.Entry file : files) {
      total += size(file.name());
    }
    if (total == 0) {
      return;
    }
    progress.begin(engine.world(), total);
    try {
      for (int i = 0; i < files.size(); i++) {
        AofManifest.Entry file = files.get(i);
        long start = engine.world().nanos();
        progress.file(file.name());
        load(file.name(), /* last= */ i == files.size() - 1);
        log.info(
            "DB loaded from {} file {}: {} seconds",
            file.kind() == AofManifest.Kind.BASE ? "base" : "incr",
            file.name(),
            seconds(engine.world().nanos() - start));
      }
    } finally {
      progress.end();
    }
  }

  static String seconds(long nanos) {
    return String.format(Locale.ROOT, "%.3f", nanos / 1e9);
  }

  /** How many bytes all files have. */
  long size(AofManifest manifest) {
    return manifest.files().stream().mapToLong(file -> size(file.name())).sum();
  }

  private long size(String name) {
    try {
      return disk.size(folder.file(name));
    } catch (IOException e) {
      throw new PersistenceException(
          "Unable to obtain the AOF file " + name + " length. stat: " + e.getMessage(), e);
    }
  }

  private void load(String name, boolean last) {
    long size = size(name);
    if (size == 0) {
      return;
    }
    try {
      long from = 0;
      if (isRdb(name)) {
        boolean oldStyle = name.equals(folder.logName());
        log.info(
            oldStyle
                ? "Reading RDB preamble from AOF file..."
                : "Reading RDB base file on AOF loading...");
        from = loadRdb(name, size, oldStyle);
        progress.reach(from);
      }
      try (InputStream in = disk.open(folder.file(name))) {
        in.skipNBytes(from);
        loadCommands(name, new AofReader(in, from, size), last);
      }
    } catch (IOException e) {
      throw new PersistenceException(
          "Unrecoverable error reading the append only file " + name + ": " + e.getMessage(), e);
    }
  }

  private boolean isRdb(String name) throws IOException {
    try (InputStream in = disk.open(folder.file(name))) {
      return RDB_SIGNATURES.contains(new String(in.readNBytes(5), StandardCharsets.ISO_8859_1));
    }
  }

  private long loadRdb(String name, long size, boolean oldStyle) throws IOException {
    try (InputStream in = new BlockReader(disk.open(folder.file(name)), size, engine.world())) {
      return bases.load(in, size, progress);
    } catch (RdbException e) {
      throw new PersistenceException(
          (oldStyle
                  ? "Error reading the RDB preamble of the AOF file "
                  : "Error reading the RDB base file ")
              + name
              + ", AOF loading aborted: "
              + e.getMessage(),
          e);
    }
  }

  // --- commands

  private void loadCommands(String name, AofReader reader, boolean last) throws IOException {
    Client client = engine.replay().client(Outlet.nowhere("file:0"), new RespReply());
    LoadPace pace = new LoadPace(engine);
    Commands commands = new Commands(name, reader, client, pace);
    while (commands.result == AofReader.Result.COMMAND) {
      if (engine.scriptHost().isStopping()) {
        throw new PersistenceException("Loading is given up: the engine ends");
      }
      pace.hold(commands);
      if (commands.failure != null) {
        throw commands.failure;
      }
      progress.reach(reader.offset());
    }
    switch (commands.result) {
      case END -> {
        if (client.transaction() != null) {
          log.warn("Revert incomplete MULTI/EXEC transaction in AOF file {}", name);
          cutOff(name, commands.validUpTo(), last);
        }
      }
      case TRUNCATED -> cutOff(name, commands.validUpTo(), last);
      default ->
          throw new PersistenceException(
              "Bad file format reading the append only file "
                  + name
                  + " at offset "
                  + reader.offset()
                  + ": make a backup of your AOF file, then use redis-check-aof --fix"
                  + " <filename.manifest>");
    }
  }

  /** Carries out some commands in one hold of the lock. */
  private final class Commands implements Runnable {
    private final String name;
    private final AofReader reader;
    private final Client client;
    private final LoadPace pace;
    private final Args words = new Args();
    private AofReader.Result result = AofReader.Result.COMMAND;
    private long beforeMulti;
    private @Nullable IOException failure;

    Commands(String name, AofReader reader, Client client, LoadPace pace) {
      this.name = name;
      this.reader = reader;
      this.client = client;
      this.pace = pace;
    }

    /** Behind the last command, or transaction, that was carried out whole. */
    long validUpTo() {
      return client.transaction() != null ? beforeMulti : reader.offset();
    }

    @Override
    public void run() {
      try {
        long end = reader.offset() + pace.bytes();
        while (reader.offset() < end && result == AofReader.Result.COMMAND) {
          long before = reader.offset();
          result = reader.next(words);
          if (result == AofReader.Result.COMMAND) {
            if (client.transaction() == null) {
              beforeMulti = before;
            }
            if (!engine.replay().execute(client, words)) {
              throw new PersistenceException(
                  "Unknown command '"
                      + words.get(0)
                      + "' reading the append only file "
                      + name
                      + " at offset "
                      + before
                      + " (it has "
                      + words.count()
                      + " words)");
            }
            if (Errors.outOfMemory().text().equals(engine.replay().error())) {
              // Going on without it would end in a rewrite that has lost it.
              throw new PersistenceException(
                  "Cannot load the append only file "
                      + name
                      + " at offset "
                      + before
                      + ": the data do not fit into memory: raise maxmemory");
            }
          }
        }
      } catch (IOException e) {
        failure = e;
      }
    }
  }

  private void cutOff(String name, long validUpTo, boolean last) throws IOException {
    if (!mayTruncate) {
      throw new PersistenceException(
          "Unexpected end of file reading the append only file "
              + name
              + " at offset "
              + validUpTo
              + ". You can: 1) Make a backup of your AOF file, then use redis-check-aof --fix"
              + " <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated'"
              + " configuration option to yes and restart the server.");
    }
    log.warn("!!! Warning: short read while loading the AOF file {}!!!", name);
    if (!last) {
      throw new PersistenceException("Fatal error: the truncated file is not the last file");
    }
    log.warn("!!! Truncating the AOF {} at offset {} !!!", name, validUpTo);
    disk.truncate(folder.file(name), validUpTo);
    log.warn("AOF {} loaded anyway because aof-load-truncated is enabled", name);
  }
}
