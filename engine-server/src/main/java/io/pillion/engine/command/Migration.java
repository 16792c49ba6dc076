package io.pillion.engine.command;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.persistence.DumpPayload;
import io.pillion.engine.persistence.FieldTtls;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import io.pillion.engine.world.Link;
import io.pillion.engine.world.World;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** One MIGRATE: what is sent to the other server, and what that has answered. */
final class Migration {
  private static final int DEFAULT_TIMEOUT_MILLIS = 1000;
  private static final int MAX_LINE_BYTES = 1024;

  private final String host;
  private final int port;
  private final long database;
  private final int timeoutMillis;
  private final long now;
  private final FieldTtls fieldTtls;
  private boolean copy;
  private boolean replace;
  private List<Bytes> login = List.of();
  private final Map<Bytes, Value> values = new LinkedHashMap<>();
  private final List<Bytes> acknowledged = new ArrayList<>();
  private @Nullable String error;
  private boolean answered;
  private boolean broken;

  /** What a key held when it was sent. */
  private record Value(Bytes payload, long deadline) {}

  private Migration(Call call, FieldTtls fieldTtls) {
    this.fieldTtls = fieldTtls;
    host = call.arg(1).toUtf8();
    port = (int) Math.min(Math.max(call.args().integer(2), 0), 65_535);
    database = Numbers.parseLong(call.arg(4), Errors.notAnInteger());
    long millis = Numbers.parseLong(call.arg(5), Errors.notAnInteger());
    timeoutMillis =
        millis <= 0 ? DEFAULT_TIMEOUT_MILLIS : (int) Math.min(millis, Integer.MAX_VALUE);
    now = call.now();
  }

  /** Tells where the keys are, as {@link #parse} takes them, whatever else is wrong. */
  static void forEachKey(Args words, IntConsumer key) {
    if (words.count() <= 3) {
      return;
    }
    for (int i = 6; words.get(3).isEmpty() && i < words.count(); i++) {
      if (words.is(i, "AUTH")) {
        i++;
      } else if (words.is(i, "AUTH2")) {
        i += 2;
      } else if (words.is(i, "KEYS")) {
        for (i++; i < words.count(); i++) {
          key.accept(i);
        }
        return;
      }
    }
    key.accept(3);
  }

  /** Takes down what the keys hold; under the engine lock. */
  static Migration parse(Call call, FieldTtls fieldTtls) {
    List<Bytes> keys = new ArrayList<>();
    keys.add(call.arg(3));
    boolean copy = false;
    boolean replace = false;
    List<Bytes> login = List.of();
    for (int i = 6; i < call.count(); i++) {
      int more = call.count() - i - 1;
      if (call.args().is(i, "COPY")) {
        copy = true;
      } else if (call.args().is(i, "REPLACE")) {
        replace = true;
      } else if (call.args().is(i, "AUTH") && more >= 1) {
        login = List.of(Bytes.of("AUTH"), call.arg(i + 1).copy());
        call.args().redact(i + 1);
        i++;
      } else if (call.args().is(i, "AUTH2") && more >= 2) {
        login = List.of(Bytes.of("AUTH"), call.arg(i + 1).copy(), call.arg(i + 2).copy());
        call.args().redact(i + 1);
        call.args().redact(i + 2);
        i += 2;
      } else if (call.args().is(i, "KEYS")) {
        if (!call.arg(3).isEmpty()) {
          throw Errors.err(
              "When using MIGRATE KEYS option, the key argument must be set to the empty string");
        }
        keys.clear();
        for (i++; i < call.count(); i++) {
          keys.add(call.arg(i));
        }
      } else {
        throw Errors.syntax();
      }
    }
    Migration migration = new Migration(call, fieldTtls);
    migration.copy = copy;
    migration.replace = replace;
    migration.login = login;
    for (Bytes key : keys) {
      Value value = migration.valueOf(call, key);
      if (value != null) {
        migration.values.put(key.copy(), value);
      }
    }
    return migration;
  }

