package io.pillion.engine.scripting;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.scripting.lua.Arguments;
import io.pillion.engine.scripting.lua.LuaError;
import io.pillion.engine.scripting.lua.LuaFunction;
import io.pillion.engine.scripting.lua.LuaString;
import io.pillion.engine.scripting.lua.LuaTable;
import io.pillion.engine.scripting.lua.Nil;
import io.pillion.engine.world.World;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Functions by name, and the libraries that brought them: FUNCTION and FCALL. They run in a world
 * of their own. Under the engine lock.
 */
public final class FunctionLibraries {
  private static final LuaString SOURCE = LuaString.of("@user_function");
  private static final long LOAD_NANOS = 500_000_000;
  private static final String NAME_RULE =
      "Library names can only contain letters, numbers, or underscores(_) and must be at least one"
          + " character long";

  private final World world;
  private final Scripts scripts;
  private Map<String, Library> libraries = new LinkedHashMap<>();
  private Map<String, Function> functions = new LinkedHashMap<>();
  private @Nullable ScriptWorld scriptWorld;
  private @Nullable LuaTable facade;
  private @Nullable Library loading;
  private @Nullable LuaTable loadGlobals;
  private long loadEndNanos;

  /** What happens to libraries of the same name when others are restored. */
  public enum Policy {
    APPEND,
    REPLACE,
    FLUSH
  }

  /** A function that a library registered. */
  public static final class Function {
    private final String name;
    private final @Nullable LuaString description;
    private final ScriptFlags flags;
    private final LuaFunction callback;

    Function(
        String name, @Nullable LuaString description, ScriptFlags flags, LuaFunction callback) {
      this.name = name;
      this.description = description;
      this.flags = flags;
      this.callback = callback;
    }

    /** Its name. */
    public String name() {
      return name;
    }

    /** What it says it does, or null. */
    public byte @Nullable [] description() {
      return description == null ? null : description.bytes();
    }

    /** What it says of itself. */
    public Collection<ScriptFlags.Flag> flags() {
      return flags.all();
    }
  }

  /** A library: a source, and what it registered. */
  public static final class Library {
    private final String name;
    private final byte[] code;
    private final Map<String, Function> functions = new LinkedHashMap<>();

    Library(String name, byte[] code) {
      this.name = name;
      this.code = code;
    }

    /** Its name. */
    public String name() {
      return name;
    }

    /** Its source, from {@code #!} on. */
    public byte[] code() {
      return code;
    }

    /** Its functions. */
    public Collection<Function> functions() {
      return Collections.unmodifiableCollection(functions.values());
    }
  }

  /** No libraries yet. */
  public FunctionLibraries(World world, Scripts scripts) {
    this.world = world;
    this.scripts = scripts;
  }

  // --- the world

  private ScriptWorld world() {
    ScriptWorld made = scriptWorld;
    if (made == null) {
      made = new ScriptWorld(world, Scripts.limitBytes());
      made.whileLoading(this::checkLoading);
      LuaTable server = new LuaTable();
      ServerLibrary.define(server, "register_function", this::register);
      made.library().loggingAndVersions(server);
      ScriptWorld.refuseUnknown(server);
      LuaTable whileLoading = new LuaTable();
      whileLoading.set("server", server);
      whileLoading.set("redis", server);
      ScriptWorld.refuseUnknown(whileLoading);
      loadGlobals = whileLoading;
      // What libraries see as their globals leads to others while they are loaded.
      LuaTable seen = new LuaTable();
      LuaTable metatable = new LuaTable();
      metatable.set("__index", made.lua().globals());
      metatable.readonly(true);
      seen.metatable(metatable);
      seen.readonly(true);
      facade = seen;
      scriptWorld = made;
    }
    return made;
  }

  private void showGlobals(@Nullable LuaTable globals) {
    LuaTable seen = facade;
    if (seen != null && seen.metatable() != null && globals != null) {
      seen.metatable().set("__index", globals);
    }
  }

  private void checkLoading() {
    if (world.nanos() > loadEndNanos) {
      throw new ScriptKilledException();
    }
  }

