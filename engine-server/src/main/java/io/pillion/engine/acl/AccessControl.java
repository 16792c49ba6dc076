package io.pillion.engine.acl;

import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.CommandGate;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All users of an engine, and the gate that asks what they may do. Under the engine lock, except
 * where it says otherwise.
 *
 * <p>A client whose user may do everything is not {@link Client#isGuarded guarded}, so that the
 * dispatcher asks nothing; this class says so again whenever a client's user, or a user's rules,
 * become others.
 */
public final class AccessControl implements CommandGate {
  private static final Logger log = LoggerFactory.getLogger(AccessControl.class);
  private static final Bytes DEFAULT = Bytes.of("default");

  private final Parameters parameters;
  private final CommandTable table;
  private final Subscriptions subscriptions;
  private final ClientDescriber describer;
  private final AclLog refusals = new AclLog();
  private final SortedMap<Bytes, User> users = new TreeMap<>();
  private final User defaultUser;
  private final CommandKeys keys = new CommandKeys();
  private @Nullable Engine attached;
  private volatile boolean letsAnyoneIn = true;
  private volatile boolean defaultMustProve;

  /**
   * The one user {@code default}, who may do everything.
   *
   * @param table the commands that rules speak of; it may be filled later
   * @param describer says of a client what CLIENT INFO says
   */
  public AccessControl(
      CommandTable table,
      Parameters parameters,
      Subscriptions subscriptions,
      ClientDescriber describer) {
    this.table = table;
    this.parameters = parameters;
    this.subscriptions = subscriptions;
    this.describer = describer;
    defaultUser = new User(DEFAULT, Rules.ofDefault(table));
    users.put(DEFAULT, defaultUser);
  }

  private Engine engine() {
    Engine engine = attached;
    if (engine == null) {
      throw new IllegalStateException("not attached");
    }
    return engine;
  }

  /** What was refused. */
  public AclLog log() {
    return refusals;
  }

  // --- users

  /** All users, in the order of their names. */
  public Collection<User> users() {
    return Collections.unmodifiableCollection(users.values());
  }

  /** The user of a name, or null. */
  public @Nullable User user(Bytes name) {
    return users.get(name);
  }

  /** Whether the default user has no password of its own, so that giving one must be a mistake. */
  public boolean defaultTakesAnyPassword() {
    return defaultUser.rules().takesAnyPassword();
  }

  /**
   * Creates a user, or changes one: by all of these rules or, when one cannot be applied, by none.
   * Who listens to channels that the user may not name any more is cut off.
   *
   * @throws CommandException with ACL SETUSER's error; nothing has changed then
   */
  public void set(Bytes name, List<Bytes> words) {
    if (Selector.hasBlanks(name)) {
      throw Errors.err("Usernames can't contain spaces or null characters");
    }
    User user = users.get(name);
    Rules rules = user == null ? newRules() : new Rules(user.rules(), channelsByDefault());
    for (Bytes rule : joined(words)) {
      try {
        rules.apply(rule);
      } catch (RuleException e) {
        throw Errors.err("Error in ACL SETUSER modifier '" + Errors.shown(rule) + "': " + e.text());
      }
    }
    if (user == null) {
      users.put(name.copy(), new User(name.copy(), rules));
      return;
    }
    List<Bytes> channels = channelsIfFewer(user.rules(), rules);
    user.become(rules);
    if (channels != null) {
      clientsOf(user).forEach(client -> killIfListening(client, channels));
    }
    changed(user);
  }

  private static List<Bytes> joined(List<Bytes> words) {
    try {
      return Rules.joined(words);
    } catch (Rules.UnmatchedParenthesisException e) {
      throw Errors.err(
          "Unmatched parenthesis in acl selector starting at '" + e.getMessage() + "'.");
    }
  }

  /**
   * Removes users; their clients are cut off.
   *
   * @return how many of them there were
   * @throws CommandException when the default user is among them; nothing has changed then
   */
  public int delete(List<Bytes> names) {
    if (names.contains(DEFAULT)) {
      throw Errors.err("The 'default' user cannot be removed");
    }
    int deleted = 0;
    for (Bytes name : names) {
      User user = users.remove(name);
      if (user != null) {
        deleted++;
        clientsOf(user).forEach(this::killOrphan);
      }
    }
    return deleted;
  }

  private List<Client> clientsOf(User user) {
    List<Client> found = new ArrayList<>();
    for (Client client : engine().clients()) {
      if (client.user() == user) {
        found.add(client);
      }
    }
    return found;
  }

  /** Its user is gone; should it be able to do anything yet, it is as a stranger. */
  private void killOrphan(Client client) {
    client.user(defaultUser, /* proved= */ false);
    guard(client);
    engine().kill(client);
  }

  private boolean channelsByDefault() {
    return parameters.text("acl-pubsub-default").equals("allchannels");
  }

  private Rules newRules() {
    return new Rules(table, channelsByDefault());
  }

  /** A user may do other things now: looks anew who is to be guarded. */
  private void changed(User user) {
    boolean isDefault = user == defaultUser;
    if (isDefault) {
      letsAnyoneIn = user.rules().takesAnyPassword();
      defaultMustProve = !user.rules().isEnabled() || !letsAnyoneIn;
    }
    for (Client client : engine().clients()) {
      if (isDefault || client.user() == user) {
        guard(client);
      }
    }
  }

  private void guard(Client client) {
    if (client.user() == null) {
      // A primary, whose commands were allowed there.
      return;
    }
    boolean mustProve = defaultMustProve && !client.isAuthenticated();
    client.guarded(mustProve || !userOf(client).isUnrestricted());
  }

  private User userOf(Client client) {
    return client.user() instanceof User user ? user : defaultUser;
  }

  // --- channels

  /**
   * The patterns of channels that may be named by new rules, where those are fewer than by the old
   * ones; null where all of the old ones are still there.
   */
  private static @Nullable List<Bytes> channelsIfFewer(Rules before, Rules after) {
    List<Bytes> allowed = new ArrayList<>();
    for (Selector selector : after.selectors()) {
      if (selector.allowsAllChannels()) {
        return null;
      }
      allowed.addAll(selector.channelPatterns());
    }
    boolean fewer = false;
    for (Selector selector : before.selectors()) {
      fewer |= selector.allowsAllChannels() || !allowed.containsAll(selector.channelPatterns());
    }
    return fewer ? allowed : null;
  }

  private void killIfListening(Client client, List<Bytes> allowed) {
    if (subscriptions.anyMatch(
        client, (name, isPattern) -> !Selector.matchesAny(allowed, name, isPattern))) {
      engine().kill(client);
    }
  }

  // --- clients

  @Override
  public void welcome(Client client) {
    // Who came while no password was asked for stays in.
    client.user(defaultUser, /* proved= */ !defaultMustProve);
    guard(client);
  }

  /**
   * A client becomes a user.
   *
   * @param command the word by which it asked: AUTH or HELLO
   * @throws CommandException WRONGPASS when this is not the user's password, or there is no such
   *     user, or none that may log in; it stays who it was
   */
  public void authenticate(Client client, Bytes name, Bytes password, Bytes command) {
    User user = users.get(name);
    // Found out in any case, so that the time taken does not tell which names there are.
    boolean matches = (user == null ? defaultUser : user).rules().takes(password);
    if (user == null || !user.rules().isEnabled() || !matches) {
      Context context = client.transaction() == null ? Context.TOPLEVEL : Context.MULTI;
      takeDown(client, Denial.Reason.AUTH, context, command, name);
      throw new CommandException("WRONGPASS invalid username-password pair or user is disabled.");
    }
    client.user(user, /* proved= */ true);
    guard(client);
  }

  @Override
  public boolean become(Client client, Bytes name) {
    User user = users.get(name);
    if (user == null || !user.rules().isEnabled()) {
      return false;
    }
    client.user(user, /* proved= */ true);
    guard(client);
    return true;
  }

  @Override
  public boolean needsAuthentication(Client client) {
    return defaultMustProve && !client.isAuthenticated();
  }

  @Override
  public boolean letsAnyoneIn() {
    return letsAnyoneIn;
  }

  // --- what clients may do

  @Override
  public void admit(Client client, Command command, Args args) {
    if (needsAuthentication(client) && !command.is(CommandFlag.NO_AUTH)) {
      throw new CommandException("NOAUTH Authentication required.");
    }
    check(client, command, args, client.transaction() == null ? Context.TOPLEVEL : Context.MULTI);
  }

  @Override
  public void check(Client client, Command command, Args args, Context context) {
    User user = userOf(client);
    Denial denial = user.check(command, args, keys);
    if (denial == null) {
      return;
    }
    Bytes object =
        denial.reason() == Denial.Reason.COMMAND
            ? Bytes.of(command.fullName())
            : args.get(denial.index());
    takeDown(client, denial.reason(), context, object, user.name());
    throw new CommandException("NOPERM " + text(denial, user, command, context));
  }

  private static String text(Denial denial, User user, Command command, Context context) {
    if (context == Context.EXEC) {
      return "ACLs rules changed between the moment the transaction was accumulated and the EXEC"
          + " call. This command is no longer allowed for the following reason: "
          + switch (denial.reason()) {
            case COMMAND -> "no permission to execute the command or subcommand";
            case KEY -> "no permission to touch the specified keys";
            default -> "no permission to access one of the channels used as arguments";
          };
    }
    return switch (denial.reason()) {
      case COMMAND -> commandText(user, command);
      case KEY -> "No permissions to access a key";
      default -> "No permissions to access a channel";
    };
  }

  private static String commandText(User user, Command command) {
    return "User "
        + Errors.shown(user.name())
        + " has no permissions to run the '"
        + command.fullName()
        + "' command";
  }

  /** What a user would be told that sent these words; null when it may. */
  public @Nullable String tryOut(User user, Command command, Args args) {
    Denial denial = user.check(command, args, keys);
    if (denial == null) {
      return null;
    }
    if (denial.reason() == Denial.Reason.COMMAND) {
      return commandText(user, command);
    }
    return "User "
        + Errors.shown(user.name())
        + " has no permissions to access the '"
        + Errors.shown(args.get(denial.index()))
        + (denial.reason() == Denial.Reason.KEY ? "' key" : "' channel");
  }

  @Override
  public boolean allows(Client client, Command command, Args args) {
    return userOf(client).check(command, args, keys) == null;
  }

  @Override
  public boolean allowsReadingAllKeys(Client client, Command command, Args args) {
    return userOf(client).mayReadAllKeys(command, args, keys);
  }

  private void takeDown(
      Client client, Denial.Reason reason, Context context, Bytes object, Bytes userName) {
    String part =
        switch (context) {
          case TOPLEVEL -> "toplevel";
          case MULTI, EXEC -> "multi";
          case SCRIPT -> "lua";
        };
    refusals.add(
        reason,
        part,
        object,
        userName,
        engine().keyspace().now(),
        describer.describe(client, engine().keyspace().now()),
        parameters.number("acllog-max-len"));
  }

  // --- configuration

  /**
   * Guards an engine from now on, by what is configured: {@code requirepass}, users in the
   * configuration file, or a file of users. Before its first client comes.
   *
   * @throws ConfigException when what is configured cannot be understood
   */
  public void attach(Engine engine) {
    attached = engine;
    engine.gate(this);
    if (!parameters.text("requirepass").isEmpty()) {
      followRequirepass();
    }
    parameters.onChange(this::followRequirepass, "requirepass");
    List<List<String>> configured = parameters.users();
    if (hasFile() && !configured.isEmpty()) {
      throw new ConfigException(
          "Configuring users in the configuration file and an aclfile at once is invalid: define"
              + " users in one of the two places, not in both.");
    }
    configured.forEach(this::configure);
    if (hasFile()) {
      try {
        replaceAll(file().read(this::newRules));
      } catch (AclFile.InvalidException e) {
        throw new ConfigException("Aborting startup because of ACL errors: " + e.text());
      }
    }
    parameters.rewriteUsers(this::configurationLines);
  }

  /** The default user's only password, or none. */
  private void followRequirepass() {
    String password = parameters.text("requirepass");
    set(
        DEFAULT,
        password.isEmpty()
            ? List.of(Bytes.of("nopass"))
            : List.of(Bytes.of("resetpass"), Bytes.of(">" + password)));
  }

  private void configure(List<String> line) {
    Bytes name = Bytes.of(line.get(0));
    if (Selector.hasBlanks(name)) {
      throw new ConfigException("Spaces not allowed in ACL usernames");
    }
    Rules rules = newRules();
    try {
      for (Bytes rule :
          Rules.joined(line.subList(1, line.size()).stream().map(Bytes::of).toList())) {
        apply(rules, rule, line.get(0));
      }
    } catch (Rules.UnmatchedParenthesisException e) {
      throw new ConfigException(
          "Error in user declaration '" + e.getMessage() + "': Unmatched parenthesis");
    }
    User user = users.computeIfAbsent(name, any -> new User(name, rules));
    user.become(rules);
    changed(user);
    if (!rules.isEnabled()) {
      log.info(
          "The user '{}' is disabled (there is no 'on' modifier in the user description). Make"
              + " sure this is not a configuration error.",
          user);
    }
  }

  private static void apply(Rules rules, Bytes rule, String user) {
    try {
      rules.apply(rule);
    } catch (RuleException e) {
      // Only the name of a command is surely no secret.
      String shown = e.fault() == RuleException.Fault.UNKNOWN ? " '" + rule.toUtf8() + "'" : "";
      throw new ConfigException(
          "Error loading ACL rule" + shown + " for the user named '" + user + "': " + e.text());
    }
  }

  /** The lines for a configuration file: none when there is a file of users. */
  private List<String> configurationLines() {
    List<String> lines = new ArrayList<>();
    if (!hasFile()) {
      users.values().forEach(user -> lines.add(user.line().toUtf8()));
    }
    return lines;
  }

  // --- the file of users

  private boolean hasFile() {
    return !parameters.text("aclfile").isEmpty();
  }

  private AclFile file() {
    String name = parameters.text("aclfile");
    if (name.isEmpty()) {
      throw Errors.err(
          "This instance is not configured to use an ACL file. You may want to specify users via"
              + " the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a"
              + " configuration file set) in order to store users in the configuration.");
    }
    String path = name.startsWith("/") ? name : parameters.text("dir") + "/" + name;
    return new AclFile(engine().world(), name, path);
  }

  /**
   * Takes the users of the file in place of those there are: all of them or, when anything in it is
   * wrong, none. Who has no user any more, or listens to what it may not, is cut off.
   *
   * @throws CommandException with all that is wrong; nothing has changed then
   */
  public void load() {
    try {
      replaceAll(file().read(this::newRules));
    } catch (AclFile.InvalidException e) {
      throw Errors.err(e.text());
    }
  }

  private void replaceAll(SortedMap<Bytes, Rules> loaded) {
    boolean isSilent = loaded.putIfAbsent(DEFAULT, Rules.ofDefault(table)) == null;
    if (isSilent && !parameters.text("requirepass").isEmpty()) {
      log.warn(
          "The ACL file says nothing of the user 'default', who therefore needs no password:"
              + " requirepass is not heeded where there is such a file.");
    }
    List<User> before = List.copyOf(users.values());
    for (User user : before) {
      Rules rules = loaded.remove(user.name());
      if (rules == null) {
        users.remove(user.name());
        clientsOf(user).forEach(this::killOrphan);
        continue;
      }
      List<Bytes> channels = channelsIfFewer(user.rules(), rules);
      user.become(rules);
      if (channels != null) {
        clientsOf(user).forEach(client -> killIfListening(client, channels));
      }
      changed(user);
    }
    loaded.forEach((name, rules) -> users.put(name, new User(name, rules)));
  }

  /**
   * Writes all users to the file.
   *
   * @throws CommandException when that fails; the file is as it was then
   */
  public void save() {
    AclFile file = file();
    try {
      file.write(users.values());
    } catch (IOException e) {
      log.warn("Writing the ACL file failed: {}", e.getMessage());
      throw Errors.err(
          "There was an error trying to save the ACLs. Please check the server logs for more"
              + " information");
    }
  }
}
