package io.pillion.engine.dispatch;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
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
  private static final int UNKNOWN_COMMAND_TEXT = 128;

  private final Map<String, Command> byName = new TreeMap<>();
  private @Nullable Command[] slots = new Command[1024];
  private CommandGroup group = CommandGroup.GENERIC;
  private int count;

  /** Everything declared from here on belongs to this group. */
  public CommandTable group(CommandGroup newGroup) {
    group = newGroup;
    return this;
  }

  /** Declares a command; its properties follow. */
  public Command command(String name, Command.Handler handler) {
    Command command = new Command(this, name, null, handler).group(group);
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

  int nextNumber() {
    return count++;
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

  /**
   * The command, or subcommand, of these words.
   *
   * @throws CommandException when there is none
   */
  public Command resolve(Args args) {
    Command command = find(args.get(0));
    if (command == null) {
      throw unknownCommand(args);
    }
    if (command.isContainer() && args.count() > 1) {
      Command sub = command.subcommands().get(args.get(1).toString().toUpperCase(Locale.ROOT));
      if (sub == null) {
        throw Errors.err(
            "unknown subcommand '"
                + shorten(Errors.shown(args.get(1)))
                + "'. Try "
                + command.name()
                + " HELP.");
      }
      command = sub;
    }
    return command;
  }

  /** The command, or subcommand, of these words, or null when there is none. */
  public @Nullable Command lookUp(Args args) {
    try {
      return resolve(args);
    } catch (CommandException e) {
      return null;
    }
  }

  private static CommandException unknownCommand(Args args) {
    StringBuilder text = new StringBuilder("unknown command '");
    text.append(shorten(Errors.shown(args.get(0)))).append("', with args beginning with: ");
    int begin = text.length();
    for (int i = 1; i < args.count() && text.length() - begin < UNKNOWN_COMMAND_TEXT; i++) {
      String word = Errors.shown(args.get(i));
      int room = UNKNOWN_COMMAND_TEXT - (text.length() - begin);
      text.append('\'').append(word, 0, Math.min(word.length(), room)).append("' ");
    }
    return Errors.err(text.toString());
  }

  private static String shorten(String text) {
    return text.length() <= UNKNOWN_COMMAND_TEXT ? text : text.substring(0, UNKNOWN_COMMAND_TEXT);
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