  private @Nullable Value valueOf(Call call, Bytes key) {
    Database source = call.database();
    long record = source.peek(key);
    return record == 0
        ? null
        : new Value(
            DumpPayload.write(
                source, record, call.arena(), call.keyspace().settings().types, fieldTtls),
            source.deadline(record));
  }

  /** Whether none of the keys is there. */
  boolean isEmpty() {
    return values.isEmpty();
  }

  /** The keys that the other server has, and that are to leave here. */
  List<Bytes> acknowledged() {
    return copy ? List.of() : acknowledged;
  }

  /** Whether a key still holds what was sent. */
  boolean isAsSent(Call call, Bytes key) {
    Value value = valueOf(call, key);
    return value != null && value.equals(values.get(key));
  }

  /** What went wrong, or null. */
  @Nullable String error() {
    return error;
  }

  // --- without the lock

  /** Sends everything and reads the answers, on a connection that was kept if there is one. */
  void send(World world, MigrationLinks links) {
    MigrationLinks.Target target =
        new MigrationLinks.Target(host, port, timeoutMillis, List.copyOf(login));
    Link kept = links.take(target);
    if (kept != null && !exchange(kept, /* last= */ false)) {
      // The other had closed it meanwhile.
      MigrationLinks.close(kept);
      kept = null;
    }
    Link link = kept;
    if (link == null) {
      try {
        link = world.connect(host, port, timeoutMillis);
      } catch (IOException | IllegalArgumentException e) {
        error = "IOERR error or timeout connecting to the client";
        return;
      }
      exchange(link, /* last= */ true);
    }
    if (broken) {
      MigrationLinks.close(link);
    } else {
      links.keep(world, target, link);
    }
  }

  /**
   * Sends and reads.
   *
   * @param last whether there is no other connection to try
   * @return false when the connection was of no use, and nothing has been answered
   */
  private boolean exchange(Link link, boolean last) {
    answered = false;
    String doing = "writing";
    try {
      link.output().write(requests());
      doing = "reading";
      readAnswers(new BufferedInputStream(link.input()));
      return true;
    } catch (IOException e) {
      if (!last && !answered && !(e instanceof InterruptedIOException)) {
        return false;
      }
      broken = true;
      error = "IOERR error or timeout " + doing + " to target instance";
      return true;
    }
  }

  private byte[] requests() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (!login.isEmpty()) {
      put(out, login);
    }
    put(out, List.of(Bytes.of("SELECT"), Bytes.of(database)));
    values.forEach(
        (key, value) -> {
          long ttl = value.deadline == Database.NEVER ? 0 : Math.max(1, value.deadline - now);
          List<Bytes> words =
              new ArrayList<>(List.of(Bytes.of("RESTORE"), key, Bytes.of(ttl), value.payload));
          if (replace) {
            words.add(Bytes.of("REPLACE"));
          }
          put(out, words);
        });
    return out.toByteArray();
  }

  private static void put(ByteArrayOutputStream out, List<Bytes> words) {
    putLine(out, "*" + words.size());
    for (Bytes word : words) {
      putLine(out, "$" + word.length());
      out.write(word.array(), word.offset(), word.length());
      putLine(out, "");
    }
  }

  private static void putLine(ByteArrayOutputStream out, String line) {
    out.writeBytes((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
  }

  private void readAnswers(InputStream in) throws IOException {
    boolean loggedIn = login.isEmpty() || isFine(readLine(in));
    boolean selected = isFine(readLine(in));
    for (Bytes key : values.keySet()) {
      if (isFine(readLine(in)) && loggedIn && selected) {
        acknowledged.add(key);
      }
    }
  }

  private boolean isFine(String line) {
    if (line.startsWith("+")) {
      return true;
    }
    if (error == null) {
      error = "ERR Target instance replied with error: " + line.substring(1);
    }
    return false;
  }

  private String readLine(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0 || line.length() > MAX_LINE_BYTES) {
        throw new IOException("no answer");
      }
      line.append((char) b);
      answered = true;
    }
    if (line.isEmpty()) {
      throw new IOException("no answer");
    }
    return line.toString().stripTrailing();
  }
}
