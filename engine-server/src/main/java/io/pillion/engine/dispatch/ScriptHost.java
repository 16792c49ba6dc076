package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.OutgoingReply;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The engine as the host of scripts: how these send commands of their own, and how other clients
 * are let in while one has run for too long. Under the engine lock, except where it says otherwise.
 */
public final class ScriptHost {
  private final Engine engine;
  private final Admission admission;
  private final Effects effects;
  private final List<Poller> pollers = new CopyOnWriteArrayList<>();
  private int running;
  private boolean noScriptIgnored;
  private @Nullable BusyScript busy;
  private volatile boolean stopping;

  ScriptHost(Engine engine, Admission admission, Effects effects) {
    this.engine = engine;
    this.admission = admission;
    this.effects = effects;
  }

  // --- commands of scripts

  /** A client by which a script sends its commands, which counts nowhere. */
  public Client client(Outlet outlet, OutgoingReply reply) {
    return new Client(engine, /* id= */ 0, outlet, reply, engine.keyspace().now());
  }

  /** Throws what the gate has against a command that a client's script sends. */
  public void checkGate(Client client, Command command, Args args) {
    admission.checkGate(client, command, args, CommandGate.Context.SCRIPT);
  }

  /** Whether the gate has nothing against a client's command. */
  public boolean isAllowed(Client client, Command command, Args args) {
    return !client.isGuarded() || admission.gate().allows(client, command, args);
  }

  /** Whether memory was full, and nothing to be evicted, when the command going on began. */
  public boolean isShortOfMemory() {
    return admission.isShortOfMemory();
  }

  /** Whether scripts may send commands flagged NOSCRIPT: for tests. */
  public boolean isNoScriptIgnored() {
    return noScriptIgnored;
  }

  /** Lets scripts send commands flagged NOSCRIPT, or not any more. */
  public void ignoreNoScript(boolean yes) {
    noScriptIgnored = yes;
  }

  /**
   * Carries out one command of a script, whose checks were made; its effects become part of those
   * of the command that runs the script.
   *
   * @param logged whether it has effects at all
   */
  public void execute(Client client, Command command, Args args, boolean logged) {
    int before = effects.pendingCount();
    engine.run(new Call(engine, client, command, args, client.reply(), /* mayBlock= */ false));
    if (!logged) {
      effects.forgetAfter(before);
    }
  }

  /** Counts an error that a script was given for a command that was not carried out. */
  public void countRejected(@Nullable Command command, String text) {
    engine.statistics().error(text);
    if (command != null) {
      command.statistics().rejected(1);
    }
  }

  /**
   * Counts an error that a script ends with.
   *
   * @param isCounted whether it is one of its commands', and so counted among all errors already
   */
  public void countFailed(Command command, String text, boolean isCounted) {
    if (!isCounted) {
      engine.statistics().error(text);
    }
    command.statistics().failed(1);
  }

  // --- scripts that run

  /** A command begins that runs a script. */
  void begin() {
    running++;
  }

  /** A command has ended that ran a script. */
  void end() {
    running--;
  }

  /** Whether a script is being carried out. */
  public boolean isRunning() {
    return running != 0;
  }

  /** Whether scripts that run must end, as the engine does. Any thread. */
  public boolean isStopping() {
    return stopping;
  }

  /** Ends scripts that run, and lets none begin. Any thread. */
  void stop() {
    stopping = true;
  }

  // --- a script that is busy

  /** A script has run for too long, or, with null, has ended. Under the lock, by its thread. */
  public void busy(@Nullable BusyScript script) {
    busy = script;
    if (script == null) {
      engine.lookAtClock();
    }
  }

  /** Whether a script is half-way through: what it has changed has no effects yet. */
  public boolean isBusy() {
    return busy != null;
  }

  /** Throws what others are told while a script is half-way through, if one is. */
  public void checkNotBusy() {
    if (busy != null) {
      throw busy.refusal();
    }
  }

  /** Whether a client's script is half-way through, so that nothing else of it may be begun. */
  public boolean isBusyWith(Client client) {
    return busy != null && busy.caller() == client;
  }

  /** Adds somebody who can read in the middle of a command. Any thread. */
  public void addPoller(Poller poller) {
    pollers.add(poller);
  }

  /**
   * Lets other clients in while a script is busy: those who wait for the lock, and those whose
   * input this thread reads. Under the lock, which is let go meanwhile.
   */
  public void letOthersIn() {
    BusyScript script = busy;
    if (script != null) {
      engine.interrupt(script.caller(), this::poll);
    }
  }

  private void poll() {
    for (Poller poller : pollers) {
      if (poller.isHere()) {
        poller.poll();
      }
    }
  }
}
