package io.pillion.engine.command;

import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.acl.AccessControl;
import io.pillion.engine.acl.AclLog;
import io.pillion.engine.acl.Selector;
import io.pillion.engine.acl.User;
import io.pillion.engine.dispatch.AclCategory;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.ClientUser;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import io.pillion.engine.world.World;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * ACL: users, what they may do, and what they were refused. Users are no data: they are neither
 * sent to replicas nor in snapshots, but kept in the configuration file or in one of their own.
 */
final class AclCommands {
  private static final int USUAL_PASSWORD_BITS = 256;
  private static final int MAX_PASSWORD_BITS = 4096;
  private static final int USUAL_LOG_ENTRIES = 10;
  private static final int SHOWN_CATEGORY = 128;

  private final AccessControl access;

  AclCommands(AccessControl access) {
    this.access = access;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.SERVER);
    Command acl =
        table
            .command("ACL", AllCommands.CONTAINER)
            .arity(-2)
            .since("6.0.0")
            .complexity("Depends on subcommand.")
            .summary("Commands about users and what they may do.");
    declareForAll(acl);
    declareForAdministrators(acl);
  }

  private void declareForAll(Command acl) {
    acl.sub("CAT", this::cat)
        .arity(-2)
        .flags(NOSCRIPT, LOADING, STALE)
        .since("6.0.0")
        .complexity("O(1) since the categories and commands are a fixed set.")
        .summary("Lists the categories, or the commands of one.")
        .syntax("[category]");
    acl.sub("GENPASS", this::genpass)
        .arity(-2)
        .flags(NOSCRIPT, LOADING, STALE)
        .since("6.0.0")
        .complexity("O(1)")
        .summary("Answers a new random password.")
        .syntax("[bits]");
    acl.sub("WHOAMI", this::whoami)
        .arity(2)
        .flags(NOSCRIPT, LOADING, STALE)
        .since("6.0.0")
        .complexity("O(1)")
        .summary("Answers the user of this connection.");
    acl.sub("HELP", HelpText::write)
        .arity(2)
        .flags(LOADING, STALE)
        .since("6.0.0")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  private void declareForAdministrators(Command acl) {
    admin(acl, "USERS", this::users, 2).summary("Lists the users.");
    admin(acl, "LIST", this::list, 2).summary("Lists the users with their rules.");
    admin(acl, "GETUSER", this::getuser, 3).summary("Describes a user.").syntax("username");
    admin(acl, "DRYRUN", this::dryrun, -4)
        .since("7.0.0")
        .complexity("O(1).")
        .summary("Answers whether a user may send a command, without carrying it out.")
        .syntax("username command [arg [arg ...]]");
    admin(acl, "LOG", this::log, -2)
        .complexity("O(N) with N being the number of entries shown.")
        .summary("Lists what users were refused.")
        .syntax("[count | RESET]");
    admin(acl, "SETUSER", this::setuser, -3)
        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
        .summary("Creates or changes a user.")
        .syntax("username [rule [rule ...]]");
    admin(acl, "DELUSER", this::deluser, -3)
        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
        .summary("Removes users.")
        .syntax("username [username ...]");
    admin(acl, "LOAD", this::load, 2).summary("Reads the users from their file.");
    admin(acl, "SAVE", this::save, 2)
        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
        .summary("Writes the users to their file.");
  }

  private static Command admin(Command acl, String name, Command.Handler handler, int arity) {
    return acl.sub(name, handler)
        .arity(arity)
        .flags(ADMIN, NOSCRIPT, LOADING, STALE)
        .since("6.0.0")
        .complexity("O(N). Where N is the number of configured users.");
  }

  // --- for all

  private void cat(Call call) {
    if (call.count() > 3) {
      throw HelpText.unknownSubcommand(call);
    }
    List<String> names = new ArrayList<>();
    if (call.count() == 2) {
      for (AclCategory category : AclCategory.values()) {
        names.add(category.redisName());
      }
    } else {
      AclCategory category = category(call.arg(2));
      for (Command command : call.engine().table().all()) {
        addIfIn(category, command, names);
        command.subcommands().values().forEach(sub -> addIfIn(category, sub, names));
      }
    }
    call.reply().array(names.size());
    names.forEach(call.reply()::bulk);
  }

  private static AclCategory category(Bytes name) {
    AclCategory category = AclCategory.named(name.toString());
    if (category == null) {
      String shown = Errors.shown(name);
      throw Errors.err(
          "Unknown category '"
              + shown.substring(0, Math.min(shown.length(), SHOWN_CATEGORY))
              + "'");
    }
    return category;
  }

  private static void addIfIn(AclCategory category, Command command, List<String> names) {
    if (command.categories().contains(category)) {
      names.add(command.fullName());
    }
  }

  private void genpass(Call call) {
    if (call.count() > 3) {
      throw HelpText.unknownSubcommand(call);
    }
    long bits = call.count() == 3 ? call.args().integer(2) : USUAL_PASSWORD_BITS;
    if (bits <= 0 || bits > MAX_PASSWORD_BITS) {
      throw Errors.err(
          "ACL GENPASS argument must be the number of bits for the output password, a positive"
              + " number up to 4096");
    }
    int digits = (int) (bits + 3) / 4;
    World world = call.engine().world();
    StringBuilder password = new StringBuilder(digits + 16);
    while (password.length() < digits) {
      password.append(HexFormat.of().toHexDigits(world.randomLong()));
    }
    call.reply().bulk(password.substring(0, digits));
  }

  private void whoami(Call call) {
    ClientUser user = call.client().user();
    if (user == null) {
      call.reply().nil();
    } else {
      call.reply().bulk(user.name());
    }
  }

  // --- for administrators

  private void users(Call call) {
    call.reply().array(access.users().size());
    access.users().forEach(user -> call.reply().bulk(user.name()));
  }

  private void list(Call call) {
    call.reply().array(access.users().size());
    access.users().forEach(user -> call.reply().bulk(user.line()));
  }

  private void getuser(Call call) {
    User user = access.user(call.arg(2));
    call.args().redact(2);
    Reply reply = call.reply();
    if (user == null) {
      reply.nilArray();
      return;
    }
    reply.map(6);
    reply.bulk("flags");
    reply.set(user.flags().size());
    user.flags().forEach(reply::bulk);
    reply.bulk("passwords");
    reply.array(user.passwords().size());
    user.passwords().forEach(reply::bulk);
    List<Selector> selectors = user.selectors();
    describe(reply, selectors.get(0));
    reply.bulk("selectors");
    reply.array(selectors.size() - 1);
    for (Selector selector : selectors.subList(1, selectors.size())) {
      reply.map(3);
      describe(reply, selector);
    }
  }

  private static void describe(Reply reply, Selector selector) {
    reply.bulk("commands");
    bytes(reply, selector.describeCommands());
    reply.bulk("keys");
    bytes(reply, selector.describeKeys());
    reply.bulk("channels");
    bytes(reply, selector.describeChannels());
  }

  /** A text of which each character is a byte. */
  private static void bytes(Reply reply, String text) {
    reply.bulk(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private void dryrun(Call call) {
    User user = access.user(call.arg(2));
    if (user == null) {
      throw Errors.err("User '" + Errors.shown(call.arg(2)) + "' not found");
    }
    Args words = Args.of(rest(call, 3).toArray(Bytes[]::new));
    Command command = call.engine().table().lookUp(words);
    if (command == null) {
      throw Errors.err("Command '" + Errors.shown(words.get(0)) + "' not found");
    }
    if (!command.takes(words.count())) {
      throw Errors.wrongNumberOfArguments(command.fullName());
    }
    String refusal = access.tryOut(user, command, words);
    if (refusal == null) {
      call.reply().ok();
    } else {
      bytes(call.reply(), refusal);
    }
  }

  private static List<Bytes> rest(Call call, int from) {
    List<Bytes> words = new ArrayList<>();
    for (int i = from; i < call.count(); i++) {
      words.add(call.arg(i).copy());
    }
    return words;
  }

  private void log(Call call) {
    if (call.count() > 3) {
      throw HelpText.unknownSubcommand(call);
    }
    if (call.count() == 3 && call.args().is(2, "RESET")) {
      access.log().reset();
      call.reply().ok();
      return;
    }
    long count = call.count() == 3 ? call.args().integer(2) : USUAL_LOG_ENTRIES;
    List<AclLog.Entry> entries = access.log().newest(count);
    call.reply().array(entries.size());
    entries.forEach(entry -> write(call, entry));
  }

  private static void write(Call call, AclLog.Entry entry) {
    Reply reply = call.reply();
    reply.map(10);
    reply.bulk("count");
    reply.integer(entry.count());
    reply.bulk("reason");
    reply.bulk(entry.reason().redisName());
    reply.bulk("context");
    reply.bulk(entry.context());
    reply.bulk("object");
    reply.bulk(entry.object());
    reply.bulk("username");
    reply.bulk(entry.userName());
    reply.bulk("age-seconds");
    reply.number((call.now() - entry.updatedMillis()) / 1000.0);
    reply.bulk("client-info");
    reply.bulk(entry.client());
    reply.bulk("entry-id");
    reply.integer(entry.id());
    reply.bulk("timestamp-created");
    reply.integer(entry.createdMillis());
    reply.bulk("timestamp-last-updated");
    reply.integer(entry.updatedMillis());
  }

  private void setuser(Call call) {
    List<Bytes> words = secretWords(call);
    access.set(words.get(0), words.subList(1, words.size()));
    call.reply().ok();
  }

  private void deluser(Call call) {
    call.reply().integer(access.delete(secretWords(call)));
  }

  /** The words from the third on, which nobody else gets to see. */
  private static List<Bytes> secretWords(Call call) {
    List<Bytes> words = rest(call, 2);
    for (int i = 2; i < call.count(); i++) {
      call.args().redact(i);
    }
    return words;
  }

  private void load(Call call) {
    access.load();
    call.reply().ok();
  }

  private void save(Call call) {
    access.save();
    call.reply().ok();
  }
}