  // --- loading

  /**
   * Loads a library.
   *
   * @return its name
   * @throws CommandException it is none, or in the way of another
   */
  public String load(byte[] code, boolean replace) {
    Library library = create(code);
    Library old = libraries.get(library.name);
    if (old != null && !replace) {
      throw alreadyExists(library);
    }
    run(library, code);
    checkCollisions(library, old == null ? List.of() : List.of(old));
    if (old != null) {
      unlink(old);
    }
    link(library);
    return library.name;
  }

  /** Begins to look at libraries without those that are there. */
  public Trial trial() {
    return new Trial();
  }

  /** Libraries that register their functions, of which nothing stays but the names. */
  public final class Trial {
    private final Set<String> names = new HashSet<>();
    private final Set<String> functionNames = new HashSet<>();

    private Trial() {}

    /**
     * Compiles one more and has it register its functions.
     *
     * @throws CommandException it is none, or in the way of one before
     */
    public void add(byte[] code) {
      Library library = create(code);
      if (!names.add(library.name)) {
        throw alreadyExists(library);
      }
      run(library, code);
      for (Function function : library.functions.values()) {
        if (!functionNames.add(key(function))) {
          throw alreadyExists(function);
        }
      }
    }
  }

  private static CommandException alreadyExists(Library library) {
    return Errors.err("Library '" + library.name + "' already exists");
  }

  private static CommandException alreadyExists(Function function) {
    return Errors.err("Function " + function.name + " already exists");
  }

  private static Library create(byte[] code) {
    if (code.length < 2 || code[0] != '#' || code[1] != '!') {
      throw Errors.err("Missing library metadata");
    }
    int end = 0;
    while (end < code.length && code[end] != '\n') {
      end++;
    }
    if (end == code.length) {
      throw Errors.err("Invalid library metadata");
    }
    List<String> words = ScriptFlags.words(code, end);
    if (words.isEmpty()) {
      throw Errors.err("Invalid library metadata");
    }
    String name = null;
    for (String word : words.subList(1, words.size())) {
      if (!word.regionMatches(/* ignoreCase= */ true, 0, "name=", 0, 5)) {
        throw Errors.err("Invalid metadata value given: " + word);
      }
      if (name != null) {
        throw Errors.err("Invalid metadata value, name argument was given multiple times");
      }
      name = word.substring("name=".length());
    }
    if (name == null) {
      throw Errors.err("Library name was not given");
    }
    if (!isName(name)) {
      throw Errors.err(NAME_RULE);
    }
    String engine = words.get(0).substring(2);
    if (!engine.equalsIgnoreCase("lua")) {
      throw Errors.err("Engine '" + engine + "' not found");
    }
    return new Library(name, code);
  }

