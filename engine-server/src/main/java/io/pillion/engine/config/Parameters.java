package io.pillion.engine.config;

import io.pillion.engine.config.Parameter.Trait;
import io.pillion.engine.config.ParameterType.Value;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The value of every parameter of one engine. Any thread may read; changes are made by one thread
 * at a time (CONFIG SET under the engine lock). What needs a value in a hot place listens and keeps
 * its own copy.
 */
public final class Parameters {
  private static final List<Parameter> ALL = ParameterTable.all();
  private static final Map<String, Parameter> BY_NAME = byName();

  private final Map<Parameter, Value> values = new ConcurrentHashMap<>();
  private final Map<Parameter, List<Listener>> listeners = new HashMap<>();
  private final Set<Parameter> loaded = new HashSet<>();
  private volatile @Nullable String configFile;
  private final Map<String, List<String>> users = new LinkedHashMap<>();
  private @Nullable Supplier<List<String>> userLines;

  /** All parameters at their defaults. */
  public Parameters() {
    for (Parameter parameter : ALL) {
      values.put(parameter, parameter.defaultValue());
    }
  }

  /** Told after a value has changed. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Takes the new value into use.
     *
     * @throws ConfigException when it cannot be used; the change is taken back then, and everyone
     *     who heard of it is told again
     */
    void changed();
  }

  /** One parameter and the text it shall be set to. */
  public record Setting(String name, String value) {}

  // --- reading

  /** The value as CONFIG GET says it. */
  public String text(String name) {
    return value(name).text();
  }

  /** The value as a number: bytes for memory, the place of an enumeration's name. */
  public long number(String name) {
    return value(name).number();
  }

  /** As {@link #number}, for those that fit. */
  public int integer(String name) {
    return Math.toIntExact(number(name));
  }

  /** Whether a yes-or-no parameter is yes. */
  public boolean isOn(String name) {
    return number(name) != 0;
  }

  /** The value of a parameter of several words; empty when there are none. */
  public List<String> words(String name) {
    String text = text(name);
    return text.isEmpty() ? List.of() : List.of(text.split(" ", -1));
  }

  /** The parameter of this name or alias in any case, or null. */
  public static @Nullable Parameter find(String name) {
    return BY_NAME.get(name.toLowerCase(Locale.ROOT));
  }

  /** The names, aliases included, that CONFIG GET's patterns match, in alphabetical order. */
  public static Collection<String> visibleNames() {
    return VISIBLE_NAMES;
  }

  /** How many bytes all clients may take; 0 for no limit. */
  public long clientMemoryBytes() {
    long bytes = number("maxmemory-clients");
    return bytes >= 0 ? bytes : number("maxmemory") / 100 * -bytes;
  }

  /**
   * How much unsent output a class of clients may have.
   *
   * @param clientClass {@code normal}, {@code slave} or {@code pubsub}
   */
  public OutputLimit outputLimit(String clientClass) {
    List<String> words = words("client-output-buffer-limit");
    int at = words.indexOf(clientClass);
    return new OutputLimit(
        Long.parseLong(words.get(at + 1)),
        Long.parseLong(words.get(at + 2)),
        Integer.parseInt(words.get(at + 3)));
  }

  /**
   * A limit on unsent output.
   *
   * @param hardBytes never more than this; 0 for no limit
   * @param softBytes not more than this for longer than {@code softSeconds}; 0 for no limit
   */
  public record OutputLimit(long hardBytes, long softBytes, int softSeconds) {}

  private Value value(String name) {
    return valueOf(known(name));
  }

  private Value valueOf(Parameter parameter) {
    Value value = values.get(parameter);
    if (value == null) {
      throw new IllegalStateException("no value of " + parameter);
    }
    return value;
  }

  private static Parameter known(String name) {
    Parameter parameter = find(name);
    if (parameter == null) {
      throw new IllegalArgumentException("There is no parameter named '" + name + "'");
    }
    return parameter;
  }

  // --- changing

  /**
   * Has changes of some parameters told; at once for the start, by whoever assembles the engine.
   */
  public void onChange(Listener listener, String... names) {
    for (String name : names) {
      listeners.computeIfAbsent(known(name), parameter -> new ArrayList<>()).add(listener);
    }
  }

  /**
   * Sets a parameter at the start, before anything listens: immutable ones too.
   *
   * @throws ConfigException when there is none of this name, or it does not take the value
   */
  public Parameters set(String name, String... words) {
    Parameter parameter = find(name);
    if (parameter == null) {
      throw ConfigException.unknown(name);
    }
    put(parameter, List.of(words), /* first= */ true);
    return this;
  }

  /** Sets a parameter from a line of a configuration file: lines of some parameters add up. */
  void load(String name, List<String> words) {
    Parameter parameter = find(name);
    if (parameter == null) {
      throw ConfigException.unknown(name);
    }
    if (!parameter.is(Trait.MULTI_WORD) && words.size() != 1) {
      throw new ConfigException("wrong number of arguments");
    }
    boolean first = !loaded.contains(parameter);
    put(parameter, words.size() == 1 ? wordsOf(parameter, words.get(0)) : words, first);
    loaded.add(parameter);
  }

  private void put(Parameter parameter, List<String> words, boolean first) {
    values.put(parameter, parameter.type().parse(words, valueOf(parameter), first));
  }

  /**
   * Changes parameters while the engine runs: all of them or none, as CONFIG SET does.
   *
   * @param local whether the client is on this machine, which {@code enable-protected-configs
   *     local} trusts
   * @throws ConfigException with CONFIG SET's error reply; nothing has changed then
   */
  public void change(List<Setting> settings, boolean local) {
    Map<Parameter, String> named = resolve(settings, local);
    Map<Parameter, Value> before = new LinkedHashMap<>();
    Parameter at = null;
    try {
      for (Map.Entry<Parameter, String> setting : named.entrySet()) {
        at = setting.getKey();
        Value old = valueOf(at);
        put(at, wordsOf(at, setting.getValue()), /* first= */ true);
        if (!old.equals(valueOf(at))) {
          before.put(at, old);
        }
      }
      Set<Listener> told = new HashSet<>();
      for (Parameter parameter : before.keySet()) {
        at = parameter;
        tell(parameter, told);
      }
    } catch (ConfigException e) {
      takeBack(before);
      throw at == null ? e : e.about(nameIn(settings, at));
    }
  }

  private Map<Parameter, String> resolve(List<Setting> settings, boolean local) {
    Map<Parameter, String> named = new LinkedHashMap<>();
    Set<String> names = new HashSet<>();
    for (Setting setting : settings) {
      Parameter parameter = find(setting.name());
      if (parameter == null) {
        throw ConfigException.unknown(setting.name());
      }
      if (parameter.is(Trait.IMMUTABLE)) {
        throw new ConfigException("can't set immutable config").about(setting.name());
      }
      if (parameter.is(Trait.PROTECTED) && !mayTouchProtected(local)) {
        throw new ConfigException("can't set protected config").about(setting.name());
      }
      if (!names.add(setting.name().toLowerCase(Locale.ROOT))) {
        throw new ConfigException("duplicate parameter").about(setting.name());
      }
      // By its other name it may be given again: the last one counts.
      named.put(parameter, setting.value());
    }
    return named;
  }

  private boolean mayTouchProtected(boolean local) {
    String who = text("enable-protected-configs");
    return who.equals("yes") || (who.equals("local") && local);
  }

  private void tell(Parameter parameter, Set<Listener> told) {
    for (Listener listener : listeners.getOrDefault(parameter, List.of())) {
      if (told.add(listener)) {
        listener.changed();
      }
    }
  }

  private void takeBack(Map<Parameter, Value> before) {
    values.putAll(before);
    Set<Listener> told = new HashSet<>();
    try {
      for (Parameter parameter : before.keySet()) {
        tell(parameter, told);
      }
    } catch (ConfigException e) {
      throw new IllegalStateException("an old value was refused: " + e.reason(), e);
    }
  }

  private static List<String> wordsOf(Parameter parameter, String value) {
    return parameter.is(Trait.MULTI_WORD) ? List.of(value.split(" ", -1)) : List.of(value);
  }

  private static String nameIn(List<Setting> settings, Parameter parameter) {
    for (Setting setting : settings) {
      if (find(setting.name()) == parameter) {
        return setting.name();
      }
    }
    return parameter.name();
  }

  // --- users, of whom a configuration file tells, too

  /** The users in the configuration file: of each the name, then the rules. */
  public List<List<String>> users() {
    return List.copyOf(users.values());
  }

  /**
   * Takes a user from a line of a configuration file.
   *
   * @param words the name, then the rules
   */
  void addUser(List<String> words) {
    if (words.isEmpty()) {
      throw ConfigException.unknown("user");
    }
    if (users.putIfAbsent(words.get(0), words) != null) {
      throw new ConfigException(
          "Error in user declaration '"
              + words.get(0)
              + "': Duplicate user found. A user can only be defined once in config files");
    }
  }

  /** Says who tells, when the configuration file is rewritten, the lines for all users. */
  public void rewriteUsers(Supplier<List<String>> lines) {
    userLines = lines;
  }

  /** The lines for all users; null when the old ones are to be kept. */
  @Nullable List<String> userLines() {
    Supplier<List<String>> lines = userLines;
    return lines == null ? null : lines.get();
  }

  // --- the configuration file

  /** The file these came from, or null: where CONFIG REWRITE writes. */
  public @Nullable String configFile() {
    return configFile;
  }

  /** Says which file these came from. */
  public void configFile(@Nullable String path) {
    configFile = path;
  }

  /**
   * The lines of the configuration file for the values of now: an old file's comments and order are
   * kept, what is no longer so is replaced or dropped, and what is new follows at the end.
   *
   * @param oldText the file as it is, empty when there is none
   * @param all whether parameters at their defaults are written too
   */
  public String rewrite(String oldText, boolean all) {
    return ConfigRewrite.rewrite(oldText, this, all);
  }

  List<String> rewrittenLines(Parameter parameter) {
    if (parameter.is(Trait.MULTI_WORD)
        && isDefault(parameter)
        && words(parameter.name()).isEmpty()) {
      // redis-server does not start with "replicaof" and nothing behind it.
      return List.of();
    }
    return parameter.type().lines(valueOf(parameter));
  }

  boolean isDefault(Parameter parameter) {
    return valueOf(parameter).equals(parameter.defaultValue());
  }

  static List<Parameter> all() {
    return ALL;
  }

  private static Map<String, Parameter> byName() {
    Map<String, Parameter> names = new HashMap<>();
    for (Parameter parameter : ALL) {
      for (String name : names(parameter)) {
        if (names.put(name, parameter) != null) {
          throw new IllegalStateException("two parameters are named " + name);
        }
      }
    }
    return names;
  }

  private static final Collection<String> VISIBLE_NAMES = visible();

  private static Collection<String> visible() {
    Map<String, Parameter> names = new TreeMap<>(BY_NAME);
    names.values().removeIf(parameter -> parameter.is(Trait.HIDDEN));
    return Collections.unmodifiableCollection(names.keySet());
  }

  private static List<String> names(Parameter parameter) {
    String alias = parameter.alias();
    return alias == null ? List.of(parameter.name()) : List.of(parameter.name(), alias);
  }
}
