package io.pillion.engine.scripting;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.scripting.lua.LuaError;
import io.pillion.engine.scripting.lua.LuaFunction;
import io.pillion.engine.scripting.lua.LuaString;
import io.pillion.engine.world.World;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * EVAL and its kin: the scripts that are known by their digest, and the one world of Lua in which
 * they run. Under the engine lock.
 *
 * <p>Scripts that only EVAL brought are forgotten when there are many of them, the one used longest
 * ago first; those of SCRIPT LOAD stay.
 */
public final class Scripts {
  private static final int MAX_EVAL_SCRIPTS = 500;
  private static final LuaString SOURCE = LuaString.of("@user_script");
  private static final long MAX_BYTES = 64L << 20;
  private static final int DIGEST_LENGTH = 40;

  private final World world;
  private final Parameters parameters;
  private final Map<String, Script> known = new HashMap<>();
  private final Map<String, Script> evaluated = new LinkedHashMap<>();
  private @Nullable ScriptWorld scriptWorld;
  private @Nullable ScriptRun running;
  private long bodyBytes;
  private long evicted;

  /** A script that was compiled. */
  private static final class Script {
    private final byte[] body;
    private final ScriptFlags flags;
    private final LuaFunction function;

    Script(byte[] body, ScriptFlags flags, LuaFunction function) {
      this.body = body;
      this.flags = flags;
      this.function = function;
    }
  }

  /** No scripts yet. */
  public Scripts(World world, Parameters parameters) {
    this.world = world;
    this.parameters = parameters;
  }

  /** How much heap a world of scripts may take. */
  static long limitBytes() {
    return Math.min(MAX_BYTES, Runtime.getRuntime().maxMemory() / 4);
  }

  /** Made at the first script: many engines never see one. */
  private ScriptWorld world() {
    ScriptWorld made = scriptWorld;
    if (made == null) {
      made = new ScriptWorld(world, limitBytes());
      scriptWorld = made;
    }
    return made;
  }

  // --- the cache

  /**
   * Compiles a script and keeps it.
   *
   * @param toStay whether it is never forgotten for others
   * @return its digest
   * @throws CommandException when it is not Lua
   */
  public String load(byte[] body, boolean toStay) {
    String digest = Sha1.hex(body);
    if (known.containsKey(digest)) {
      if (toStay) {
        evaluated.remove(digest);
      }
      return digest;
    }
    Script script = compile(body);
    if (!toStay) {
      while (evaluated.size() >= MAX_EVAL_SCRIPTS) {
        forgetOldest();
      }
      evaluated.put(digest, script);
    }
    known.put(digest, script);
    world().lua().keep(script.function);
    bodyBytes += DIGEST_LENGTH + body.length;
    return digest;
  }

  private Script compile(byte[] body) {
    ScriptFlags flags = ScriptFlags.of(body);
    int skip = ScriptFlags.shebangLength(body);
    byte[] code = java.util.Arrays.copyOfRange(body, skip, body.length);
    try {
      return new Script(body, flags, world().lua().load(code, SOURCE));
    } catch (LuaError e) {
      throw Errors.err(
          "Error compiling script (new function): " + LuaAnswer.oneLine((LuaString) e.value()));
    }
  }

  private void forgetOldest() {
    Iterator<Map.Entry<String, Script>> oldest = evaluated.entrySet().iterator();
    Map.Entry<String, Script> entry = oldest.next();
    oldest.remove();
    known.remove(entry.getKey());
    world().lua().forget(entry.getValue().function);
    bodyBytes -= DIGEST_LENGTH + entry.getValue().body.length;
    evicted++;
  }

  /** Whether the script of a digest is known. */
  public boolean isKnown(String digest) {
    return known.containsKey(digest.toLowerCase(Locale.ROOT));
  }

  /** The text of the script of a digest, or null. */
  public byte @Nullable [] body(String digest) {
    Script script = known.get(digest.toLowerCase(Locale.ROOT));
    return script == null ? null : script.body;
  }

  /** Forgets all scripts, and begins a new world. */
  public void flush() {
    known.clear();
    evaluated.clear();
    bodyBytes = 0;
    scriptWorld = null;
  }

  // --- running

  /**
   * Carries out EVAL or EVALSHA with its forms.
   *
   * @param byDigest whether the script is given by its digest
   * @param readonly whether it may not write, whatever it says
   */
  public void eval(Call call, boolean byDigest, boolean readonly) {
    call.noEffect();
    byte[] given = call.arg(1).toByteArray();
    if (byDigest && given.length != DIGEST_LENGTH) {
      throw noScript();
    }
    int keys = keyCount(call);
    String digest;
    if (byDigest) {
      digest = call.arg(1).toString().toLowerCase(Locale.ROOT);
    } else {
      digest = load(given, /* toStay= */ false);
    }
    Script script = known.get(digest);
    if (script == null) {
      throw noScript();
    }
    ScriptWorld target = world();
    ScriptRun run = begin(call, target, digest, /* isEval= */ true, script.flags, readonly);
    List<byte[]> keyWords = words(call, 3, 3 + keys);
    List<byte[]> arguments = words(call, 3 + keys, call.count());
    running = run;
    try {
      target.run(
          run,
          script.function,
          call.reply(),
          () -> {
            target.lua().globals().set("KEYS", target.table(keyWords));
            target.lua().globals().set("ARGV", target.table(arguments));
            return new Object[0];
          });
    } finally {
      running = null;
    }
    if (evaluated.remove(digest, script)) {
      evaluated.put(digest, script);
    }
  }

