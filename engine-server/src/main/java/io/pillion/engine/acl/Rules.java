package io.pillion.engine.acl;

import io.pillion.engine.acl.RuleException.Fault;
import io.pillion.engine.config.QuotedWords;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.memory.Bytes;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * All that is said of one user. Changed only while nobody uses it: a change of a user is applied to
 * a copy, which takes the place of the old rules when every rule was understood.
 */
final class Rules {
  private final CommandTable table;
  private final boolean channelsByDefault;
  private boolean enabled;
  private boolean anyPassword;
  private boolean skipsSanitizing;
  private final Set<String> passwords = new LinkedHashSet<>();
  private final List<Selector> selectors = new ArrayList<>();

  /** A new user's: nothing is allowed, not even to log in. */
  Rules(CommandTable table, boolean channelsByDefault) {
    this.table = table;
    this.channelsByDefault = channelsByDefault;
    selectors.add(new Selector(table, channelsByDefault));
  }

  /**
   * A copy to be changed.
   *
   * @param channelsByDefault whether what is new may use all channels
   */
  Rules(Rules original, boolean channelsByDefault) {
    table = original.table;
    this.channelsByDefault = channelsByDefault;
    enabled = original.enabled;
    anyPassword = original.anyPassword;
    skipsSanitizing = original.skipsSanitizing;
    passwords.addAll(original.passwords);
    original.selectors.forEach(selector -> selectors.add(new Selector(selector)));
  }

  /** The default user's when nobody has said anything of it: it may do everything. */
  static Rules ofDefault(CommandTable table) {
    Rules rules = new Rules(table, /* channelsByDefault= */ true);
    try {
      for (String rule : List.of("+@all", "~*", "&*", "on", "nopass")) {
        rules.apply(Bytes.of(rule));
      }
    } catch (RuleException e) {
      throw new IllegalStateException("these rules are known", e);
    }
    return rules;
  }

  // --- rules

  /**
   * Puts selectors together that blanks have torn into several words.
   *
   * @throws UnmatchedParenthesisException when one does not end
   */
  static List<Bytes> joined(List<Bytes> words) throws UnmatchedParenthesisException {
    List<Bytes> joined = new ArrayList<>();
    StringBuilder open = null;
    Bytes opening = Bytes.EMPTY;
    for (Bytes word : words) {
      boolean ends = !word.isEmpty() && word.get(word.length() - 1) == ')';
      if (open != null) {
        open.append(' ').append(word);
        if (ends) {
          joined.add(Passwords.bytes(open.toString()));
          open = null;
        }
      } else if (!word.isEmpty() && word.get(0) == '(' && !ends) {
        open = new StringBuilder(word.toString());
        opening = word;
      } else {
        joined.add(word);
      }
    }
    if (open != null) {
      throw new UnmatchedParenthesisException(opening);
    }
    return joined;
  }

  /** A selector that does not end. */
  static final class UnmatchedParenthesisException extends Exception {
    private static final long serialVersionUID = 1L;

    UnmatchedParenthesisException(Bytes opening) {
      super(opening.toString(), null, false, false);
    }
  }

  /** Applies one rule; when it cannot be applied, nothing has changed. */
  void apply(Bytes rule) throws RuleException {
    if (rule.isEmpty()) {
      return;
    }
    switch (rule.toString().toLowerCase(Locale.ROOT)) {
      case "on" -> enabled = true;
      case "off" -> enabled = false;
      case "skip-sanitize-payload" -> skipsSanitizing = true;
      case "sanitize-payload" -> skipsSanitizing = false;
      case "nopass" -> {
        anyPassword = true;
        passwords.clear();
      }
      case "resetpass" -> {
        anyPassword = false;
        passwords.clear();
      }
      case "clearselectors" -> selectors.subList(1, selectors.size()).clear();
      case "reset" -> reset();
      default -> applyPattern(rule);
    }
  }

  private void applyPattern(Bytes rule) throws RuleException {
    switch (rule.get(0)) {
      case '>', '#' -> {
        passwords.add(hashOf(rule));
        anyPassword = false;
      }
      case '<', '!' -> {
        if (!passwords.remove(hashOf(rule))) {
          throw new RuleException(Fault.NO_SUCH_PASSWORD);
        }
      }
      case '(' -> {
        if (rule.get(rule.length() - 1) != ')') {
          throw new RuleException(Fault.SYNTAX);
        }
        selectors.add(selector(rule.slice(1, rule.length() - 1)));
      }
      default -> selectors.get(0).apply(rule);
    }
  }

  private static String hashOf(Bytes rule) throws RuleException {
    Bytes text = rule.slice(1, rule.length());
    boolean plain = rule.get(0) == '>' || rule.get(0) == '<';
    if (plain) {
      return Passwords.hash(text);
    }
    if (!Passwords.isHash(text)) {
      throw new RuleException(Fault.BAD_HASH);
    }
    return text.toString();
  }

  private Selector selector(Bytes inner) throws RuleException {
    List<byte[]> words =
        QuotedWords.split(inner.array(), inner.offset(), inner.offset() + inner.length());
    if (words == null) {
      throw new RuleException(Fault.SYNTAX);
    }
    Selector selector = new Selector(table, channelsByDefault);
    for (byte[] word : words) {
      if (word.length > 0) {
        selector.apply(Bytes.of(word));
      }
    }
    return selector;
  }

  private void reset() {
    enabled = false;
    anyPassword = false;
    skipsSanitizing = false;
    passwords.clear();
    selectors.clear();
    selectors.add(new Selector(table, channelsByDefault));
  }

  // --- questions

  /** Whether one may log in. */
  boolean isEnabled() {
    return enabled;
  }

  /** Whether every password will do. */
  boolean takesAnyPassword() {
    return anyPassword;
  }

  /** The hashes of the passwords, in the order they were added. */
  Set<String> passwords() {
    return Collections.unmodifiableSet(passwords);
  }

  /** The root, then those in parentheses. */
  List<Selector> selectors() {
    return Collections.unmodifiableList(selectors);
  }

  /** Whether this is one of the passwords. The time it takes says nothing of them. */
  boolean takes(Bytes password) {
    byte[] hash = Passwords.hash(password).getBytes(StandardCharsets.US_ASCII);
    boolean matches = false;
    for (String one : passwords) {
      matches |= MessageDigest.isEqual(hash, one.getBytes(StandardCharsets.US_ASCII));
    }
    return anyPassword || matches;
  }

  /** The words by which it is switched on and off and how passwords are taken. */
  List<String> flags() {
    List<String> flags = new ArrayList<>(Arrays.asList(enabled ? "on" : "off"));
    if (anyPassword) {
      flags.add("nopass");
    }
    flags.add(skipsSanitizing ? "skip-sanitize-payload" : "sanitize-payload");
    return flags;
  }

  /** All of it, each character a byte, so that applied to a new user it makes the same. */
  String describe() {
    StringBuilder text = new StringBuilder(String.join(" ", flags())).append(' ');
    passwords.forEach(hash -> text.append('#').append(hash).append(' '));
    text.append(selectors.get(0).describe());
    for (Selector selector : selectors.subList(1, selectors.size())) {
      text.append(" (").append(selector.describe()).append(')');
    }
    return text.toString();
  }
}
