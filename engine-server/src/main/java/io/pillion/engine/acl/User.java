package io.pillion.engine.acl;

import io.pillion.engine.dispatch.ClientUser;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Somebody who may log in, and what they may do then. */
public final class User implements ClientUser {
  private final Bytes name;
  private Rules rules;
  private boolean unrestricted;

  User(Bytes name, Rules rules) {
    this.name = name;
    become(rules);
  }

  @Override
  public Bytes name() {
    return name;
  }

  Rules rules() {
    return rules;
  }

  /** Takes these rules in place of its own. */
  final void become(Rules newRules) {
    rules = newRules;
    unrestricted = newRules.selectors().stream().anyMatch(Selector::allowsEverything);
  }

  /** Whether it may do everything, so that nothing need be asked. */
  boolean isUnrestricted() {
    return unrestricted;
  }

  /** Why it may not do this, or null when it may. */
  @Nullable Denial check(Command command, Args args, CommandKeys keys) {
    if (unrestricted) {
      return null;
    }
    keys.reset();
    Denial furthest = Denial.COMMAND;
    List<Selector> selectors = rules.selectors();
    for (int i = 0; i < selectors.size(); i++) {
      Denial denial = selectors.get(i).check(command, args, keys);
      if (denial == null) {
        return null;
      }
      furthest = Denial.further(furthest, denial);
    }
    return furthest;
  }

  /** Whether one selector lets it both do this and read every key there is. */
  boolean mayReadAllKeys(Command command, Args args, CommandKeys keys) {
    keys.reset();
    for (Selector selector : rules.selectors()) {
      if (selector.check(command, args, keys) == null && selector.allowsReadingAllKeys()) {
        return true;
      }
    }
    return false;
  }

  // --- descriptions

  /** The words by which it is switched on and off and how passwords are taken. */
  public List<String> flags() {
    return rules.flags();
  }

  /** The hashes of its passwords. */
  public Collection<String> passwords() {
    return rules.passwords();
  }

  /** What it may do: the root, then what is in parentheses. */
  public List<Selector> selectors() {
    return rules.selectors();
  }

  /** The line of a file that makes this user. */
  public Bytes line() {
    return Passwords.bytes("user " + name + " " + rules.describe());
  }

  /** The name. */
  @Override
  public String toString() {
    return name.toString();
  }
}
