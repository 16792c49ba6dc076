package io.pillion.engine.acl;

import io.pillion.engine.acl.RuleException.Fault;
import io.pillion.engine.dispatch.AclCategory;
import io.pillion.engine.dispatch.ChannelSpec;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Glob;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Commands that may be sent together with keys and channels that they may name. A user has one, its
 * root, and may have more in parentheses; a command is let through when one of them lets all of it
 * through.
 *
 * <p>Which commands those are is kept twice: as a set, to be asked, and as the rules that led to
 * it, to be shown. A rule about a command replaces earlier ones about the same or its subcommands;
 * rules are otherwise kept in order, as later ones count more.
 */
public final class Selector {
  private final CommandTable table;
  private boolean allKeys;
  private boolean allChannels;
  private boolean allCommands;
  private boolean allowedByDefault;

  /** The commands for which it is the other way round than by default. */
  private final BitSet exceptions;

  private final Map<Command, List<String>> firstWords = new HashMap<>();
  private final List<String> commandRules = new ArrayList<>();
  private final List<KeyPattern> keys = new ArrayList<>();
  private final List<Bytes> channels = new ArrayList<>();

  /** Nothing is allowed, or only all channels. */
  Selector(CommandTable table, boolean allChannels) {
    this.table = table;
    this.allChannels = allChannels;
    exceptions = new BitSet();
  }

  Selector(Selector original) {
    table = original.table;
    allKeys = original.allKeys;
    allChannels = original.allChannels;
    allCommands = original.allCommands;
    allowedByDefault = original.allowedByDefault;
    exceptions = (BitSet) original.exceptions.clone();
    original.firstWords.forEach((command, words) -> firstWords.put(command, List.copyOf(words)));
    commandRules.addAll(original.commandRules);
    keys.addAll(original.keys);
    channels.addAll(original.channels);
  }

  // --- rules

  /** Applies one rule; when it cannot be applied, nothing has changed. */
  void apply(Bytes rule) throws RuleException {
    switch (rule.toString().toLowerCase(Locale.ROOT)) {
      case "allkeys", "~*" -> {
        allKeys = true;
        keys.clear();
      }
      case "resetkeys" -> {
        allKeys = false;
        keys.clear();
      }
      case "allchannels", "&*" -> {
        allChannels = true;
        channels.clear();
      }
      case "resetchannels" -> {
        allChannels = false;
        channels.clear();
      }
      case "allcommands", "+@all" -> allCommands(true);
      case "nocommands", "-@all" -> allCommands(false);
      default -> {
        switch (rule.get(0)) {
          case '~', '%' -> addKeys(rule);
          case '&' -> addChannels(rule.slice(1, rule.length()));
          case '+', '-' -> changeCommands(rule.get(0) == '+', rule.toString().substring(1));
          default -> throw new RuleException(Fault.SYNTAX);
        }
      }
    }
  }

  private void allCommands(boolean yes) {
    exceptions.clear();
    allCommands = yes;
    allowedByDefault = yes;
    firstWords.clear();
    commandRules.clear();
  }

  private void addKeys(Bytes rule) throws RuleException {
    if (allKeys) {
      throw new RuleException(Fault.ALL_KEYS);
    }
    boolean read = rule.get(0) == '~';
    boolean write = read;
    int at = 1;
    if (!read) {
      for (; at < rule.length(); at++) {
        int letter = rule.get(at) & 0xDF;
        if (letter == 'R' && !read) {
          read = true;
        } else if (letter == 'W' && !write) {
          write = true;
        } else if (rule.get(at) == '~' && (read || write)) {
          at++;
          break;
        } else {
          throw new RuleException(Fault.SYNTAX);
        }
      }
    }
    if (!read && !write) {
      throw new RuleException(Fault.SYNTAX);
    }
    Bytes pattern = withoutBlanks(rule.slice(at, rule.length()));
    for (int i = 0; i < keys.size(); i++) {
      if (keys.get(i).pattern().equals(pattern)) {
        keys.set(i, keys.get(i).with(read, write));
        return;
      }
    }
    keys.add(new KeyPattern(pattern, read, write));
  }

  private void addChannels(Bytes view) throws RuleException {
    if (allChannels) {
      throw new RuleException(Fault.ALL_CHANNELS);
    }
    Bytes pattern = withoutBlanks(view);
    if (!channels.contains(pattern)) {
      channels.add(pattern);
    }
  }

  private static Bytes withoutBlanks(Bytes word) throws RuleException {
    if (hasBlanks(word)) {
      throw new RuleException(Fault.SYNTAX);
    }
    return word.copy();
  }

  /** Whether there are blanks or NULs, which would be lost where rules are written down. */
  static boolean hasBlanks(Bytes word) {
    for (int i = 0; i < word.length(); i++) {
      byte b = word.get(i);
      if (b == ' ' || b == 0 || (b >= '\t' && b <= '\r')) {
        return true;
      }
    }
    return false;
  }

  private void changeCommands(boolean yes, String what) throws RuleException {
    if (what.startsWith("@")) {
      AclCategory category = category(what.substring(1));
      keepRule(yes, what);
      for (Command command : table.all()) {
        allowIfIn(category, command, yes);
        command.subcommands().values().forEach(sub -> allowIfIn(category, sub, yes));
      }
      return;
    }
    int bar = what.lastIndexOf('|');
    if (!yes || bar < 0) {
      Command command = command(what);
      allow(command, yes);
      keepRule(yes, command.fullName());
      return;
    }
    Command command = command(what.substring(0, bar));
    String word = what.substring(bar + 1);
    if (command.container() != null) {
      throw new RuleException(Fault.WORD_OF_SUBCOMMAND);
    }
    if (word.isEmpty()) {
      throw new RuleException(Fault.SYNTAX);
    }
    if (command.isContainer()) {
      allow(command(what), true);
    } else {
      allowFirstWord(command, word.toUpperCase(Locale.ROOT));
    }
    keepRule(true, what);
  }

