package io.pillion.engine.command;

import java.util.ArrayList;
import java.util.List;

/**
 * The arguments of a command, read from its declared syntax line, in the notation of the Redis
 * documentation: words in capitals stand for themselves, others for a value; {@code [a]} may be
 * left out, {@code <a | b>} and {@code [a | b]} are choices, {@code [a ...]} repeats.
 */
public sealed interface Syntax {
  /** A word that stands for itself. */
  record Token(String text) implements Syntax {}

  /** A value to be given, by what it is. */
  record Value(String name) implements Syntax {}

  /** One after the other. */
  record Sequence(List<Syntax> parts) implements Syntax {}

  /** One of these. */
  record Choice(List<Syntax> alternatives) implements Syntax {}

  /** May be left out. */
  record Optional(Syntax part) implements Syntax {}

  /** Any number of times, also none. */
  record Repeat(Syntax part) implements Syntax {}

  /**
   * Reads a syntax line.
   *
   * @throws IllegalArgumentException when its brackets do not match
   */
  static Syntax parse(String line) {
    Parser parser = new Parser(line);
    Syntax syntax = parser.choice();
    parser.expectEnd();
    return syntax;
  }

  /** Recursive descent over the line's words and brackets. */
  final class Parser {
    private final String line;
    private final List<String> words = new ArrayList<>();
    private int next;

    Parser(String line) {
      this.line = line;
      for (String word : line.replaceAll("([\\[\\]<>|])", " $1 ").strip().split("\\s+", -1)) {
        if (!word.isEmpty()) {
          words.add(word);
        }
      }
    }

    Syntax choice() {
      List<Syntax> alternatives = new ArrayList<>();
      alternatives.add(sequence());
      while (next < words.size() && words.get(next).equals("|")) {
        next++;
        alternatives.add(sequence());
      }
      return alternatives.size() == 1 ? alternatives.get(0) : new Choice(alternatives);
    }

    private Syntax sequence() {
      List<Syntax> parts = new ArrayList<>();
      while (next < words.size()) {
        String word = words.get(next);
        switch (word) {
          case "|", "]", ">" -> {
            return sequence(parts);
          }
          case "[" -> parts.add(optional());
          case "<" -> {
            next++;
            parts.add(choice());
            expect(">");
          }
          case "..." -> {
            next++;
            Syntax all = sequence(parts);
            parts = new ArrayList<>(List.of(new Repeat(all)));
          }
          default -> {
            next++;
            parts.add(isToken(word) ? new Token(word) : new Value(word));
          }
        }
      }
      return sequence(parts);
    }

    private Syntax optional() {
      next++;
      Syntax inner = choice();
      expect("]");
      return inner instanceof Repeat ? inner : new Optional(inner);
    }

    private static Syntax sequence(List<Syntax> parts) {
      return parts.size() == 1 ? parts.get(0) : new Sequence(parts);
    }

    private static boolean isToken(String word) {
      return word.chars().noneMatch(c -> c >= 'a' && c <= 'z');
    }

    private void expect(String bracket) {
      if (next >= words.size() || !words.get(next).equals(bracket)) {
        throw new IllegalArgumentException("no " + bracket + " in syntax: " + line);
      }
      next++;
    }

    void expectEnd() {
      if (next < words.size()) {
        throw new IllegalArgumentException("'" + words.get(next) + "' too much in: " + line);
      }
    }
  }
}