  private static boolean isName(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean fits =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      if (!fits) {
        return false;
      }
    }
    return !name.isEmpty();
  }

  /** Runs a library's source, which registers its functions. */
  private void run(Library library, byte[] code) {
    ScriptWorld target = world();
    int skip = ScriptFlags.shebangLength(code);
    LuaFunction main;
    try {
      main = target.lua().load(Arrays.copyOfRange(code, skip, code.length), SOURCE);
    } catch (LuaError e) {
      throw Errors.err("Error compiling function: " + LuaAnswer.oneLine((LuaString) e.value()));
    }
    if (facade != null) {
      target.lua().useAsGlobals(main, facade);
    }
    loading = library;
    loadEndNanos = world.nanos() + LOAD_NANOS;
    showGlobals(loadGlobals);
    try {
      target.lua().run(main);
    } catch (ScriptKilledException e) {
      throw Errors.err("Error registering functions: ERR FUNCTION LOAD timeout");
    } catch (LuaError e) {
      throw Errors.err("Error registering functions: " + text(target, e.value()));
    } finally {
      loading = null;
      target.lua().rest();
      showGlobals(target.lua().globals());
    }
    if (library.functions.isEmpty()) {
      throw Errors.err("No functions registered");
    }
  }

  private static String text(ScriptWorld target, Object error) {
    if (error instanceof LuaTable table && table.get("err") instanceof LuaString message) {
      return LuaAnswer.oneLine(message);
    }
    return "ERR " + LuaAnswer.oneLine(ServerLibrary.shown(target.lua(), error));
  }

  private void checkCollisions(Library library, Collection<Library> replaced) {
    for (Function function : library.functions.values()) {
      Function known = functions.get(key(function));
      if (known != null && replaced.stream().noneMatch(old -> old.functions.containsValue(known))) {
        throw alreadyExists(function);
      }
    }
  }

  private void link(Library library) {
    libraries.put(library.name, library);
    for (Function function : library.functions.values()) {
      functions.put(key(function), function);
      world().lua().keep(function.callback);
    }
  }

  /** Functions are called by their names in any case. */
  private static String key(Function function) {
    return function.name.toLowerCase(Locale.ROOT);
  }

  private void unlink(Library library) {
    libraries.remove(library.name);
    for (Function function : library.functions.values()) {
      functions.remove(key(function));
      world().lua().forget(function.callback);
    }
  }

  // --- register_function

  private Object[] register(Arguments args) {
    Library library = loading;
    if (library == null) {
      throw raise("server.register_function can only be called on FUNCTION LOAD command");
    }
    Function function;
    switch (args.count()) {
      case 1 -> function = named(args);
      case 2 -> function = positional(args);
      default -> throw raise("wrong number of arguments to server.register_function");
    }
    if (!isName(function.name)) {
      throw raise(NAME_RULE);
    }
    if (library.functions.putIfAbsent(function.name, function) != null) {
      throw raise("Function already exists in the library");
    }
    return Arguments.none();
  }

  private LuaError raise(String text) {
    return new LuaError((Object) ServerLibrary.error(world().lua(), "ERR " + text));
  }

  private Function positional(Arguments args) {
    if (!isText(args.get(1))) {
      throw raise("first argument to server.register_function must be a string");
    }
    if (!(args.get(2) instanceof LuaFunction callback)) {
      throw raise("second argument to server.register_function must be a function");
    }
    return new Function(args.string(1).toString(), null, flags(null), callback);
  }

  private static boolean isText(Object value) {
    return value instanceof LuaString || value instanceof Double;
  }

  private Function named(Arguments args) {
    if (!(args.get(1) instanceof LuaTable table)) {
      throw raise(
          "calling server.register_function with a single argument is only applicable to Lua table"
              + " (representing named arguments).");
    }
    String name = null;
    LuaString description = null;
    LuaFunction callback = null;
    ScriptFlags flags = flags(null);
    for (int at = table.next(0); at >= 0; at = table.next(at + 1)) {
      if (!isText(table.keyAt(at))) {
        throw raise("named argument key given to server.register_function is not a string");
      }
      Object value = table.valueAt(at);
      switch (table.keyAt(at).toString().toLowerCase(Locale.ROOT)) {
        case "function_name" -> name = text(value, "function_name").toString();
        case "description" -> description = text(value, "description");
        case "callback" -> {
          if (!(value instanceof LuaFunction given)) {
            throw raise("callback argument given to server.register_function must be a function");
          }
          callback = given;
        }
        case "flags" -> {
          if (!(value instanceof LuaTable list)) {
            throw raise(
                "flags argument to server.register_function must be a table representing function"
                    + " flags");
          }
          flags = flags(list);
        }
        default -> throw raise("unknown argument given to server.register_function");
      }
    }
    if (name == null) {
      throw raise("server.register_function must get a function name argument");
    }
    if (callback == null) {
      throw raise("server.register_function must get a callback argument");
    }
    return new Function(name, description, flags, callback);
  }

  private LuaString text(Object value, String argument) {
    if (value instanceof LuaString string) {
      return string;
    }
    if (value instanceof Double) {
      return ServerLibrary.shown(world().lua(), value);
    }
    throw raise(argument + " argument given to server.register_function must be a string");
  }

  private ScriptFlags flags(@Nullable LuaTable list) {
    EnumSet<ScriptFlags.Flag> flags = EnumSet.noneOf(ScriptFlags.Flag.class);
    for (int i = 1; list != null && list.get(i) != Nil.NIL; i++) {
      try {
        flags.add(ScriptFlags.Flag.of(list.get(i).toString()));
      } catch (IllegalArgumentException e) {
        throw raise("unknown flag given");
      }
    }
    return new ScriptFlags(/* isDeclared= */ true, flags);
  }

  // --- all of them

  /** All libraries, in the order they came. */
  public Collection<Library> libraries() {
    return Collections.unmodifiableCollection(libraries.values());
  }

  /** How many functions there are. */
  public int functionCount() {
    return functions.size();
  }

  /** The heap that their world takes. */
  public long luaBytes() {
    return scriptWorld == null ? 0 : scriptWorld.bytes();
  }

  /**
   * Forgets a library.
   *
   * @throws CommandException there is none of this name
   */
  public void delete(String name) {
    Library library = libraries.get(name);
    if (library == null) {
      throw Errors.err("Library not found");
    }
    unlink(library);
  }

  /** Forgets all libraries, and begins a new world. */
  public void flush() {
    libraries = new LinkedHashMap<>();
    functions = new LinkedHashMap<>();
    scriptWorld = null;
    facade = null;
  }

  /**
   * Loads several libraries, or none of them.
   *
   * @throws CommandException one cannot be loaded, or is in the way of another; nothing has changed
   */
  public void restore(List<byte[]> sources, Policy policy) {
    Map<String, Library> librariesBefore = new LinkedHashMap<>(libraries);
    Map<String, Function> functionsBefore = new LinkedHashMap<>(functions);
    try {
      if (policy == Policy.FLUSH) {
        List.copyOf(libraries.values()).forEach(this::unlink);
      }
      Map<String, Library> added = new LinkedHashMap<>();
      for (byte[] source : sources) {
        Library library = create(source);
        if (added.containsKey(library.name)
            || (policy == Policy.APPEND && libraries.containsKey(library.name))) {
          throw Errors.err("Library " + library.name + " already exists");
        }
        run(library, source);
        added.put(library.name, library);
      }
      for (String name : added.keySet()) {
        Library old = libraries.get(name);
        if (old != null) {
          unlink(old);
        }
      }
      for (Library library : added.values()) {
        checkCollisions(library, List.of());
        link(library);
      }
    } catch (CommandException e) {
      libraries = librariesBefore;
      functions = functionsBefore;
      functions.values().forEach(function -> world().lua().keep(function.callback));
      throw e;
    }
  }

  // --- running

  /** Whether the function that FCALL names may write, as far as it says so itself. */
  public boolean mayWrite(Args words) {
    Function function = functions.get(words.get(1).toString().toLowerCase(Locale.ROOT));
    return function == null || function.flags.mayWrite();
  }

  /**
   * Carries out FCALL, or FCALL_RO.
   *
   * @param readonly whether it may not write, whatever it says
   */
  public void call(Call call, boolean readonly) {
    call.noEffect();
    Function function = functions.get(call.arg(1).toString().toLowerCase(Locale.ROOT));
    if (function == null) {
      throw Errors.err("Function not found");
    }
    int keys;
    try {
      call.args().integer(2);
    } catch (CommandException e) {
      throw Errors.err("Bad number of keys provided");
    }
    keys = Scripts.keyCount(call);
    ScriptWorld target = world();
    ScriptRun run =
        scripts.begin(call, target, function.name, /* isEval= */ false, function.flags, readonly);
    List<byte[]> keyWords = Scripts.words(call, 3, 3 + keys);
    List<byte[]> arguments = Scripts.words(call, 3 + keys, call.count());
    scripts.running(run);
    try {
      target.run(
          run,
          function.callback,
          call.reply(),
          () -> new Object[] {target.table(keyWords), target.table(arguments)});
    } finally {
      scripts.running(null);
    }
  }
}