  private Command command(String name) throws RuleException {
    Command command = table.find(name);
    if (command == null) {
      throw new RuleException(Fault.UNKNOWN);
    }
    return command;
  }

  private static AclCategory category(String name) throws RuleException {
    AclCategory category = AclCategory.named(name);
    if (category == null) {
      throw new RuleException(Fault.UNKNOWN);
    }
    return category;
  }

  private void allowIfIn(AclCategory category, Command command, boolean yes) {
    if (command.categories().contains(category)) {
      allow(command, yes);
    }
  }

  /** A command stands for its subcommands, too. */
  private void allow(Command command, boolean yes) {
    boolean isException = yes != allowedByDefault;
    exceptions.set(command.number(), isException);
    command.subcommands().values().forEach(sub -> exceptions.set(sub.number(), isException));
    allCommands &= yes;
    firstWords.remove(command);
  }

  private void allowFirstWord(Command command, String upper) {
    List<String> words = new ArrayList<>(firstWords.getOrDefault(command, List.of()));
    if (!words.contains(upper)) {
      words.add(upper);
    }
    firstWords.put(command, words);
  }

  private void keepRule(boolean yes, String what) {
    String lower = what.toLowerCase(Locale.ROOT);
    commandRules.removeIf(
        rule -> {
          String old = rule.substring(1);
          return old.equals(lower) || old.startsWith(lower + "|");
        });
    commandRules.add((yes ? "+" : "-") + lower);
  }

  // --- questions

  /** Whether it lets everything through. */
  boolean allowsEverything() {
    return allCommands && allKeys && allChannels;
  }

  boolean allowsAllChannels() {
    return allChannels;
  }

  /** The patterns of channels that may be named; none when all may. */
  List<Bytes> channelPatterns() {
    return Collections.unmodifiableList(channels);
  }

  /**
   * Why it does not let a command through, or null when it does.
   *
   * @param found the keys of this command
   */
  @Nullable Denial check(Command command, Args args, CommandKeys found) {
    if (!allCommands && !command.is(CommandFlag.NO_AUTH) && !allowsCommand(command, args)) {
      return Denial.COMMAND;
    }
    if (!allKeys && !command.keySpecs().isEmpty()) {
      found.find(command, args);
      for (int i = 0; i < found.count(); i++) {
        if (!allowsKey(args.get(found.index(i)), found.reads(i), found.writes(i))) {
          return new Denial(Denial.Reason.KEY, found.index(i));
        }
      }
    }
    ChannelSpec spec = command.channels();
    if (spec != null && !allChannels) {
      int last = spec.last() < 0 ? args.count() + spec.last() : spec.last();
      for (int i = spec.first(); i <= last && i < args.count(); i++) {
        if (!matchesAny(channels, args.get(i), spec.patterns())) {
          return new Denial(Denial.Reason.CHANNEL, i);
        }
      }
    }
    return null;
  }

  private boolean allowsCommand(Command command, Args args) {
    if (exceptions.get(command.number()) != allowedByDefault) {
      return true;
    }
    List<String> words = firstWords.get(command);
    if (words == null || args.count() < 2) {
      return false;
    }
    for (String word : words) {
      if (args.get(1).equalsIgnoreCase(word)) {
        return true;
      }
    }
    return false;
  }

  private boolean allowsKey(Bytes key, boolean toRead, boolean toWrite) {
    for (int i = 0; i < keys.size(); i++) {
      KeyPattern allowed = keys.get(i);
      if (allowed.gives(toRead, toWrite) && Glob.matches(allowed.pattern(), key)) {
        return true;
      }
    }
    return false;
  }

  /** Whether every key there is may be read. */
  boolean allowsReadingAllKeys() {
    return allKeys
        || keys.stream().anyMatch(allowed -> allowed.read() && Glob.isAny(allowed.pattern()));
  }

  /** A pattern is allowed only as it is written: what it matches cannot be known. */
  static boolean matchesAny(List<Bytes> allowed, Bytes channel, boolean isPattern) {
    for (int i = 0; i < allowed.size(); i++) {
      Bytes pattern = allowed.get(i);
      if (isPattern ? pattern.equals(channel) : Glob.matches(pattern, channel)) {
        return true;
      }
    }
    return false;
  }

  // --- descriptions, each character a byte

  /** The rules about commands. */
  public String describeCommands() {
    StringBuilder text = new StringBuilder(allowedByDefault ? "+@all" : "-@all");
    commandRules.forEach(rule -> text.append(' ').append(rule));
    return text.toString();
  }

  /** The patterns of keys. */
  public String describeKeys() {
    return allKeys ? "~*" : String.join(" ", keys.stream().map(KeyPattern::toString).toList());
  }

  /** The patterns of channels. */
  public String describeChannels() {
    return allChannels
        ? "&*"
        : String.join(" ", channels.stream().map(channel -> "&" + channel).toList());
  }

  /** All of its rules. */
  String describe() {
    StringBuilder text = new StringBuilder();
    if (allKeys || !keys.isEmpty()) {
      text.append(describeKeys()).append(' ');
    }
    if (!allChannels) {
      text.append("resetchannels ");
    }
    if (allChannels || !channels.isEmpty()) {
      text.append(describeChannels()).append(' ');
    }
    return text.append(describeCommands()).toString();
  }
}
