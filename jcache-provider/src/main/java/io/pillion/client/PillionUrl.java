package io.pillion.client;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where commands go: one line of text that a person writes into a configuration.
 *
 * <table>
 * <caption>Forms</caption>
 * <tr><th>URL</th><th>means</th></tr>
 * <tr><td>empty, {@code embedded:}, {@code embedded:name[?listen=[host:]port]}</td>
 *     <td>an engine inside this JVM; the same name is the same engine. A {@link java.net.URI} cannot
 *     end with the colon: it says {@code embedded:/}</td></tr>
 * <tr><td>{@code redis://[[user]:password@]host[:port][/db]}</td><td>one server over TCP</td></tr>
 * <tr><td>{@code rediss://...}</td><td>the same over TLS</td></tr>
 * <tr><td>{@code redis://host1[:port],host2[:port]}</td><td>a cluster: any of its nodes</td></tr>
 * <tr><td>{@code redis-socket:///path}, {@code unix:///path}</td>
 *     <td>one server over a Unix domain socket</td></tr>
 * <tr><td>{@code redis-sentinel://host1[:port],host2[:port][/db]#master}</td>
 *     <td>the current primary of that name, as the sentinels say</td></tr>
 * </table>
 *
 * <p>{@code valkey} and {@code valkeys} are read as {@code redis} and {@code rediss}; {@code
 * rediss-sentinel} uses TLS. User and password are percent-decoded. Options follow a question mark,
 * as in {@code ?timeout=500ms&clientName=shop}; see {@link Option}.
 *
 * <p>Immutable. {@link #toString()} and every message leave the password out.
 */
public final class PillionUrl {
  /** How the commands travel. */
  public enum Kind {
    /** Into an engine of this JVM. */
    EMBEDDED,
    /** To one server over TCP, perhaps with TLS. */
    STANDALONE,
    /** To one server over a Unix domain socket. */
    SOCKET,
    /** To the primary that sentinels name. */
    SENTINEL,
    /** To the nodes of a cluster. */
    CLUSTER
  }

  /** What may follow the question mark. */
  public enum Option {
    /** How long a command may take, as {@code 500ms}, {@code 2s} or {@code PT2S}. */
    TIMEOUT("timeout"),
    /** How long making a connection may take. */
    CONNECT_TIMEOUT("connectTimeout"),
    /** The name the server lists this client under. */
    CLIENT_NAME("clientName"),
    /** The number of the database, where the path cannot say it (Unix domain sockets). */
    DATABASE("database"),
    /** How a TLS server proves itself: {@code full}, {@code ca} (any host name) or {@code none}. */
    VERIFY_PEER("verifyPeer"),
    /** {@code cluster}: a single host is the first known node of a cluster. */
    MODE("mode"),
    /** The password of the sentinels, where it is not the server's. */
    SENTINEL_PASSWORD("sentinelPassword"),
    /**
     * Where an embedded engine can be reached from outside this JVM, as {@code port}, {@code
     * host:port} or the absolute path of a Unix domain socket; a port alone is on the loopback
     * address, and 0 is any free one.
     */
    LISTEN("listen"),
    /** The memory of an embedded engine, as {@code 64mb} or {@code 1gb}. */
    MAX_MEMORY("maxmemory"),
    /**
     * What else an embedded engine is told: directives as in {@code redis.conf}, one a line (in a
     * URL a line ends with {@code %0A}).
     */
    CONFIG("config");

    private final String text;

    Option(String text) {
      this.text = text;
    }

    /** As written in a URL. */
    public String text() {
      return text;
    }
  }

  /** How a TLS server proves itself. */
  public enum VerifyPeer {
    /** By a certificate from a trusted authority for the host name asked for. */
    FULL,
    /** By a certificate from a trusted authority, for whatever host. */
    CA,
    /** Not at all. */
    NONE
  }

  /** A host name or address, and its port. */
  public record Endpoint(String host, int port) {
    @Override
    public String toString() {
      return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
  }

  /** How long a command may take when the URL does not say. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(2);

  private static final String KNOWN =
      "embedded:, redis://, rediss://, redis-socket://, unix://, redis-sentinel://,"
          + " rediss-sentinel://";
  private static final int DEFAULT_PORT = 6379;
  private static final int DEFAULT_SENTINEL_PORT = 26379;
  private static final int HIGHEST_DATABASE = 65_535;
  private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):(.*)");
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{0,64}");
  private static final Pattern DURATION = Pattern.compile("(\\d{1,12})(ms|s|m|h|)");

  private final Kind kind;
  private final String scheme;
  private final String name;
  private final List<Endpoint> endpoints;
  private final boolean tls;
  private final @Nullable String user;
  private final @Nullable String password;
  private final int database;
  private final Map<Option, String> options;

  private PillionUrl(
      Kind kind,
      String scheme,
      String name,
      List<Endpoint> endpoints,
      boolean tls,
      Credentials credentials,
      int database,
      Map<Option, String> options) {
    this.kind = kind;
    this.scheme = scheme;
    this.name = name;
    this.endpoints = List.copyOf(endpoints);
    this.tls = tls;
    this.user = credentials.user;
    this.password = credentials.password;
    this.database = database;
    this.options = options;
    timeout();
    connectTimeout();
    verifyPeer();
    if (kind != Kind.EMBEDDED
        && !(listen().isEmpty() && maxMemory().isEmpty() && config().isEmpty())) {
      throw new PillionUrlException(
          "The options listen, maxmemory and config of the Pillion URL are for embedded: engines.");
    }
  }

  /**
   * Reads a URL.
   *
   * @param text null and blank mean {@code embedded:}
   * @throws PillionUrlException when the text is not one of the forms above
   */
  public static PillionUrl parse(@Nullable String text) {
    String url = text == null ? "" : text.strip();
    if (url.isEmpty()) {
      return embedded("");
    }
    Matcher parts = SCHEME.matcher(url);
    String scheme = parts.matches() ? parts.group(1).toLowerCase(Locale.ROOT) : "";
    String rest = scheme.isEmpty() ? "" : parts.group(2);
    switch (scheme) {
      case "embedded":
        return embeddedWithOptions(rest.replaceFirst("^(//)?/?", ""));
      case "unix":
      case "redis-socket":
      case "redis+socket":
        return socket(scheme, rest);
      case "redis":
      case "rediss":
      case "valkey":
      case "valkeys":
      case "redis-sentinel":
      case "rediss-sentinel":
        if (!rest.startsWith("//")) {
          throw new PillionUrlException(
              "The Pillion URL lacks two slashes after \"" + scheme + ":\".");
        }
        return servers(scheme, rest.substring(2));
      default:
        // What stands before the first colon may be a host or a user, but with "://" it was meant
        // as a scheme and may be shown.
        throw new PillionUrlException(
            rest.startsWith("//")
                ? "Unknown scheme \"" + scheme + "\" in the Pillion URL; known are " + KNOWN + "."
                : "The Pillion URL does not start with a known scheme; known are " + KNOWN + ".");
    }
  }

  private static PillionUrl embeddedWithOptions(String text) {
    int question = text.indexOf('?');
    if (question < 0) {
      return embedded(text);
    }
    Map<Option, String> options = new EnumMap<>(Option.class);
    readOptions(text.substring(question + 1), options);
    PillionUrl plain = embedded(text.substring(0, question));
    return new PillionUrl(
        Kind.EMBEDDED, plain.scheme, plain.name, List.of(), false, Credentials.NONE, 0, options);
  }

  /** The engine of this name inside this JVM; the empty name is the default one. */
  public static PillionUrl embedded(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new PillionUrlException(
          "The name after \"embedded:\" may have up to 64 letters, digits, dots, dashes and"
              + " underscores.");
    }
    return new PillionUrl(
        Kind.EMBEDDED, "embedded", name, List.of(), false, Credentials.NONE, 0, Map.of());
  }

  private static PillionUrl socket(String scheme, String rest) {
    String text = rest.startsWith("//") ? rest.substring(2) : rest;
    Map<Option, String> options = new EnumMap<>(Option.class);
    int question = text.indexOf('?');
    if (question >= 0) {
      readOptions(text.substring(question + 1), options);
      text = text.substring(0, question);
    }
    int slash = text.indexOf('/');
    int at = text.lastIndexOf('@', slash < 0 ? text.length() : slash);
    Credentials credentials = at < 0 ? Credentials.NONE : Credentials.parse(text.substring(0, at));
    String path = text.substring(at + 1);
    if (!path.startsWith("/")) {
      throw new PillionUrlException(
          "The Pillion URL needs the absolute path of a Unix domain socket, as in"
              + " redis-socket:///run/pillion.sock.");
    }
    return new PillionUrl(
        Kind.SOCKET, scheme, path, List.of(), false, credentials, database("", options), options);
  }

  private static PillionUrl servers(String scheme, String rest) {
    boolean sentinel = scheme.endsWith("-sentinel");
    String text = rest;
    String master = "";
    int hash = text.lastIndexOf('#');
    if (hash >= 0) {
      master = text.substring(hash + 1);
      text = text.substring(0, hash);
    }
    if (sentinel == master.isEmpty()) {
      throw new PillionUrlException(
          sentinel
              ? "The Pillion URL of sentinels ends with the name of the primary, as in"
                  + " redis-sentinel://host:26379#mymaster."
              : "A \"#\" in the Pillion URL names the primary of redis-sentinel://; in a password"
                  + " it is written %23.");
    }
    Map<Option, String> options = new EnumMap<>(Option.class);
    int question = text.indexOf('?');
    if (question >= 0) {
      readOptions(text.substring(question + 1), options);
      text = text.substring(0, question);
    }
    int at = text.lastIndexOf('@');
    Credentials credentials = at < 0 ? Credentials.NONE : Credentials.parse(text.substring(0, at));
    text = text.substring(at + 1);
    String path = "";
    int slash = text.indexOf('/');
    if (slash >= 0) {
      path = text.substring(slash + 1);
      text = text.substring(0, slash);
    }
    int defaultPort = sentinel ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT;
    List<Endpoint> endpoints = new ArrayList<>();
    for (String host : text.split(",", -1)) {
      endpoints.add(endpoint(host.strip(), defaultPort));
    }
    int database = database(path, options);
    String mode = options.getOrDefault(Option.MODE, "");
    if (!mode.isEmpty() && !mode.equals("cluster")) {
      throw new PillionUrlException("The Pillion URL's option mode can only be \"cluster\".");
    }
    Kind kind = Kind.STANDALONE;
    if (sentinel) {
      kind = Kind.SENTINEL;
    } else if (endpoints.size() > 1 || mode.equals("cluster")) {
      kind = Kind.CLUSTER;
      if (database != 0) {
        throw new PillionUrlException(
            "The Pillion URL asks for database " + database + ", but a cluster has only 0.");
      }
    }
    boolean tls =
        scheme.equals("rediss") || scheme.equals("valkeys") || scheme.equals("rediss-sentinel");
    return new PillionUrl(kind, scheme, master, endpoints, tls, credentials, database, options);
  }

  private static Endpoint endpoint(String text, int defaultPort) {
    String host = text;
    String port = "";
    int colon = text.lastIndexOf(':');
    if (text.startsWith("[")) {
      int bracket = text.indexOf(']');
      String after = bracket < 0 ? "?" : text.substring(bracket + 1);
      if (!after.isEmpty() && !after.startsWith(":")) {
        throw new PillionUrlException(
            "The Pillion URL has an IPv6 address that is not closed by \"]\" or \"]:port\".");
      }
      host = text.substring(1, bracket);
      port = after.isEmpty() ? "" : after.substring(1);
    } else if (colon >= 0) {
      host = text.substring(0, colon);
      port = text.substring(colon + 1);
    }
    if (host.isEmpty() || host.chars().anyMatch(c -> c <= ' ')) {
      throw new PillionUrlException(
          "The Pillion URL names no host; write for example redis://localhost:6379.");
    }
    return new Endpoint(host, port.isEmpty() ? defaultPort : number("port", port, 1, 65_535));
  }

  private static int database(String path, Map<Option, String> options) {
    String option = options.getOrDefault(Option.DATABASE, "");
    String text = path.isEmpty() ? option : path;
    return text.isEmpty() ? 0 : number("database", text, 0, HIGHEST_DATABASE);
  }

  private static int number(String what, String text, int least, int most) {
    // The text is not shown: a password with a slash or a colon in it ends up here.
    PillionUrlException refused =
        new PillionUrlException(
            String.format(
                "The %s in the Pillion URL must be a number from %d to %d (in a password, \"/\","
                    + " \"@\" and \":\" are written %%2F, %%40 and %%3A).",
                what, least, most));
    try {
      int value = Integer.parseInt(text);
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw refused;
    }
    throw refused;
  }

  private static void readOptions(String query, Map<Option, String> options) {
    for (String pair : query.split("&", -1)) {
      if (pair.isEmpty()) {
        continue;
      }
      int equals = pair.indexOf('=');
      String key = equals < 0 ? pair : pair.substring(0, equals);
      Option option =
          Arrays.stream(Option.values())
              .filter(o -> o.text.equalsIgnoreCase(key))
              .findFirst()
              .orElseThrow(
                  () ->
                      new PillionUrlException(
                          "Unknown option in the Pillion URL; known are "
                              + Arrays.stream(Option.values())
                                  .map(Option::text)
                                  .collect(Collectors.joining(", "))
                              + "."));
      options.put(option, decode(equals < 0 ? "" : pair.substring(equals + 1)));
    }
  }

  private static String decode(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    ByteBuffer bytes = ByteBuffer.allocate(text.length() * 3);
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      int width = Character.charCount(c);
      if (c == '%') {
        int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
        int low = i + 2 < text.length() ? Character.digit(text.charAt(i + 2), 16) : -1;
        if (high < 0 || low < 0) {
          throw new PillionUrlException(
              "A \"%\" in the Pillion URL must be followed by two hexadecimal digits.");
        }
        bytes.put((byte) (high << 4 | low));
        i += 3;
      } else {
        bytes.put(text.substring(i, i + width).getBytes(StandardCharsets.UTF_8));
        i += width;
      }
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(bytes.flip())
          .toString();
    } catch (CharacterCodingException e) {
      throw new PillionUrlException("The Pillion URL has escapes that are not UTF-8.");
    }
  }

  /**
   * The same, with this user and password: for settings that keep them apart from the URL.
   *
   * @param user null keeps what the URL says
   * @param password null keeps what the URL says
   */
  public PillionUrl withCredentials(@Nullable String user, @Nullable String password) {
    Credentials credentials =
        new Credentials(
            user == null ? this.user : user, password == null ? this.password : password);
    return new PillionUrl(kind, scheme, name, endpoints, tls, credentials, database, options);
  }

  /**
   * The same, with this option as a URL would write it.
   *
   * @throws PillionUrlException when the option cannot have this value
   */
  public PillionUrl with(Option option, String value) {
    Map<Option, String> changed = new EnumMap<>(Option.class);
    changed.putAll(options);
    changed.put(option, value);
    return new PillionUrl(
        kind, scheme, name, endpoints, tls, new Credentials(user, password), database, changed);
  }

  /** How the commands travel. */
  public Kind kind() {
    return kind;
  }

  /** The name of the embedded engine; empty for the default one and for every other kind. */
  public String embeddedName() {
    return kind == Kind.EMBEDDED ? name : "";
  }

  /** The path of the Unix domain socket; empty for every other kind. */
  public String socketPath() {
    return kind == Kind.SOCKET ? name : "";
  }

  /** What the sentinels call the primary; empty for every other kind. */
  public String sentinelMaster() {
    return kind == Kind.SENTINEL ? name : "";
  }

  /** Servers, cluster nodes or sentinels, at least one; empty for embedded and sockets. */
  public List<Endpoint> endpoints() {
    return endpoints;
  }

  /** Whether the connection is encrypted. */
  public boolean tls() {
    return tls;
  }

  /** The ACL user, or null for the default one. */
  public @Nullable String user() {
    return user;
  }

  /** The password, or null. A secret. */
  public @Nullable String password() {
    return password;
  }

  /** The password of the sentinels, or null. A secret. */
  public @Nullable String sentinelPassword() {
    return options.get(Option.SENTINEL_PASSWORD);
  }

  /** The number of the database, from 0. */
  public int database() {
    return database;
  }

  /** How long a command may take; at least one millisecond. */
  public Duration timeout() {
    return duration(Option.TIMEOUT);
  }

  /** How long making a connection may take; at least one millisecond. */
  public Duration connectTimeout() {
    return duration(Option.CONNECT_TIMEOUT);
  }

  /** How a TLS server proves itself. */
  public VerifyPeer verifyPeer() {
    String text = options.getOrDefault(Option.VERIFY_PEER, "full");
    for (VerifyPeer value : VerifyPeer.values()) {
      if (value.name().equalsIgnoreCase(text)) {
        return value;
      }
    }
    throw new PillionUrlException(
        "The Pillion URL's option verifyPeer is one of full, ca and none.");
  }

  /** The name the server lists this client under, or null. */
  public @Nullable String clientName() {
    return options.get(Option.CLIENT_NAME);
  }

  /** Where an embedded engine can be reached from outside; empty for nowhere. */
  public String listen() {
    return options.getOrDefault(Option.LISTEN, "");
  }

  /** The memory of an embedded engine as {@code maxmemory} takes it; empty for its default. */
  public String maxMemory() {
    return options.getOrDefault(Option.MAX_MEMORY, "");
  }

  /** The directives of an embedded engine, one a line; empty for its defaults. */
  public String config() {
    return options.getOrDefault(Option.CONFIG, "");
  }

  private Duration duration(Option option) {
    String text = options.get(option);
    if (text == null) {
      return DEFAULT_TIMEOUT;
    }
    Duration duration = Duration.ZERO;
    Matcher parts = DURATION.matcher(text);
    if (parts.matches()) {
      long count = Long.parseLong(parts.group(1));
      duration =
          switch (parts.group(2)) {
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            case "h" -> Duration.ofHours(count);
            default -> Duration.ofMillis(count);
          };
    } else {
      try {
        duration = Duration.parse(text);
      } catch (DateTimeParseException e) {
        duration = Duration.ZERO;
      }
    }
    if (duration.compareTo(Duration.ofMillis(1)) < 0
        || duration.compareTo(Duration.ofDays(1)) > 0) {
      throw new PillionUrlException(
          "The Pillion URL's option "
              + option.text
              + " is a time from 1ms to 24h, such as 500ms, 2s or PT2S.");
    }
    return duration;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PillionUrl that
        && kind == that.kind
        && name.equals(that.name)
        && endpoints.equals(that.endpoints)
        && tls == that.tls
        && Objects.equals(user, that.user)
        && Objects.equals(password, that.password)
        && database == that.database
        && options.equals(that.options);
  }

  @Override
  public int hashCode() {
    return Objects.hash(kind, name, endpoints, database);
  }

  /** The URL without password and options: fit for logs and error messages. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(scheme).append(':');
    if (kind == Kind.EMBEDDED) {
      return text.append(name).toString();
    }
    text.append("//");
    if (user != null || password != null) {
      text.append(user == null ? "" : user).append(password == null ? "@" : ":***@");
    }
    if (kind == Kind.SOCKET) {
      text.append(name);
      return (database == 0 ? text : text.append("?database=").append(database)).toString();
    }
    text.append(endpoints.stream().map(Endpoint::toString).collect(Collectors.joining(",")));
    if (database != 0) {
      text.append('/').append(database);
    }
    return (kind == Kind.SENTINEL ? text.append('#').append(name) : text).toString();
  }

  private record Credentials(@Nullable String user, @Nullable String password) {
    static final Credentials NONE = new Credentials(null, null);

    /** Reads {@code user:password}, {@code :password} or, as other clients do, {@code password}. */
    static Credentials parse(String text) {
      int colon = text.indexOf(':');
      String user = colon <= 0 ? null : decode(text.substring(0, colon));
      String password = decode(text.substring(colon + 1));
      return new Credentials(user, password.isEmpty() ? null : password);
    }

    @Override
    public String toString() {
      return "Credentials";
    }
  }
}
