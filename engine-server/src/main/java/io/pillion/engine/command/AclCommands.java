package io.pillion.engine.command;

import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.dispatch.AclCategory;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.world.World;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** ACL, as far as there is one user, {@code default}, who may do everything. */
final class AclCommands {
  private static final String USER = "default";
  private static final int USUAL_PASSWORD_BITS = 256;
  private static final int MAX_PASSWORD_BITS = 4096;

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
    acl.sub("WHOAMI", call -> call.reply().bulk(USER))
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
    admin(acl, "LOAD", AclCommands::refuseFile, 2).summary("Reads the users from their file.");
    admin(acl, "SAVE", AclCommands::refuseFile, 2)
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
    for (AclCategory category : AclCategory.values()) {
      if (category.redisName().equals(name.toString().toLowerCase(Locale.ROOT))) {
        return category;
      }
    }
    throw Errors.err("Unknown category '" + Errors.shown(name) + "'");
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

  // --- for administrators

  private void users(Call call) {
    call.reply().array(1);
    call.reply().bulk(USER);
  }

  private void list(Call call) {
    String hash = passwordHash(call);
    call.reply().array(1);
    call.reply()
        .bulk(
            hash == null
                ? "user default on nopass sanitize-payload ~* &* +@all"
                : "user default on sanitize-payload #" + hash + " ~* &* +@all");
  }

  private static @Nullable String passwordHash(Call call) {
    byte[] password = call.engine().password();
    if (password == null) {
      return null;
    }
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(password));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }

  private void getuser(Call call) {
    boolean known = call.arg(2).toString().equals(USER);
    call.args().redact(2);
    if (!known) {
      call.reply().nilArray();
      return;
    }
    String hash = passwordHash(call);
    call.reply().map(6);
    call.reply().bulk("flags");
    call.reply().set(hash == null ? 3 : 2);
    call.reply().bulk("on");
    if (hash == null) {
      call.reply().bulk("nopass");
    }
    call.reply().bulk("sanitize-payload");
    call.reply().bulk("passwords");
    call.reply().array(hash == null ? 0 : 1);
    if (hash != null) {
      call.reply().bulk(hash);
    }
    call.reply().bulk("commands");
    call.reply().bulk("+@all");
    call.reply().bulk("keys");
    call.reply().bulk("~*");
    call.reply().bulk("channels");
    call.reply().bulk("&*");
    call.reply().bulk("selectors");
    call.reply().array(0);
  }

  private void dryrun(Call call) {
    if (!call.arg(2).toString().equals(USER)) {
      throw Errors.err("User '" + Errors.shown(call.arg(2)) + "' not found");
    }
    Args rest = rest(call, 3);
    Command command = call.engine().table().find(rest.get(0));
    if (command != null && command.isContainer() && rest.count() > 1) {
      Command sub = command.subcommands().get(rest.get(1).toString().toUpperCase(Locale.ROOT));
      command = sub;
    }
    if (command == null) {
      throw Errors.err("Command '" + Errors.shown(rest.get(0)) + "' not found");
    }
    if (!command.takes(rest.count())) {
      throw Errors.wrongNumberOfArguments(command.fullName());
    }
    call.reply().ok();
  }

  private static Args rest(Call call, int from) {
    Bytes[] words = new Bytes[call.count() - from];
    for (int i = 0; i < words.length; i++) {
      words[i] = call.arg(from + i);
    }
    return Args.of(words);
  }

  /** The one user is refused nothing but a wrong password, and that is not kept. */
  private void log(Call call) {
    if (call.count() > 3) {
      throw HelpText.unknownSubcommand(call);
    }
    if (call.count() == 3 && call.args().is(2, "RESET")) {
      call.reply().ok();
      return;
    }
    if (call.count() == 3) {
      call.args().integer(2);
    }
    call.reply().array(0);
  }

  private void setuser(Call call) {
    redactFrom(call, 2);
    throw oneUserOnly();
  }

  private void deluser(Call call) {
    boolean standard = false;
    for (int i = 2; i < call.count(); i++) {
      standard |= call.arg(i).toString().equals(USER);
    }
    redactFrom(call, 2);
    if (standard) {
      throw Errors.err("The 'default' user cannot be removed");
    }
    call.reply().integer(0);
  }

  private static void redactFrom(Call call, int from) {
    for (int i = from; i < call.count(); i++) {
      call.args().redact(i);
    }
  }

  private static CommandException oneUserOnly() {
    return Errors.err(
        "This engine has only the user 'default'. Its password is the parameter requirepass;"
            + " users with rules of their own are not supported yet");
  }

  private static void refuseFile(Call call) {
    throw Errors.err(
        "This instance is not configured to use an ACL file. You may want to specify users via the"
            + " ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a"
            + " configuration file set) in order to store users in the configuration.");
  }
}
