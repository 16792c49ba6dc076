package io.pillion.engine.dispatch;

import io.pillion.engine.memory.Bytes;
import java.util.Collection;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All commands by name. Filled once, group by group, then only read.
 *
 * <p>Names are looked up by their bytes, in any case, without making a string: an open table keyed
 * by a hash of the upper-case letters.
 */
public final class CommandTable {
  private final Map<String, Command> byName = new TreeMap<>();
  private @Nullable Command[] slots = new Command[1024];
  private CommandGroup group = CommandGroup.GENERIC;

  /** Everything declared from here on belongs to this group. */
  public CommandTable group(CommandGroup newGroup) {
    group = newGroup;
    return this;
  }

  /** Declares a command; its properties follow. */
  public Command command(String name, Command.Handler handler) {
    Command command = new Command(name, null, handler).group(group);
    if (byName.put(name, command) != null) {
      throw new IllegalStateException(name + " is declared twice");
    }
    if (byName.size() * 2 > slots.length) {
      throw new IllegalStateException("more commands than the table has room for");
    }
    int slot = hash(Bytes.of(name)) & (slots.length - 1);
    while (slots[slot] != null) {
      slot = (slot + 1) & (slots.length - 1);
    }
    slots[slot] = command;
    return command;
  }

  /** The command of a name in any case, or null. */
  public @Nullable Command find(Bytes name) {
    int slot = hash(name) & (slots.length - 1);
    while (true) {
      Command command = slots[slot];
      if (command == null || name.equalsIgnoreCase(command.name())) {
        return command;
      }
      slot = (slot + 1) & (slots.length - 1);
    }
  }

  /** The command of a name, with {@code |} before a subcommand's own; null when there is none. */
  public @Nullable Command find(String fullName) {
    String upper = fullName.toUpperCase(Locale.ROOT);
    int bar = upper.indexOf('|');
    Command command = byName.get(bar < 0 ? upper : upper.substring(0, bar));
    return bar < 0 || command == null
        ? command
        : command.subcommands().get(upper.substring(bar + 1));
  }

  /** All commands in the order of their names; subcommands are with their containers. */
  public Collection<Command> all() {
    return Collections.unmodifiableCollection(byName.values());
  }

  private static int hash(Bytes name) {
    int h = name.length();
    for (int i = 0; i < name.length(); i++) {
      h = h * 31 + (name.get(i) & 0xDF);
    }
    return h ^ (h >>> 15);
  }
}
