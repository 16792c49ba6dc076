package io.pillion.engine.replication;

import io.pillion.engine.config.Parameters;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a server says who it is to the one that it wants to follow. Under the engine lock. */
final class Handshake {
  private static final Logger log = LoggerFactory.getLogger(Handshake.class);
  private static final int SHOWN_LENGTH = 200;

  /** What a replica can do that has its clients' writes carried out by its primary. */
  static final String CAN_FORWARD = "forward";

  /** How a primary answers that carries them out; others say OK to whatever a replica can do. */
  static final String FORWARDS = "OK forward";

  /** Whose replicas have fields with a time to live: both of its formats are read here. */
  private static final String VERSION = "9.0.0";

  private final Parameters parameters;
  private final Consumer<String> sender;
  private final ArrayDeque<Question> asked = new ArrayDeque<>();
  private boolean begun;
  private boolean offersForwards;

  /** What was said, and must be answered before it goes on. */
  private enum Question {
    PING,
    AUTH,
    /** What this one can do; an engine like this one says what it can in return. */
    CAPABILITIES,
    /** Older servers do not know all that is said. */
    OPTIONAL
  }

  Handshake(Parameters parameters, Consumer<String> sender) {
    this.parameters = parameters;
    this.sender = sender;
  }

  static String words(String... words) {
    StringBuilder text = new StringBuilder("*").append(words.length).append("\r\n");
    for (String word : words) {
      int length = word.getBytes(StandardCharsets.UTF_8).length;
      text.append('$').append(length).append("\r\n").append(word).append("\r\n");
    }
    return text.toString();
  }

  /** As the log can show it, whatever it is. */
  static String shown(String line) {
    String start = line.substring(0, Math.min(line.length(), SHOWN_LENGTH));
    return start.replaceAll("[^\\x20-\\x7e]", "?");
  }

  void begin() {
    begun = true;
    ask(Question.PING, "PING");
  }

  /** Whether the other carries out what clients of this one may not do here. */
  boolean offersForwards() {
    return offersForwards;
  }

  boolean isDone() {
    return begun && asked.isEmpty();
  }

  private void ask(Question question, String... words) {
    asked.add(question);
    sender.accept(words(words));
  }

  /**
   * An answer has come.
   *
   * @return why it cannot go on, or null
   */
  @Nullable String answered(String line) {
    Question question = asked.poll();
    if (question == null) {
      return "an answer before anything was asked";
    }
    boolean error = line.startsWith("-");
    return switch (question) {
      case PING -> {
        if (error
            && !line.startsWith("-NOAUTH")
            && !line.startsWith("-NOPERM")
            && !line.startsWith("-ERR operation not permitted")) {
          yield "Error reply to PING from primary: '" + shown(line) + "'";
        }
        log.info("Primary replied to PING, replication can continue...");
        introduce();
        yield null;
      }
      case AUTH -> error ? "Unable to AUTH to PRIMARY: " + shown(line) : null;
      case CAPABILITIES -> {
        offersForwards = line.equals("+" + FORWARDS);
        yield null;
      }
      case OPTIONAL -> {
        if (error) {
          log.info("(Non critical) Primary does not understand REPLCONF: {}", shown(line));
        }
        yield null;
      }
    };
  }

  private void introduce() {
    String password = parameters.text("masterauth");
    String user = parameters.text("masteruser");
    if (!password.isEmpty() && user.isEmpty()) {
      ask(Question.AUTH, "AUTH", password);
    } else if (!password.isEmpty()) {
      ask(Question.AUTH, "AUTH", user, password);
    }
    ask(Question.OPTIONAL, "REPLCONF", "listening-port", Long.toString(listeningPort()));
    String address = parameters.text("replica-announce-ip");
    if (!address.isEmpty()) {
      ask(Question.OPTIONAL, "REPLCONF", "ip-address", address);
    }
    ask(Question.CAPABILITIES, "REPLCONF", "capa", "eof", "capa", "psync2", "capa", CAN_FORWARD);
    ask(Question.OPTIONAL, "REPLCONF", "version", VERSION);
  }

  private long listeningPort() {
    long announced = parameters.number("replica-announce-port");
    long encrypted = parameters.number("tls-port");
    if (announced != 0) {
      return announced;
    }
    return parameters.isOn("tls-replication") && encrypted != 0
        ? encrypted
        : parameters.number("port");
  }
}
