package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One command or subcommand: what it is called, what it takes, what it may do, and who carries it
 * out. Declared once, beside its handler; everything else that is known of commands (COMMAND,
 * access categories, metrics, the compatibility page) is read from here.
 */
public final class Command {
  private final CommandTable table;
  private final int number;
  private final String name;
  private final @Nullable Command container;
  private final Handler handler;
  private final Map<String, Command> subcommands = new TreeMap<>();
  private final EnumSet<CommandFlag> flags = EnumSet.noneOf(CommandFlag.class);
  private final EnumSet<AclCategory> categories = EnumSet.noneOf(AclCategory.class);
  private final List<KeySpec> keySpecs = new ArrayList<>();
  private final List<String> tips = new ArrayList<>();
  private @Nullable ChannelSpec channels;
  private @Nullable BiConsumer<Args, IntConsumer> keyFinder;
  private @Nullable Function<Args, Set<KeySpec.Flag>> keyFlags;
  private Predicate<Args> writesByWords = words -> true;
  private UnaryOperator<Args> wordsForOthers = words -> words;
  private int arity = -1;
  private String since = "";
  private String summary = "";
  private String syntax = "";
  private String complexity = "";
  private CommandGroup group = CommandGroup.GENERIC;
  private final CommandStatistics statistics = new CommandStatistics();
  private boolean write;
  private boolean mayChange = true;
  private boolean blocking;
  private boolean read;
  private boolean script;

  Command(CommandTable table, String name, @Nullable Command container, Handler handler) {
    this.table = table;
    this.number = table.nextNumber();
    this.name = name;
    this.container = container;
    this.handler = handler;
  }

  // --- declaration

  /** How many words it takes with its name: exactly so many, or at least, when negative. */
  public Command arity(int words) {
    arity = words;
    return this;
  }

  /** What it is. */
  public Command flags(CommandFlag... add) {
    flags.addAll(List.of(add));
    write = flags.contains(CommandFlag.WRITE);
    mayChange = !flags.contains(CommandFlag.READONLY) || flags.contains(CommandFlag.MAY_REPLICATE);
    blocking = flags.contains(CommandFlag.BLOCKING);
    script = flags.contains(CommandFlag.SKIP_MONITOR);
    return readOnlyUnlessScript();
  }

  /** What a script reads is known of the commands that it sends, not of itself. */
  private Command readOnlyUnlessScript() {
    read = flags.contains(CommandFlag.READONLY) && !categories.contains(AclCategory.SCRIPTING);
    return this;
  }

  /** The categories that do not follow from its flags. */
  public Command acl(AclCategory... add) {
    categories.addAll(List.of(add));
    return readOnlyUnlessScript();
  }

  /** Where its keys are: from first to last (negative from the end), {@code step} apart. */
  public Command keys(int first, int last, int step, KeySpec.Flag... does) {
    return keys(KeySpec.range(first, last, step, does));
  }

  /** Where some of its keys are. */
  public Command keys(KeySpec spec) {
    keySpecs.add(spec);
    return this;
  }

  /**
   * Where all of its keys are, where its specifications do not tell in every case; what is done to
   * them is what the first one says.
   *
   * @param finder tells the index of each; it never throws
   */
  public Command keysByWords(BiConsumer<Args, IntConsumer> finder) {
    keyFinder = finder;
    return this;
  }

  /** Where its channels are: from first to last, -1 for the last word. */
  public Command channels(int first, int last) {
    channels = new ChannelSpec(first, last, /* patterns= */ false);
    return this;
  }

  /** Where its patterns of channels are: from one index to the last word. */
  public Command channelPatterns(int first) {
    channels = new ChannelSpec(first, -1, /* patterns= */ true);
    return this;
  }

  /** The version of Redis (or Valkey) that brought it. */
  public Command since(String version) {
    since = version;
    return this;
  }

  /** One sentence that says what it does. */
  public Command summary(String sentence) {
    summary = sentence;
    return this;
  }

  /** Its arguments, as the documentation writes them. */
  public Command syntax(String arguments) {
    syntax = arguments;
    return this;
  }

  /** How its time grows, as the documentation says it. */
  public Command complexity(String text) {
    complexity = text;
    return this;
  }

  /** What is done to its keys where that depends on its words: {@code VARIABLE_FLAGS}. */
  public Command keyFlags(Function<Args, Set<KeySpec.Flag>> byWords) {
    keyFlags = byWords;
    return this;
  }

  /** What these words do to the keys of one of its specifications. */
  public Set<KeySpec.Flag> keyFlags(KeySpec spec, Args args) {
    return keyFlags != null && spec.flags().contains(KeySpec.Flag.VARIABLE_FLAGS)
        ? keyFlags.apply(args)
        : spec.flags();
  }

  /** Whether it writes where only its words tell: {@code MAY_REPLICATE}. */
  public Command writesIf(Predicate<Args> byWords) {
    writesByWords = byWords;
    return this;
  }

