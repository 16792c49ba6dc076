package io.pillion.engine.scripting;

import io.pillion.engine.dispatch.BusyScript;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.ScriptHost;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One script being carried out: for whom, what it may, what it has done. */
final class ScriptRun implements BusyScript {
  private static final Logger log = LoggerFactory.getLogger(ScriptRun.class);
  private static final long POLL_NANOS = 2_000_000;

  /** More than commands nest, as theirs are larger. */
  private static final int STACK_FRAMES = 2_000;

  private final Engine engine;
  private final ScriptHost host;
  private final Client caller;
  private final Client client;
  private final LuaReply reply;
  private final String name;
  private final boolean isEval;
  private final boolean mayWrite;
  private final boolean mayUseMemory;
  private final long thresholdMillis;
  private final long startNanos;
  private final Call call;
  private boolean hasWritten;
  private boolean isLogged = true;
  private boolean isBusy;
  private boolean isKilled;
  private long nextPollNanos;

  /**
   * A run.
   *
   * @param client the one that the script's commands are sent by
   * @param name how errors call it
   */
  ScriptRun(
      Engine engine,
      Client caller,
      Client client,
      LuaReply reply,
      String name,
      boolean isEval,
      boolean mayWrite,
      boolean mayUseMemory,
      long thresholdMillis,
      Call call) {
    this.engine = engine;
    host = engine.scriptHost();
    this.caller = caller;
    this.client = client;
    this.reply = reply;
    this.name = name;
    this.isEval = isEval;
    this.mayWrite = mayWrite;
    this.mayUseMemory = mayUseMemory;
    this.thresholdMillis = thresholdMillis;
    this.call = call;
    startNanos = engine.world().nanos();
  }

  @Override
  public Client caller() {
    return caller;
  }

  Engine engine() {
    return engine;
  }

  Client client() {
    return client;
  }

  LuaReply reply() {
    return reply;
  }

  String name() {
    return name;
  }

  boolean isEval() {
    return isEval;
  }

  Command command() {
    return call.command();
  }

  /** The words that began it. */
  Args words() {
    return call.args();
  }

  /** How long it has run, in milliseconds. */
  long millis() {
    return (engine.world().nanos() - startNanos) / 1_000_000;
  }

  void logged(boolean yes) {
    isLogged = yes;
  }

  // --- commands

  /**
   * Carries out a command of the script; its answer is in {@link #reply()} then.
   *
   * @throws CommandException the command is refused; counted already
   */
  void execute(Args args) {
    Command asked = engine.table().lookUp(args);
    try {
      check(asked, args);
    } catch (CommandException e) {
      host.countRejected(asked, e.text());
      throw e;
    }
    if (asked != null) {
      if (reply.isDeep()) {
        requireStack(STACK_FRAMES);
      }
      host.execute(client, asked, args, isLogged);
    }
  }

  /**
   * Overflows the stack here rather than in the middle of a command, which would leave what it
   * changes half changed.
   */
  private static void requireStack(int frames) {
    if (frames > 0) {
      requireStack(frames - 1);
    }
  }

  private void check(@Nullable Command asked, Args args) {
    if (asked == null) {
      throw new CommandException("ERR Unknown command called from script");
    }
    if (!asked.takes(args.count()) || asked.isContainer()) {
      throw new CommandException("ERR Wrong number of args calling command from script");
    }
    if (asked.is(CommandFlag.NOSCRIPT) && !host.isNoScriptIgnored()) {
      throw new CommandException("ERR This Redis command is not allowed from script");
    }
    try {
      host.checkGate(caller, asked, args);
    } catch (CommandException e) {
      throw new CommandException("ERR ACL failure in script: " + withoutCode(e.text()));
    }
    if (engine.restrictions().stale() != null && !asked.is(CommandFlag.STALE)) {
      throw new CommandException("ERR Can not execute the command on a stale replica");
    }
    boolean writes = asked.is(CommandFlag.WRITE);
    if (!mayWrite && (writes || asked.is(CommandFlag.MAY_REPLICATE))) {
      throw new CommandException("ERR Write commands are not allowed from read-only scripts.");
    }
    // What a log has was allowed once.
    if (!hasWritten && !caller.isReplaying()) {
      checkStateOfEngine(asked, writes);
    }
    hasWritten |= writes;
  }

  private void checkStateOfEngine(Command asked, boolean writes) {
    if (writes) {
      engine.checkMayWrite(asked);
    }
    if (!mayUseMemory && host.isShortOfMemory() && asked.is(CommandFlag.DENYOOM)) {
      throw Errors.outOfMemory();
    }
  }

  private static String withoutCode(String text) {
    return text.startsWith("NOPERM ") ? text.substring("NOPERM ".length()) : text;
  }

  // --- time

  /** Asked every few thousand steps. */
  void interrupted() {
    if (host.isStopping()) {
      throw new ScriptKilledException();
    }
    if (thresholdMillis <= 0) {
      return;
    }
    long now = engine.world().nanos();
    if (!isBusy) {
      if (now - startNanos < thresholdMillis * 1_000_000) {
        return;
      }
      isBusy = true;
      log.warn(
          "Slow script detected: still in execution after {} milliseconds. You can try killing the"
              + " script using the {} command. Script name is: {}.",
          millis(),
          isEval ? "SCRIPT KILL" : "FUNCTION KILL",
          name);
      // Its caller may send more, which would move what it has sent.
      call.keepArgs();
      host.busy(this);
    } else if (now < nextPollNanos) {
      return;
    }
    host.letOthersIn();
    nextPollNanos = engine.world().nanos() + POLL_NANOS;
    if (isKilled || host.isStopping()) {
      log.info("Lua script killed by user with SCRIPT KILL.");
      throw new ScriptKilledException();
    }
  }

  /** It has ended. */
  void end() {
    if (isBusy) {
      host.busy(null);
    }
  }

  @Override
  public CommandException refusal() {
    return busyError(isEval);
  }

  private static CommandException busyError(boolean isEval) {
    return new CommandException(
        "BUSY Redis is busy running a script. You can only call "
            + (isEval ? "SCRIPT KILL" : "FUNCTION KILL")
            + " or SHUTDOWN NOSAVE.");
  }

  /**
   * SCRIPT KILL or FUNCTION KILL.
   *
   * @throws CommandException it may not be killed, or not so
   */
  void kill(boolean asEval) {
    if (hasWritten) {
      throw new CommandException(
          "UNKILLABLE Sorry the script already executed write commands against the dataset. You"
              + " can either wait the script termination or kill the server in a hard way using"
              + " the SHUTDOWN NOSAVE command.");
    }
    if (asEval != isEval) {
      throw busyError(isEval);
    }
    isKilled = true;
  }
}
