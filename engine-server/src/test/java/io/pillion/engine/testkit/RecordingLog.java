package io.pillion.engine.testkit;

import io.pillion.engine.dispatch.CommandLog;
import io.pillion.engine.memory.Bytes;
import java.util.ArrayList;
import java.util.List;

/** A command log that keeps everything in memory. */
public final class RecordingLog implements CommandLog {
  private final List<Effect> effects = new ArrayList<>();

  /** One effect and the database it applies to. */
  public record Effect(int database, List<String> words) {
    /** The words with spaces between them. */
    @Override
    public String toString() {
      return String.join(" ", words);
    }
  }

  /** What was recorded so far, in order; transactions are between MULTI and EXEC. */
  public synchronized List<Effect> effects() {
    return List.copyOf(effects);
  }

  @Override
  public boolean isOn() {
    return true;
  }

  @Override
  public synchronized void append(int database, Bytes[] words) {
    List<String> copies = new ArrayList<>();
    for (Bytes word : words) {
      copies.add(word.toString());
    }
    effects.add(new Effect(database, copies));
  }

  @Override
  public synchronized void begin() {
    effects.add(new Effect(0, List.of("MULTI")));
  }

  @Override
  public synchronized void end() {
    effects.add(new Effect(0, List.of("EXEC")));
  }
}