  /** What another server is sent in its place, which may not know all that this one does. */
  public Command forwardedAs(UnaryOperator<Args> byWords) {
    wordsForOthers = byWords;
    return this;
  }

  /** What proxies and clusters should know, in Redis' words for it. */
  public Command tips(String... add) {
    tips.addAll(List.of(add));
    return this;
  }

  Command group(CommandGroup newGroup) {
    group = newGroup;
    return this;
  }

  /** Declares a subcommand: {@code table.command("CLIENT").sub("ID", this::clientId)}. */
  public Command sub(String subName, Handler subHandler) {
    Command sub = new Command(table, subName, this, subHandler).group(group);
    if (subcommands.put(subName, sub) != null) {
      throw new IllegalStateException(name + " " + subName + " is declared twice");
    }
    return sub;
  }

  // --- facts

  /** Its place among all commands and subcommands of its table, from 0 on. */
  public int number() {
    return number;
  }

  /** The name in upper case; of a subcommand, its own part. */
  public String name() {
    return name;
  }

  /** The full name in lower case as Redis writes it: {@code client|id}. */
  public String fullName() {
    String own = name.toLowerCase(Locale.ROOT);
    return container == null ? own : container.fullName() + "|" + own;
  }

  /** The command that this is a subcommand of, or null. */
  public @Nullable Command container() {
    return container;
  }

  /** Its subcommands, by name in upper case, in order. */
  public Map<String, Command> subcommands() {
    return Collections.unmodifiableMap(subcommands);
  }

  /** Whether it is only a name for its subcommands. */
  public boolean isContainer() {
    return !subcommands.isEmpty();
  }

  /** How many words it takes with its name: exactly so many, or at least, when negative. */
  public int arity() {
    return arity;
  }

  /** Whether it takes so many words. */
  public boolean takes(int words) {
    return arity >= 0 ? words == arity : words >= -arity;
  }

  /** Whether it has a flag. */
  public boolean is(CommandFlag flag) {
    return flags.contains(flag);
  }

  /** Its flags. */
  public Set<CommandFlag> flags() {
    return Collections.unmodifiableSet(flags);
  }

  boolean isWrite() {
    return write;
  }

  /** Whether what these words do may have to be passed on. */
  boolean mayWrite(Args words) {
    return write || (flags.contains(CommandFlag.MAY_REPLICATE) && writesByWords.test(words));
  }

  /** What another server is sent in place of these words. */
  Args forwardedAs(Args words) {
    return wordsForOthers.apply(words);
  }

  boolean isScript() {
    return script;
  }

  boolean isRead() {
    return read;
  }

  /** Whether it may change what it finds: PFCOUNT may, although it only reads. */
  boolean mayChange() {
    return mayChange;
  }

  boolean mayBlock() {
    return blocking;
  }

  /** Its categories, those included that follow from its flags. */
  public Set<AclCategory> categories() {
    EnumSet<AclCategory> all = EnumSet.copyOf(categories);
    if (is(CommandFlag.WRITE)) {
      all.add(AclCategory.WRITE);
    }
    if (read) {
      all.add(AclCategory.READ);
    }
    if (is(CommandFlag.ADMIN)) {
      all.add(AclCategory.ADMIN);
      all.add(AclCategory.DANGEROUS);
    }
    if (is(CommandFlag.PUBSUB)) {
      all.add(AclCategory.PUBSUB);
    }
    if (is(CommandFlag.BLOCKING)) {
      all.add(AclCategory.BLOCKING);
    }
    all.add(is(CommandFlag.FAST) ? AclCategory.FAST : AclCategory.SLOW);
    return all;
  }

  /** Where its keys are. */
  public Collection<KeySpec> keySpecs() {
    return Collections.unmodifiableList(keySpecs);
  }

  /** Tells where all its keys are, or null where its specifications tell. */
  public @Nullable BiConsumer<Args, IntConsumer> keyFinder() {
    return keyFinder;
  }

  /** Where its channels are, or null when it has none. */
  public @Nullable ChannelSpec channels() {
    return channels;
  }

  /** What proxies and clusters should know. */
  public List<String> tips() {
    return Collections.unmodifiableList(tips);
  }

  /** The version that brought it. */
  public String since() {
    return since;
  }

  /** One sentence that says what it does. */
  public String summary() {
    return summary;
  }

  /** Its arguments, as the documentation writes them. */
  public String syntax() {
    return syntax;
  }

  /** How its time grows. */
  public String complexity() {
    return complexity;
  }

  /** The group that documents it. */
  public CommandGroup group() {
    return group;
  }

  /** How often it was called and what that cost. */
  public CommandStatistics statistics() {
    return statistics;
  }

  Handler handler() {
    return handler;
  }

  /** Carries a command out. */
  @FunctionalInterface
  public interface Handler {
    /**
     * Carries the command out: everything is parsed before anything is changed.
     *
     * @throws io.pillion.engine.protocol.CommandException a client's mistake; nothing has changed
     */
    void handle(Call call);
  }

  /** The full name. */
  @Override
  public String toString() {
    return fullName();
  }
}
