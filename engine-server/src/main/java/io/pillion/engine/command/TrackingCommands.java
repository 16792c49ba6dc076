package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.CONNECTION;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.tracking.Tracking;
import io.pillion.engine.tracking.TrackingOptions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The part of the connection group that is about copies of values: CLIENT TRACKING and its kin. */
final class TrackingCommands {
  private final Tracking tracking;

  TrackingCommands(Tracking tracking) {
    this.tracking = tracking;
  }

  void declare(Command client) {
    sub(client, "TRACKING", this::tracking, -3)
        .since("6.0.0")
        .complexity("O(1). Some options may introduce additional complexity.")
        .summary("Says whether this client is told when what it has read changes.")
        .syntax(
            "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN]"
                + " [OPTOUT] [NOLOOP]");
    sub(client, "CACHING", this::caching, 3)
        .since("6.0.0")
        .complexity("O(1)")
        .summary("Says whether the client keeps copies of what its next command reads.")
        .syntax("<YES | NO>");
    sub(client, "GETREDIR", this::getRedir, 2)
        .since("6.0.0")
        .complexity("O(1)")
        .summary("Answers to which connection invalidations go.");
    sub(client, "TRACKINGINFO", this::trackingInfo, 2)
        .since("6.2.0")
        .complexity("O(1)")
        .summary("Describes how this connection tracks keys.");
  }

  private static Command sub(Command client, String name, Command.Handler handler, int arity) {
    return client.sub(name, handler).arity(arity).flags(NOSCRIPT, LOADING, STALE).acl(CONNECTION);
  }

  private void tracking(Call call) {
    TrackingOptions options = options(call);
    if (call.args().is(2, "ON")) {
      requireSense(options);
      tracking.enable(call.client(), options);
    } else if (call.args().is(2, "OFF")) {
      tracking.forget(call.client());
    } else {
      throw Errors.syntax();
    }
    call.reply().ok();
  }

  private static TrackingOptions options(Call call) {
    Client redirect = null;
    boolean broadcast = false;
    boolean optIn = false;
    boolean optOut = false;
    boolean noLoop = false;
    List<Bytes> prefixes = new ArrayList<>(1);
    for (int i = 3; i < call.count(); i++) {
      boolean more = i + 1 < call.count();
      switch (call.arg(i).toString().toUpperCase(Locale.ROOT)) {
        case "BCAST" -> broadcast = true;
        case "OPTIN" -> optIn = true;
        case "OPTOUT" -> optOut = true;
        case "NOLOOP" -> noLoop = true;
        case "PREFIX" -> {
          requireMore(more);
          prefixes.add(call.arg(++i));
        }
        case "REDIRECT" -> {
          requireMore(more);
          if (redirect != null) {
            throw Errors.err("A client can only redirect to a single other client");
          }
          redirect = call.engine().clients().get(call.args().integer(++i));
          if (redirect == null) {
            throw Errors.err("The client ID you want redirect to does not exist");
          }
        }
        default -> throw Errors.syntax();
      }
    }
    return new TrackingOptions(redirect, broadcast, prefixes, optIn, optOut, noLoop);
  }

  private static void requireMore(boolean more) {
    if (!more) {
      throw Errors.syntax();
    }
  }

  private static void requireSense(TrackingOptions options) {
    if (!options.broadcast() && !options.prefixes().isEmpty()) {
      throw Errors.err("PREFIX option requires BCAST mode to be enabled");
    }
    if (options.broadcast() && (options.optIn() || options.optOut())) {
      throw Errors.err("OPTIN and OPTOUT are not compatible with BCAST");
    }
    if (options.optIn() && options.optOut()) {
      throw Errors.err("You can't specify both OPTIN mode and OPTOUT mode");
    }
  }

  private void caching(Call call) {
    tracking.requireTracking(call.client());
    boolean yes = call.args().is(2, "YES");
    if (!yes && !call.args().is(2, "NO")) {
      throw Errors.syntax();
    }
    tracking.caching(call.client(), yes, call.command());
    call.reply().ok();
  }

  /** Where a client's invalidations go: to another's number, 0 to itself, -1 nowhere. */
  static long redirect(@Nullable TrackingOptions options) {
    if (options == null) {
      return -1;
    }
    Client redirect = options.redirect();
    return redirect == null ? 0 : redirect.id();
  }

  private void getRedir(Call call) {
    call.reply().integer(redirect(tracking.options(call.client())));
  }

  private void trackingInfo(Call call) {
    TrackingOptions options = tracking.options(call.client());
    List<String> flags = new ArrayList<>();
    if (options == null) {
      flags.add("off");
    } else {
      flags.add("on");
      boolean caching = tracking.isCaching(call.client());
      addIf(options.broadcast(), flags, "bcast");
      addIf(options.optIn(), flags, "optin");
      addIf(options.optIn() && caching, flags, "caching-yes");
      addIf(options.optOut(), flags, "optout");
      addIf(options.optOut() && caching, flags, "caching-no");
      addIf(options.noLoop(), flags, "noloop");
      addIf(tracking.isRedirectBroken(call.client()), flags, "broken_redirect");
    }
    call.reply().map(3);
    call.reply().bulk("flags");
    call.reply().set(flags.size());
    flags.forEach(call.reply()::bulk);
    call.reply().bulk("redirect");
    call.reply().integer(redirect(options));
    Collection<Bytes> prefixes = tracking.prefixes(call.client());
    call.reply().bulk("prefixes");
    call.reply().array(prefixes.size());
    prefixes.forEach(call.reply()::bulk);
  }

  private static void addIf(boolean condition, List<String> flags, String flag) {
    if (condition) {
      flags.add(flag);
    }
  }
}
