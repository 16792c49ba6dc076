package io.pillion.engine.replication;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.ProtocolException;
import io.pillion.engine.protocol.RequestParser;
import io.pillion.engine.world.Line;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One connection to the primary over which commands are forwarded: it says who it is, as the link
 * of replication does, asks whether frames are taken, then hands on what comes. Under the engine
 * lock, except where it says otherwise.
 */
final class ForwardLink implements Line.Listener, RequestParser.Limits {
  private static final int MAX_LINE_BYTES = 4 << 10;

  /** What one answer may take: as much as any reply. */
  private static final long MAX_ANSWER_BYTES = Runtime.getRuntime().maxMemory() / 4;

  private final Forwarding forwarding;
  private final Engine engine;
  private final Parameters parameters;
  private final RequestParser parser = new RequestParser(this);
  private final Args words = new Args();
  private final StringBuilder text = new StringBuilder();
  private @Nullable Line line;
  private boolean authenticating;
  private boolean begun;
  private boolean reads = true;
  private long lastHeardNanos;

  ForwardLink(Forwarding forwarding, Engine engine, Parameters parameters) {
    this.forwarding = forwarding;
    this.engine = engine;
    this.parameters = parameters;
    lastHeardNanos = engine.world().nanos();
  }

  @Override
  public long maxBulkBytes() {
    return MAX_ANSWER_BYTES;
  }

  @Override
  public boolean mustAuthenticate() {
    return false;
  }

  /** Connects. */
  void dial(Line.Target target) {
    Line dialled = engine.world().dial(target, this);
    // What is on its way is counted, and limited, by who sends it.
    dialled.mayPileUp();
    line = dialled;
  }

  void send(byte[] bytes) {
    Line current = line;
    if (current != null) {
      current.send(bytes);
    }
  }

  void send(String... command) {
    send(Handshake.words(command).getBytes(StandardCharsets.UTF_8));
  }

  /** Whether answers are taken. */
  void reading(boolean yes) {
    Line current = line;
    if (current != null && yes != reads) {
      reads = yes;
      current.reading(yes);
    }
  }

  void close() {
    Line current = line;
    if (current != null) {
      current.close();
    }
  }

  /** A second has passed. */
  void timePasses(long timeoutMillis) {
    long silence = engine.world().nanos() - lastHeardNanos;
    if (reads && silence / 1_000_000 > timeoutMillis) {
      fail("the primary does not answer", /* refused= */ false);
    } else if (begun) {
      send("FORWARD", "PING");
    }
  }

  private void fail(String why, boolean refused) {
    forwarding.lost(this, why, refused);
  }

  private void heard() {
    lastHeardNanos = engine.world().nanos();
  }

  // --- on the line's thread, without the lock

  @Override
  public void connected() {
    engine.hold(
        () -> {
          if (forwarding.isCurrent(this)) {
            heard();
            introduce();
          }
        });
  }

  @Override
  public void received(byte[] bytes, int length) {
    engine.hold(
        () -> {
          if (forwarding.isCurrent(this)) {
            heard();
            take(bytes, length);
          }
        });
  }

  @Override
  public void ended(IOException cause) {
    engine.hold(
        () -> {
          if (forwarding.isCurrent(this)) {
            fail("the link was lost: " + cause.getMessage(), /* refused= */ false);
          }
        });
  }

  // --- the handshake

  private void introduce() {
    String password = parameters.text("masterauth");
    String user = parameters.text("masteruser");
    if (password.isEmpty()) {
      send("FORWARD", "BEGIN", Forwards.VERSION);
      return;
    }
    authenticating = true;
    if (user.isEmpty()) {
      send("AUTH", password);
    } else {
      send("AUTH", user, password);
    }
  }

  private void take(byte[] bytes, int length) {
    int at = 0;
    while (at < length && !begun) {
      char next = (char) (bytes[at++] & 0xFF);
      if (next != '\n') {
        text.append(next);
      } else if (!onLine(text.toString().stripTrailing())) {
        return;
      }
      if (text.length() > MAX_LINE_BYTES) {
        fail("a line without an end", /* refused= */ true);
        return;
      }
    }
    if (at < length) {
      takeFrames(bytes, at, length - at);
    }
  }

  /** Whether it goes on. */
  private boolean onLine(String answer) {
    text.setLength(0);
    if (!answer.equals("+OK")) {
      fail("the primary answers " + Handshake.shown(answer), /* refused= */ true);
      return false;
    }
    if (authenticating) {
      authenticating = false;
      send("FORWARD", "BEGIN", Forwards.VERSION);
    } else {
      begun = true;
      forwarding.begun();
    }
    return true;
  }

  // --- frames

  private void takeFrames(byte[] bytes, int from, int length) {
    try {
      parser.receive(bytes, from, length);
      while (forwarding.isCurrent(this) && parser.ready()) {
        parser.take(words);
        onFrame();
      }
      parser.trim();
    } catch (ProtocolException | CommandException e) {
      fail("the primary sends what is no answer: " + e.getMessage(), /* refused= */ true);
    }
  }

  private void onFrame() {
    if (words.is(0, "REPLY") && words.count() == 6 && words.get(5).length() > 0) {
      forwarding.answered(
          words.integer(1),
          (int) words.integer(2),
          words.get(3).toString(),
          words.integer(4),
          words.get(5).toByteArray());
    } else if (words.is(0, "LOST") && words.count() == 2) {
      forwarding.lost(words.integer(1));
    } else if (!words.is(0, "PONG")) {
      fail("the primary answers " + Handshake.shown(words.get(0).toString()), /* refused= */ true);
    }
  }
}
