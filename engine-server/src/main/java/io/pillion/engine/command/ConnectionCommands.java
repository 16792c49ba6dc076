package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.CONNECTION;
import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.ALLOW_BUSY;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.HEALTH_CHECK;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.NO_AUTH;
import static io.pillion.engine.dispatch.CommandFlag.STALE;
import static io.pillion.engine.dispatch.CommandFlag.SUBSCRIBER;
import static io.pillion.engine.dispatch.CommandFlag.TRANSACTION_CONTROL;

import io.pillion.engine.acl.User;
import io.pillion.engine.config.FatalConfigException;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/** The connection group: who the client is, and how it is spoken to. */
final class ConnectionCommands {
  private final Services services;
  private final ClientDescription description;

  ConnectionCommands(Services services) {
    this.services = services;
    description = new ClientDescription(services.pubSub(), services.tracking());
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.CONNECTION);
    table
        .command("PING", this::ping)
        .arity(-1)
        .flags(FAST, SUBSCRIBER, HEALTH_CHECK)
        .acl(CONNECTION)
        .tips("request_policy:all_shards", "response_policy:all_succeeded")
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Answers, so that the client knows it can.")
        .syntax("[message]");
    table
        .command("ECHO", this::echo)
        .arity(2)
        .flags(LOADING, STALE, FAST)
        .acl(CONNECTION)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Answers what was sent.")
        .syntax("message");
    table
        .command("HELLO", this::hello)
        .arity(-1)
        .flags(NOSCRIPT, LOADING, STALE, FAST, NO_AUTH, ALLOW_BUSY)
        .acl(CONNECTION)
        .since("6.0.0")
        .complexity("O(1)")
        .summary("Agrees on the protocol version.")
        .syntax("[protover [AUTH username password] [SETNAME clientname]]");
    table
        .command("AUTH", this::auth)
        .arity(-2)
        .flags(NOSCRIPT, LOADING, STALE, FAST, NO_AUTH, ALLOW_BUSY)
        .acl(CONNECTION)
        .since("1.0.0")
        .complexity("O(N) where N is the number of passwords of the user")
        .summary("Proves who the client is.")
        .syntax("[username] password");
    table
        .command("SELECT", this::select)
        .arity(2)
        .flags(LOADING, STALE, FAST)
        .acl(CONNECTION)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Chooses the database.")
        .syntax("index");
    table
        .command("QUIT", this::quit)
        .arity(-1)
        .flags(NOSCRIPT, LOADING, STALE, FAST, NO_AUTH, ALLOW_BUSY, TRANSACTION_CONTROL, SUBSCRIBER)
        .acl(CONNECTION)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Ends the connection.");
    table
        .command("RESET", this::reset)
        .arity(1)
        .flags(NOSCRIPT, LOADING, STALE, FAST, NO_AUTH, ALLOW_BUSY, TRANSACTION_CONTROL, SUBSCRIBER)
        .acl(CONNECTION)
        .since("6.2.0")
        .complexity("O(1)")
        .summary("Makes the connection as good as new.");
    Command client =
        table
            .command("CLIENT", AllCommands.CONTAINER)
            .arity(-2)
            .since("2.4.0")
            .complexity("Depends on subcommand.")
            .summary("Commands about client connections.");
    declareClients(client);
    declareOwnClient(client);
  }

  private void declareClients(Command client) {
    sub(client, "ID", this::clientId, 2)
        .since("5.0.0")
        .complexity("O(1)")
        .summary("Answers the number of this connection.");
    sub(client, "INFO", this::clientInfo, 2)
        .tips("nondeterministic_output")
        .since("6.2.0")
        .complexity("O(1)")
        .summary("Describes this connection.");
    sub(client, "LIST", this::clientList, -2)
        .flags(ADMIN)
        .tips("nondeterministic_output")
        .since("2.4.0")
        .complexity("O(N) where N is the number of connections")
        .summary("Describes open connections.")
        .syntax("[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]");
    sub(client, "KILL", this::clientKill, -3)
        .flags(ADMIN)
        .since("2.4.0")
        .complexity("O(N) where N is the number of connections")
        .summary("Ends connections.")
        .syntax(
            "<ip:port | [ID client-id] [TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB>] [USER"
                + " username] [ADDR ip:port] [LADDR ip:port] [SKIPME <YES | NO>] [MAXAGE"
                + " maxage]>");
    sub(client, "PAUSE", this::clientPause, -3)
        .flags(ADMIN)
        .since("3.0.0")
        .complexity("O(1)")
        .summary("Lets commands wait for a while.")
        .syntax("timeout [WRITE | ALL]");
    sub(client, "UNPAUSE", this::clientUnpause, 2)
        .flags(ADMIN)
        .since("6.2.0")
        .complexity("O(N) where N is the number of clients that wait")
        .summary("Ends a pause.");
    sub(client, "UNBLOCK", this::clientUnblock, -3)
        .flags(ADMIN)
        .since("5.0.0")
        .complexity("O(log N) where N is the number of connections")
        .summary("Ends the wait of a client.")
        .syntax("client-id [TIMEOUT | ERROR]");
  }

  private void declareOwnClient(Command client) {
    sub(client, "REPLY", this::clientReply, 3)
        .since("3.2.0")
        .complexity("O(1)")
        .summary("Says whether this client wants replies.")
        .syntax("<ON | OFF | SKIP>");
    sub(client, "SETNAME", this::clientSetName, 3)
        .since("2.6.9")
        .complexity("O(1)")
        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
        .summary("Names this connection.")
        .syntax("connection-name");
    sub(client, "GETNAME", this::clientGetName, 2)
        .since("2.6.9")
        .complexity("O(1)")
        .summary("Answers the name of this connection.");
    sub(client, "SETINFO", this::clientSetInfo, 4)
        .since("7.2.0")
        .complexity("O(1)")
        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
        .summary("Says which library this client is.")
        .syntax("<LIB-NAME libname | LIB-VER libver>");
    sub(client, "NO-EVICT", this::clientNoEvict, 3)
        .flags(ADMIN)
        .since("7.0.0")
        .complexity("O(1)")
        .summary("Spares this client when clients are dropped to save memory.")
        .syntax("<ON | OFF>");
    sub(client, "NO-TOUCH", this::clientNoTouch, 3)
        .since("7.2.0")
        .complexity("O(1)")
        .summary("Says whether what this client reads counts as used.")
        .syntax("<ON | OFF>");
    sub(client, "CAPA", this::clientCapa, -3)
        .since("8.0.0")
        .complexity("O(1)")
        .summary("Says what this client can do: with REDIRECT, a replica tells it where to go.")
        .syntax("capability [capability ...]");
    new TrackingCommands(services.tracking()).declare(client);
    client
        .sub("HELP", this::clientHelp)
        .arity(2)
        .flags(LOADING, STALE)
        .acl(CONNECTION)
        .since("5.0.0")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  private static Command sub(Command client, String name, Command.Handler handler, int arity) {
    return client.sub(name, handler).arity(arity).flags(NOSCRIPT, LOADING, STALE).acl(CONNECTION);
  }

  // --- talking

  private void ping(Call call) {
    if (call.count() > 2) {
      throw Errors.wrongNumberOfArguments("ping");
    }
    if (call.client().isSubscriber() && call.reply().version() == 2) {
      // Among messages, an answer has to look like one.
      call.reply().array(2);
      call.reply().bulk("pong");
      call.reply().bulk(call.count() == 2 ? call.arg(1) : Bytes.EMPTY);
    } else if (call.count() == 2) {
      call.reply().bulk(call.arg(1));
    } else {
      call.reply().simple("PONG");
    }
  }

  private void echo(Call call) {
    call.reply().bulk(call.arg(1));
  }

  private void hello(Call call) {
    try {
      greet(call);
    } catch (CommandException e) {
      // It may have failed before it came to the password.
      redactCredentials(call.args());
      throw e;
    }
  }

  /** Leaves what reads as HELLO's options; nobody knows what the words after them were to be. */
  private static void redactCredentials(Args args) {
    int i = 2;
    while (i < args.count()) {
      boolean auth = args.is(i, "AUTH");
      if (!auth && !args.is(i, "SETNAME")) {
        break;
      }
      int next = Math.min(i + (auth ? 3 : 2), args.count());
      for (int word = i + 1; auth && word < next; word++) {
        args.redact(word);
      }
      i = next;
    }
    for (; i < args.count(); i++) {
      args.redact(i);
    }
  }

  private void greet(Call call) {
    Args args = call.args();
    long version = 0;
    if (args.count() > 1) {
      version =
          Numbers.parseLong(
              args.get(1), Errors.err("Protocol version is not an integer or out of range"));
      if (version < 2 || version > 3) {
        throw new CommandException("NOPROTO unsupported protocol version");
      }
    }
    Bytes user = null;
    Bytes password = null;
    Bytes name = null;
    for (int i = 2; i < args.count(); i++) {
      if (args.is(i, "AUTH") && i + 2 < args.count()) {
        user = args.get(i + 1).copy();
        password = args.get(i + 2).copy();
        args.redact(i + 1);
        args.redact(i + 2);
        i += 2;
      } else if (args.is(i, "SETNAME") && i + 1 < args.count()) {
        name = args.get(++i);
        requirePlain(name, "Client names");
      } else {
        throw Errors.err("Syntax error in HELLO option '" + Errors.shown(args.get(i)) + "'");
      }
    }
    Client client = call.client();
    if (user != null && password != null) {
      authenticate(call, user, password);
    }
    if (call.engine().needsAuthentication(client)) {
      throw new CommandException(
          "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO"
              + " <proto> AUTH <user> <pass> option can be used to authenticate the client and"
              + " select the RESP protocol version at the same time");
    }
    if (name != null) {
      client.name(name.toString());
    }
    if (version != 0) {
      call.reply().version((int) version);
    }
    writeHello(call);
  }

  private void writeHello(Call call) {
    call.reply().map(7);
    call.reply().bulk("server");
    call.reply().bulk("redis");
    call.reply().bulk("version");
    call.reply().bulk(FatalConfigException.REDIS_VERSION);
    call.reply().bulk("proto");
    call.reply().integer(call.reply().version());
    call.reply().bulk("id");
    call.reply().integer(call.client().id());
    call.reply().bulk("mode");
    call.reply().bulk("standalone");
    call.reply().bulk("role");
    call.reply().bulk(services.following().isOn() ? "replica" : "master");
    call.reply().bulk("modules");
    call.reply().array(0);
  }

  private void auth(Call call) {
    if (call.count() > 3) {
      throw Errors.syntax();
    }
    Bytes user = call.count() == 3 ? call.arg(1).copy() : DEFAULT_USER;
    Bytes password = call.arg(call.count() - 1).copy();
    for (int i = 1; i < call.count(); i++) {
      call.args().redact(i);
    }
    if (call.count() == 2 && services.access().defaultTakesAnyPassword()) {
      throw Errors.err(
          "AUTH <password> called without any password configured for the default user. Are you"
              + " sure your configuration is correct?");
    }
    authenticate(call, user, password);
    call.reply().ok();
  }

  private static final Bytes DEFAULT_USER = Bytes.of("default");

  private void authenticate(Call call, Bytes user, Bytes password) {
    services.access().authenticate(call.client(), user, password, call.arg(0));
  }

  private void select(Call call) {
    call.client().database(Databases.selectable(call, 1));
    call.reply().ok();
  }

  private void quit(Call call) {
    call.reply().ok();
    call.client().close(/* afterReplies= */ true);
  }

  private void reset(Call call) {
    Client client = call.client();
    call.engine().clients().forget(client);
    client.database(0);
    client.name("");
    client.noEvict(false);
    client.noTouch(false);
    client.readsHere(false);
    client.replyMode(Client.ReplyMode.ON);
    call.engine().gate().welcome(client);
    call.reply().version(2);
    call.reply().simple("RESET");
  }

  // --- CLIENT

  private void clientId(Call call) {
    call.reply().integer(call.client().id());
  }

  private void clientInfo(Call call) {
    call.reply().verbatim("txt", describe(call, call.client()));
  }

  private void clientList(Call call) {
    Predicate<Client> wanted = client -> true;
    if (call.count() == 4 && call.args().is(2, "TYPE")) {
      wanted = ofType(call.arg(3));
    } else if (call.count() > 3 && call.args().is(2, "ID")) {
      List<Long> ids = new ArrayList<>();
      for (int i = 3; i < call.count(); i++) {
        ids.add(Numbers.parseLong(call.arg(i), Errors.err("Invalid client ID")));
      }
      wanted = client -> ids.contains(client.id());
    } else if (call.count() > 2) {
      throw Errors.syntax();
    }
    StringBuilder list = new StringBuilder();
    for (Client client : call.engine().clients()) {
      if (wanted.test(client)) {
        list.append(describe(call, client));
      }
    }
    call.reply().verbatim("txt", list.toString());
  }

  private static Predicate<Client> ofType(Bytes type) {
    return switch (type.toString().toLowerCase(Locale.ROOT)) {
      case "normal" ->
          client -> !client.isSubscriber() && !client.isReplica() && !client.isPrimary();
      case "pubsub" -> Client::isSubscriber;
      case "slave", "replica" -> Client::isReplica;
      case "master" -> Client::isPrimary;
      default -> throw Errors.err("Unknown client type '" + Errors.shown(type) + "'");
    };
  }

  private String describe(Call call, Client client) {
    long argumentBytes = client == call.client() ? call.args().sizeBytes() : 0;
    return description.of(client, call.now(), argumentBytes) + "\n";
  }

  private void clientKill(Call call) {
    if (call.count() == 3) {
      String address = call.arg(2).toString();
      if (kill(call, client -> client.outlet().peerAddress().equals(address)) == 0) {
        throw Errors.err("No such client");
      }
      call.reply().ok();
      return;
    }
    Predicate<Client> wanted = client -> true;
    boolean skipMe = true;
    for (int i = 2; i < call.count(); i += 2) {
      if (i + 1 == call.count()) {
        throw Errors.syntax();
      }
      Bytes value = call.arg(i + 1);
      String text = value.toString();
      switch (call.arg(i).toString().toUpperCase(Locale.ROOT)) {
        case "ID" -> {
          long id = positive(value, "client-id should be greater than 0");
          wanted = wanted.and(client -> client.id() == id);
        }
        case "TYPE" -> wanted = wanted.and(ofType(value));
        case "ADDR" -> wanted = wanted.and(client -> client.outlet().peerAddress().equals(text));
        case "LADDR" -> wanted = wanted.and(client -> client.outlet().localAddress().equals(text));
        case "USER" -> {
          User user = services.access().user(value);
          if (user == null) {
            throw Errors.err("No such user '" + Errors.shown(value) + "'");
          }
          wanted = wanted.and(client -> client.user() == user);
        }
        case "MAXAGE" -> {
          Numbers.parseLong(value, Errors.err("maxage is not an integer or out of range"));
          long seconds = positive(value, "maxage should be greater than 0");
          wanted = wanted.and(c -> ageSeconds(call, c) >= seconds);
        }
        case "SKIPME" -> skipMe = yesOrNo(call, i + 1, "YES", "NO");
        default -> throw Errors.syntax();
      }
    }
    if (skipMe) {
      wanted = wanted.and(client -> client != call.client());
    }
    call.reply().integer(kill(call, wanted));
  }

  private static long ageSeconds(Call call, Client client) {
    return Math.max(0, call.now() - client.connectedMillis()) / 1000;
  }

  private static long positive(Bytes text, String complaint) {
    long number = Numbers.parseLong(text, Errors.err(complaint));
    if (number <= 0) {
      throw Errors.err(complaint);
    }
    return number;
  }

  private static int kill(Call call, Predicate<Client> wanted) {
    int killed = 0;
    for (Client client : call.engine().clients().stream().toList()) {
      if (!client.isClosing() && wanted.test(client)) {
        client.close(/* afterReplies= */ client == call.client());
        killed++;
      }
    }
    return killed;
  }

  private void clientPause(Call call) {
    Engine.PauseMode mode = Engine.PauseMode.ALL;
    if (call.count() == 4 && call.args().is(3, "WRITE")) {
      mode = Engine.PauseMode.WRITE;
    } else if (call.count() > 3 && !(call.count() == 4 && call.args().is(3, "ALL"))) {
      throw call.count() == 4
          ? Errors.err("CLIENT PAUSE mode must be WRITE or ALL")
          : HelpText.unknownSubcommand(call);
    }
    long millis =
        Numbers.parseLong(call.arg(2), Errors.err("timeout is not an integer or out of range"));
    if (millis < 0) {
      throw Errors.err("timeout is negative");
    }
    if (millis > Long.MAX_VALUE - call.now()) {
      throw Errors.err("timeout is out of range");
    }
    call.engine().pause(mode, call.now() + millis);
    call.reply().ok();
  }

  private void clientUnpause(Call call) {
    call.reply().ok();
    call.engine().unpause();
  }

  private void clientUnblock(Call call) {
    boolean withError = false;
    if (call.count() > 3) {
      withError = call.args().is(3, "ERROR");
      if (call.count() > 4 || (!withError && !call.args().is(3, "TIMEOUT"))) {
        throw Errors.err("CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
      }
    }
    Client client = call.engine().clients().get(call.args().integer(2));
    boolean done = client != null && call.engine().unblock(client, withError);
    call.reply().integer(done ? 1 : 0);
  }

  private void clientReply(Call call) {
    Client client = call.client();
    if (call.args().is(2, "ON")) {
      client.replyMode(Client.ReplyMode.ON);
      call.reply().ok();
    } else if (call.args().is(2, "OFF")) {
      client.replyMode(Client.ReplyMode.OFF);
    } else if (call.args().is(2, "SKIP")) {
      if (client.replyMode() != Client.ReplyMode.OFF) {
        client.replyMode(Client.ReplyMode.SKIP_NEXT);
      }
    } else {
      throw Errors.syntax();
    }
  }

  private void clientSetName(Call call) {
    requirePlain(call.arg(2), "Client names");
    call.client().name(call.arg(2).toString());
    call.reply().ok();
  }

  private static void requirePlain(Bytes text, String what) {
    for (int i = 0; i < text.length(); i++) {
      if (text.get(i) < '!' || text.get(i) > '~') {
        throw Errors.err(what + " cannot contain spaces, newlines or special characters.");
      }
    }
  }

  private void clientGetName(Call call) {
    if (call.client().name().isEmpty()) {
      call.reply().nil();
    } else {
      call.reply().bulk(call.client().name());
    }
  }

  private void clientSetInfo(Call call) {
    String value = call.arg(3).toString();
    if (call.args().is(2, "LIB-NAME")) {
      requirePlain(call.arg(3), "lib-name");
      call.client().libraryName(value);
    } else if (call.args().is(2, "LIB-VER")) {
      requirePlain(call.arg(3), "lib-ver");
      call.client().libraryVersion(value);
    } else {
      throw Errors.err("Unrecognized option '" + Errors.shown(call.arg(2)) + "'");
    }
    call.reply().ok();
  }

  private void clientNoEvict(Call call) {
    call.client().noEvict(yesOrNo(call, 2, "ON", "OFF"));
    call.reply().ok();
  }

  private void clientNoTouch(Call call) {
    call.client().noTouch(yesOrNo(call, 2, "ON", "OFF"));
    call.reply().ok();
  }

  private static boolean yesOrNo(Call call, int index, String yes, String no) {
    boolean isYes = call.args().is(index, yes);
    if (!isYes && !call.args().is(index, no)) {
      throw Errors.syntax();
    }
    return isYes;
  }

  /** Capabilities that are not known here are those of other servers. */
  private void clientCapa(Call call) {
    for (int i = 2; i < call.count(); i++) {
      if (call.args().is(i, "REDIRECT")) {
        call.client().takeRedirection();
      }
    }
    call.reply().ok();
  }

  private void clientHelp(Call call) {
    HelpText.write(call);
  }
}