  /** Whether the script that EVAL or EVALSHA names may write, as far as it says so itself. */
  public boolean mayWrite(Args words, boolean byDigest) {
    if (!byDigest) {
      try {
        return ScriptFlags.of(words.get(1).toByteArray()).mayWrite();
      } catch (CommandException e) {
        return true;
      }
    }
    Script script = known.get(words.get(1).toString().toLowerCase(Locale.ROOT));
    return script == null || script.flags.mayWrite();
  }

  private static CommandException noScript() {
    return new CommandException("NOSCRIPT No matching script. Please use EVAL.");
  }

  static int keyCount(Call call) {
    long keys = call.args().integer(2);
    if (keys > call.count() - 3) {
      throw Errors.err("Number of keys can't be greater than number of args");
    }
    if (keys < 0) {
      throw Errors.err("Number of keys can't be negative");
    }
    return (int) keys;
  }

  static List<byte[]> words(Call call, int from, int to) {
    List<byte[]> words = new ArrayList<>(to - from);
    for (int i = from; i < to; i++) {
      words.add(call.arg(i).toByteArray());
    }
    return words;
  }

  /**
   * Begins a run, when what the script says of itself lets it.
   *
   * @throws CommandException it may not run now, or not so
   */
  ScriptRun begin(
      Call call,
      ScriptWorld target,
      String name,
      boolean isEval,
      ScriptFlags flags,
      boolean readonly) {
    if (flags.isDeclared()
        && !flags.has(ScriptFlags.Flag.ALLOW_STALE)
        && call.engine().restrictions().stale() != null) {
      throw new CommandException(
          "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and"
              + " 'allow-stale' flag is not set on the script.");
    }
    boolean noWrites = flags.isDeclared() && flags.has(ScriptFlags.Flag.NO_WRITES);
    boolean allowOom = flags.isDeclared() && flags.has(ScriptFlags.Flag.ALLOW_OOM);
    // What a log has was allowed once.
    boolean replaying = call.client().isReplaying();
    if (flags.isDeclared() && !noWrites && !replaying) {
      checkMayWrite(call);
      if (readonly) {
        throw Errors.err("Can not execute a script with write flag using *_ro command.");
      }
    }
    boolean mayBeRefused = flags.isDeclared() && !noWrites && !allowOom && !replaying;
    if (mayBeRefused && call.engine().scriptHost().isShortOfMemory()) {
      throw new CommandException(
          "OOM allow-oom flag is not set on the script, can not run it when used memory >"
              + " 'maxmemory'");
    }
    Client caller = call.client();
    return new ScriptRun(
        call.engine(),
        caller,
        target.client(call.engine(), caller),
        target.reply(),
        name,
        isEval,
        !readonly && !noWrites,
        allowOom,
        parameters.number("busy-reply-threshold"),
        call);
  }

  private static void checkMayWrite(Call call) {
    try {
      call.engine().checkMayWrite(call.command());
    } catch (CommandException e) {
      if (e.text().startsWith("READONLY ")) {
        throw new CommandException(
            "READONLY Can not run script with write flag on readonly replica");
      }
      throw e;
    }
  }

  void running(@Nullable ScriptRun run) {
    running = run;
  }

  /**
   * SCRIPT KILL, or FUNCTION KILL.
   *
   * @throws CommandException nothing runs, or it may not be killed
   */
  public void kill(boolean asEval) {
    ScriptRun run = running;
    if (run == null) {
      throw new CommandException("NOTBUSY No scripts in execution right now.");
    }
    run.kill(asEval);
  }

  /** The name of the function that runs, or null; the digest of a script. */
  public @Nullable String runningName() {
    return running == null ? null : running.name();
  }

  /** The words of the command that began what runs. */
  public @Nullable Args runningWords() {
    return running == null ? null : running.words();
  }

  /** For how long it has run. */
  public long runningMillis() {
    return running == null ? 0 : running.millis();
  }

  /**
   * Throws what other clients are told while a script of EVAL runs.
   *
   * @throws CommandException busy
   */
  public void checkNoEval() {
    if (running != null && running.isEval()) {
      throw running.refusal();
    }
  }

  // --- figures

  /** How many scripts are known. */
  public int count() {
    return known.size();
  }

  /** How many were forgotten for others. */
  public long evicted() {
    return evicted;
  }

  /** The bytes of their texts and names. */
  public long bodyBytes() {
    return bodyBytes;
  }

  /** The heap that their world takes. */
  public long luaBytes() {
    return scriptWorld == null ? 0 : scriptWorld.bytes();
  }
}
