package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.CONNECTION;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.dispatch.AclCategory;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Glob;
import io.pillion.engine.protocol.Reply;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** COMMAND: what the command table says of itself. */
final class CommandCommands {
  void declare(CommandTable table) {
    table.group(CommandGroup.SERVER);
    Command command =
        table
            .command("COMMAND", this::infoOfAll)
            .arity(-1)
            .flags(LOADING, STALE)
            .acl(CONNECTION)
            .tips("nondeterministic_output_order")
            .since("2.8.13")
            .complexity("O(N) where N is the number of commands")
            .summary("Describes all commands.");
    sub(command, "COUNT", this::count, 2, "2.8.13")
        .complexity("O(1)")
        .summary("Answers how many commands there are.");
    sub(command, "INFO", this::info, -2, "2.8.13")
        .tips("nondeterministic_output_order")
        .complexity("O(N) where N is the number of commands asked for")
        .summary("Describes commands.")
        .syntax("[command-name [command-name ...]]");
    sub(command, "DOCS", this::docs, -2, "7.0.0")
        .tips("nondeterministic_output_order")
        .complexity("O(N) where N is the number of commands asked for")
        .summary("Documents commands.")
        .syntax("[command-name [command-name ...]]");
    sub(command, "LIST", this::list, -2, "7.0.0")
        .tips("nondeterministic_output_order")
        .complexity("O(N) where N is the number of commands")
        .summary("Names commands.")
        .syntax("[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]");
    sub(command, "GETKEYS", this::getkeys, -3, "2.8.13")
        .complexity("O(N) where N is the number of words of the command")
        .summary("Finds the keys in a command.")
        .syntax("command [arg [arg ...]]");
    sub(command, "GETKEYSANDFLAGS", this::getkeysandflags, -3, "7.0.0")
        .complexity("O(N) where N is the number of words of the command")
        .summary("Finds the keys in a command, and what it does to them.")
        .syntax("command [arg [arg ...]]");
    sub(command, "HELP", HelpText::write, 2, "5.0.0")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  private static Command sub(
      Command command, String name, Command.Handler handler, int arity, String since) {
    return command
        .sub(name, handler)
        .arity(arity)
        .flags(LOADING, STALE)
        .acl(CONNECTION)
        .since(since);
  }

  private void count(Call call) {
    call.reply().integer(call.engine().table().all().size());
  }

  // --- COMMAND INFO

  private void infoOfAll(Call call) {
    Collection<Command> all = call.engine().table().all();
    call.reply().array(all.size());
    all.forEach(command -> writeInfo(call.reply(), command));
  }

  private void info(Call call) {
    if (call.count() == 2) {
      infoOfAll(call);
      return;
    }
    call.reply().array(call.count() - 2);
    for (int i = 2; i < call.count(); i++) {
      Command command = call.engine().table().find(call.arg(i).toString());
      if (command == null) {
        call.reply().nil();
      } else {
        writeInfo(call.reply(), command);
      }
    }
  }

  private static void writeInfo(Reply reply, Command command) {
    reply.array(10);
    reply.bulk(command.fullName());
    reply.integer(command.arity());
    Set<String> flags = flagNames(command);
    reply.set(flags.size());
    flags.forEach(reply::simple);
    LegacyRange range = LegacyRange.of(command.keySpecs());
    reply.integer(range.first);
    reply.integer(range.last);
    reply.integer(range.step);
    Set<AclCategory> categories = command.categories();
    reply.set(categories.size());
    categories.forEach(category -> reply.simple("@" + category.redisName()));
    reply.set(command.tips().size());
    command.tips().forEach(reply::bulk);
    reply.set(command.keySpecs().size());
    command.keySpecs().forEach(spec -> writeKeySpec(reply, spec));
    Collection<Command> subcommands = command.subcommands().values();
    if (subcommands.isEmpty()) {
      reply.set(0);
    } else {
      reply.array(subcommands.size());
      subcommands.forEach(sub -> writeInfo(reply, sub));
    }
  }

  private static Set<String> flagNames(Command command) {
    EnumSet<CommandFlag> flags = EnumSet.noneOf(CommandFlag.class);
    flags.addAll(command.flags());
    if (command.keySpecs().stream().anyMatch(spec -> !isPlainRange(spec))) {
      flags.add(CommandFlag.MOVABLE_KEYS);
    }
    Set<String> names = new LinkedHashSet<>();
    for (CommandFlag flag : flags) {
      if (!flag.redisName().isEmpty()) {
        names.add(flag.redisName());
      }
    }
    return names;
  }

  private static boolean isPlainRange(KeySpec spec) {
    return spec.keyword() == null && spec.find() == KeySpec.Find.RANGE;
  }

  private static void writeKeySpec(Reply reply, KeySpec spec) {
    reply.map(3);
    reply.bulk("flags");
    reply.set(spec.flags().size());
    spec.flags().forEach(flag -> reply.simple(flag.redisName()));
    reply.bulk("begin_search");
    reply.map(2);
    reply.bulk("type");
    String keyword = spec.keyword();
    if (spec.find() == KeySpec.Find.UNKNOWN) {
      reply.bulk("unknown");
      reply.bulk("spec");
      reply.map(0);
    } else if (keyword == null) {
      reply.bulk("index");
      reply.bulk("spec");
      reply.map(1);
      reply.bulk("index");
      reply.integer(spec.index());
    } else {
      reply.bulk("keyword");
      reply.bulk("spec");
      reply.map(2);
      reply.bulk("keyword");
      reply.bulk(keyword);
      reply.bulk("startfrom");
      reply.integer(spec.startFrom());
    }
    reply.bulk("find_keys");
    reply.map(2);
    reply.bulk("type");
    if (spec.find() == KeySpec.Find.UNKNOWN) {
      reply.bulk("unknown");
      reply.bulk("spec");
      reply.map(0);
      return;
    }
    reply.bulk(spec.find() == KeySpec.Find.RANGE ? "range" : "keynum");
    reply.bulk("spec");
    reply.map(3);
    if (spec.find() == KeySpec.Find.RANGE) {
      pair(reply, "lastkey", spec.last());
      pair(reply, "keystep", spec.step());
      pair(reply, "limit", spec.limit());
    } else {
      pair(reply, "keynumidx", spec.countIndex());
      pair(reply, "firstkey", spec.firstIndex());
      pair(reply, "keystep", spec.step());
    }
  }

  private static void pair(Reply reply, String name, long value) {
    reply.bulk(name);
    reply.integer(value);
  }

  /** The three numbers by which older clients find keys; zeros where three cannot say it. */
  private record LegacyRange(int first, int last, int step) {
    private static final LegacyRange NONE = new LegacyRange(0, 0, 0);

    static LegacyRange of(Collection<KeySpec> specs) {
      int first = 0;
      int last = 0;
      for (KeySpec spec : specs) {
        if (!isPlainRange(spec)) {
          if (specs.size() == 1) {
            return NONE;
          }
          continue;
        }
        int specLast = spec.last() < 0 ? spec.last() : spec.index() + spec.last();
        if (specs.size() == 1) {
          return new LegacyRange(spec.index(), specLast, spec.step());
        }
        if (spec.step() != 1 || (last != 0 && spec.index() != last + 1)) {
          return first == 0 ? NONE : new LegacyRange(first, last, 1);
        }
        first = first == 0 ? spec.index() : first;
        last = specLast;
      }
      return first == 0 ? NONE : new LegacyRange(first, last, 1);
    }
  }

  // --- COMMAND LIST

  private void list(Call call) {
    Predicate<Command> wanted = command -> true;
    if (call.count() == 5 && call.args().is(2, "FILTERBY")) {
      Bytes value = call.arg(4).copy();
      if (call.args().is(3, "PATTERN")) {
        wanted = command -> Glob.matchesIgnoringCase(value, Bytes.of(command.fullName()));
      } else if (call.args().is(3, "ACLCAT")) {
        String category = value.toString().toLowerCase(Locale.ROOT);
        wanted =
            command -> command.categories().stream().anyMatch(c -> c.redisName().equals(category));
      } else if (call.args().is(3, "MODULE")) {
        wanted = command -> false;
      } else {
        throw Errors.syntax();
      }
    } else if (call.count() > 2) {
      throw Errors.syntax();
    }
    List<String> names = new ArrayList<>();
    for (Command command : call.engine().table().all()) {
      addNames(command, wanted, names);
    }
    call.reply().set(names.size());
    names.forEach(call.reply()::bulk);
  }

  private static void addNames(Command command, Predicate<Command> wanted, List<String> names) {
    if (wanted.test(command)) {
      names.add(command.fullName());
    }
    command.subcommands().values().forEach(sub -> addNames(sub, wanted, names));
  }

  // --- COMMAND GETKEYS

  private void getkeys(Call call) {
    Args inner = inner(call);
    List<Integer> keys = keys(commandOf(call, inner), inner, new ArrayList<>());
    call.reply().array(keys.size());
    keys.forEach(key -> call.reply().bulk(inner.get(key)));
  }

  private void getkeysandflags(Call call) {
    Args inner = inner(call);
    List<KeySpec> specs = new ArrayList<>();
    Command command = commandOf(call, inner);
    List<Integer> keys = keys(command, inner, specs);
    call.reply().array(keys.size());
    for (int i = 0; i < keys.size(); i++) {
      call.reply().array(2);
      call.reply().bulk(inner.get(keys.get(i)));
      Set<KeySpec.Flag> flags = EnumSet.noneOf(KeySpec.Flag.class);
      flags.addAll(command.keyFlags(specs.get(i), inner));
      flags.remove(KeySpec.Flag.INCOMPLETE);
      call.reply().set(flags.size());
      flags.forEach(flag -> call.reply().simple(flag.redisName()));
    }
  }

  private static Args inner(Call call) {
    Bytes[] words = new Bytes[call.count() - 2];
    for (int i = 0; i < words.length; i++) {
      words[i] = call.arg(i + 2);
    }
    return Args.of(words);
  }

  private static Command commandOf(Call call, Args inner) {
    Command command = call.engine().table().find(inner.get(0));
    if (command != null && !command.subcommands().isEmpty() && inner.count() > 1) {
      command = command.subcommands().get(inner.get(1).toString().toUpperCase(Locale.ROOT));
    }
    if (command == null) {
      throw Errors.err("Invalid command specified");
    }
    if (command.keySpecs().isEmpty()) {
      throw Errors.err("The command has no key arguments");
    }
    if (!command.takes(inner.count())) {
      throw Errors.err("Invalid number of arguments specified for command");
    }
    return command;
  }

  private static List<Integer> keys(Command command, Args inner, List<KeySpec> specs) {
    List<Integer> keys = new ArrayList<>();
    for (KeySpec spec : command.keySpecs()) {
      if (spec.flags().contains(KeySpec.Flag.NOT_KEY)) {
        continue;
      }
      try {
        spec.forEachKey(
            inner,
            index -> {
              keys.add(index);
              specs.add(spec);
            });
      } catch (CommandException e) {
        if (!command.is(CommandFlag.NO_MANDATORY_KEYS)) {
          throw e;
        }
      }
    }
    if (keys.isEmpty() && !command.is(CommandFlag.NO_MANDATORY_KEYS)) {
      throw Errors.err("Invalid arguments specified for command");
    }
    return keys;
  }

  // --- COMMAND DOCS

  private void docs(Call call) {
    List<Command> commands = new ArrayList<>();
    if (call.count() == 2) {
      commands.addAll(call.engine().table().all());
    }
    for (int i = 2; i < call.count(); i++) {
      Command command = call.engine().table().find(call.arg(i).toString());
      if (command != null) {
        commands.add(command);
      }
    }
    writeDocs(call.reply(), commands);
  }

  private static void writeDocs(Reply reply, Collection<Command> commands) {
    reply.map(commands.size());
    for (Command command : commands) {
      reply.bulk(command.fullName());
      boolean hasSyntax = !command.syntax().isEmpty();
      boolean isContainer = !command.subcommands().isEmpty();
      reply.map(4 + (hasSyntax ? 1 : 0) + (isContainer ? 1 : 0));
      reply.bulk("summary");
      reply.bulk(command.summary());
      reply.bulk("since");
      reply.bulk(command.since());
      reply.bulk("group");
      reply.bulk(command.group().redisName());
      reply.bulk("complexity");
      reply.bulk(command.complexity());
      if (hasSyntax) {
        reply.bulk("arguments");
        new ArgumentDocs(reply, command.keySpecs().size()).write(Syntax.parse(command.syntax()));
      }
      if (isContainer) {
        reply.bulk("subcommands");
        writeDocs(reply, command.subcommands().values());
      }
    }
  }

  /** Arguments as COMMAND DOCS describes them, from a syntax. */
  private static final class ArgumentDocs {
    private final Reply reply;
    private final int keySpecs;
    private int keysSeen;

    ArgumentDocs(Reply reply, int keySpecs) {
      this.reply = reply;
      this.keySpecs = keySpecs;
    }

    void write(Syntax syntax) {
      arguments(syntax instanceof Syntax.Sequence sequence ? joined(sequence) : List.of(syntax));
    }

    /**
     * The parts of a sequence, where a word that stands for itself and the value after it are one,
     * as are a value and its own repetition; a repetition of anything else may be left out.
     */
    private static List<Syntax> joined(Syntax.Sequence sequence) {
      List<Syntax> joined = new ArrayList<>();
      List<Syntax> parts = sequence.parts();
      for (int i = 0; i < parts.size(); i++) {
        Syntax part = parts.get(i);
        if (part instanceof Syntax.Repeat repeat) {
          List<Syntax> again =
              repeat.part() instanceof Syntax.Sequence inner
                  ? joined(inner)
                  : List.of(repeat.part());
          int first = joined.size() - again.size();
          if (first >= 0 && joined.subList(first, joined.size()).equals(again)) {
            joined.subList(first, joined.size()).clear();
            joined.add(part);
          } else {
            joined.add(new Syntax.Optional(part));
          }
        } else if (part instanceof Syntax.Token
            && i + 1 < parts.size()
            && !(parts.get(i + 1) instanceof Syntax.Token)) {
          joined.add(new Syntax.Sequence(List.of(part, parts.get(++i))));
        } else {
          joined.add(part);
        }
      }
      return joined;
    }

    private void argument(Syntax syntax, @Nullable String token, Set<String> flags) {
      if (syntax instanceof Syntax.Optional inner) {
        argument(inner.part(), token, with(flags, "optional"));
      } else if (syntax instanceof Syntax.Repeat inner) {
        Set<String> repeated = with(flags, "multiple");
        argument(
            inner.part(),
            token,
            leadingToken(inner.part()) == null ? repeated : with(repeated, "multiple_token"));
      } else if (syntax instanceof Syntax.Token own) {
        header(own.text(), "pure-token", own.text(), flags, 0);
      } else if (syntax instanceof Syntax.Value value) {
        String type = type(value.name());
        boolean key = type.equals("key");
        header(value.name(), type, token, flags, key ? 1 : 0);
        if (key) {
          reply.bulk("key_spec_index");
          reply.integer(Math.max(0, Math.min(keysSeen++, keySpecs - 1)));
        }
      } else if (syntax instanceof Syntax.Choice choice) {
        header(nameOf(choice), "oneof", token, flags, 1);
        reply.bulk("arguments");
        arguments(choice.alternatives());
      } else if (syntax instanceof Syntax.Sequence sequence) {
        sequence(sequence, token, flags);
      }
    }

    private void sequence(Syntax.Sequence sequence, @Nullable String token, Set<String> flags) {
      Syntax.Token own = token == null ? leadingToken(sequence) : null;
      List<Syntax> parts = sequence.parts();
      List<Syntax> rest =
          joined(own == null ? sequence : new Syntax.Sequence(parts.subList(1, parts.size())));
      String word = own == null ? token : own.text();
      if (rest.size() == 1 && !(rest.get(0) instanceof Syntax.Sequence)) {
        argument(rest.get(0), word, flags);
      } else {
        header(nameOf(sequence), "block", word, flags, 1);
        reply.bulk("arguments");
        arguments(rest);
      }
    }

    private void arguments(List<Syntax> parts) {
      reply.array(parts.size());
      parts.forEach(part -> argument(part, null, Set.of()));
    }

    /** The word that announces the values behind it, if a sequence begins with one. */
    private static Syntax.@Nullable Token leadingToken(Syntax syntax) {
      return syntax instanceof Syntax.Sequence sequence
              && sequence.parts().size() > 1
              && sequence.parts().get(0) instanceof Syntax.Token token
              && !(sequence.parts().get(1) instanceof Syntax.Token)
          ? token
          : null;
    }

    private static Set<String> with(Set<String> flags, String another) {
      Set<String> more = new LinkedHashSet<>(flags);
      more.add(another);
      return more;
    }

    private void header(
        String name, String type, @Nullable String token, Set<String> flags, int more) {
      boolean shown = !type.equals("block") && !type.equals("oneof");
      reply.map(2 + (shown ? 1 : 0) + (token == null ? 0 : 1) + (flags.isEmpty() ? 0 : 1) + more);
      reply.bulk("name");
      reply.bulk(name.toLowerCase(Locale.ROOT));
      reply.bulk("type");
      reply.bulk(type);
      if (shown) {
        reply.bulk("display_text");
        reply.bulk(name.toLowerCase(Locale.ROOT));
      }
      if (token != null) {
        reply.bulk("token");
        reply.bulk(token);
      }
      if (!flags.isEmpty()) {
        reply.bulk("flags");
        reply.set(flags.size());
        flags.forEach(reply::simple);
      }
    }

    private static String nameOf(Syntax syntax) {
      if (syntax instanceof Syntax.Token token) {
        return token.text();
      }
      if (syntax instanceof Syntax.Value value) {
        return value.name();
      }
      if (syntax instanceof Syntax.Optional inner) {
        return nameOf(inner.part());
      }
      if (syntax instanceof Syntax.Repeat inner) {
        return nameOf(inner.part());
      }
      if (syntax instanceof Syntax.Choice choice) {
        return nameOf(choice.alternatives().get(0));
      }
      return nameOf(((Syntax.Sequence) syntax).parts().get(0));
    }

    private static String type(String name) {
      return switch (name) {
        case "key", "key1", "key2", "newkey", "source", "destination" -> "key";
        case "pattern" -> "pattern";
        case "unix-time-seconds", "unix-time-milliseconds" -> "unix-time";
        case "timeout", "score" -> "double";
        case "seconds",
            "milliseconds",
            "count",
            "cursor",
            "index",
            "index1",
            "index2",
            "offset",
            "start",
            "stop",
            "end",
            "numkeys",
            "db",
            "destination-db",
            "rank",
            "limit",
            "client-id",
            "protover",
            "min-match-len" ->
            "integer";
        default -> "string";
      };
    }
  }
}
