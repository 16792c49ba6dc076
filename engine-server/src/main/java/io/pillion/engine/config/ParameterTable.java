package io.pillion.engine.config;

import static io.pillion.engine.config.Parameter.Trait.HIDDEN;
import static io.pillion.engine.config.Parameter.Trait.IMMUTABLE;
import static io.pillion.engine.config.Parameter.Trait.MULTI_WORD;
import static io.pillion.engine.config.Parameter.Trait.PROTECTED;
import static io.pillion.engine.config.Parameter.Trait.SENSITIVE;

import io.pillion.engine.config.Parameter.Trait;
import java.time.DateTimeException;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Every parameter there is: the directives of Redis 7.2's and Valkey 8.0's redis.conf, then our
 * own. A directive of theirs that means nothing here is still accepted and remembered, because
 * clients, tools and configuration files set it.
 */
final class ParameterTable {
  private static final long INT = Integer.MAX_VALUE;
  private static final long UINT = 0xFFFFFFFFL;
  private static final long LONG = Long.MAX_VALUE;
  private static final ParameterType TEXT = new ParameterType.Text(text -> text);

  private final List<Parameter> all = new ArrayList<>();

  private ParameterTable() {}

  static List<Parameter> all() {
    ParameterTable table = new ParameterTable();
    table.network();
    table.process();
    table.clients();
    table.memory();
    table.encodings();
    table.persistence();
    table.replication();
    table.cluster();
    table.security();
    table.observation();
    table.tls();
    table.own();
    return List.copyOf(table.all);
  }

  private void network() {
    // As in the redis.conf that is shipped: nobody from outside, unless told so.
    several("bind", ParameterTable::addresses, List.of("127.0.0.1", "-::1"));
    text("bind-source-addr", "");
    whole("port", 0, 65535, 6379);
    whole("tcp-backlog", 0, INT, 511, IMMUTABLE);
    whole("tcp-keepalive", 0, INT, 300);
    whole("timeout", 0, INT, 0);
    text("unixsocket", "", IMMUTABLE);
    text("unixsocketgroup", "", IMMUTABLE);
    add("unixsocketperm", null, new ParameterType.Octal(0, 0777), List.of("0"), IMMUTABLE);
    whole("socket-mark-id", 0, UINT, 0, IMMUTABLE);
    whole("max-new-connections-per-cycle", 1, 1000, 10);
    whole("max-new-tls-connections-per-cycle", 1, 1000, 1);
    bool("protected-mode", true);
    whole("io-threads", 1, 128, 1, IMMUTABLE);
    bool("io-threads-do-reads", true, IMMUTABLE);
    whole("prefetch-batch-max-size", 0, 128, 16);
    whole("events-per-io-thread", 0, INT, 2);
  }

  private void process() {
    bool("daemonize", false, IMMUTABLE);
    oneOf("supervised", "no", IMMUTABLE, "upstart", "systemd", "auto", "no");
    text("pidfile", "", IMMUTABLE);
    oneOf("loglevel", "notice", null, "debug", "verbose", "notice", "warning", "nothing");
    text("logfile", "", IMMUTABLE);
    bool("syslog-enabled", false, IMMUTABLE);
    text("syslog-ident", "redis", IMMUTABLE);
    oneOf(
        "syslog-facility",
        "local0",
        IMMUTABLE,
        "user",
        "local0",
        "local1",
        "local2",
        "local3",
        "local4",
        "local5",
        "local6",
        "local7");
    bool("crash-log-enabled", true);
    bool("crash-memcheck-enabled", true);
    bool("use-exit-on-panic", false, HIDDEN);
    bool("always-show-logo", false, IMMUTABLE);
    bool("set-proc-title", true, IMMUTABLE);
    add(
        "proc-title-template",
        null,
        new ParameterType.Text(ParameterTable::titleTemplate),
        List.of("{title} {listen-addr} {server-mode}"));
    text("ignore-warnings", "");
    text("locale-collate", "");
    whole("databases", 1, INT, 16, IMMUTABLE);
    add(
        "hz",
        null,
        new ParameterType.Clamped(new ParameterType.Whole(0, INT), 1, 500),
        List.of("10"));
    bool("dynamic-hz", true);
    bool("disable-thp", true, IMMUTABLE);
    oneOf("oom-score-adj", "no", null, "no", "yes", "relative", "absolute");
    several("oom-score-adj-values", ParameterTable::oomScores, List.of("0", "200", "800"));
    aliased("server-cpulist", "server_cpulist", TEXT, "", IMMUTABLE);
    aliased("bio-cpulist", "bio_cpulist", TEXT, "", IMMUTABLE);
    aliased("aof-rewrite-cpulist", "aof_rewrite_cpulist", TEXT, "", IMMUTABLE);
    aliased("bgsave-cpulist", "bgsave_cpulist", TEXT, "", IMMUTABLE);
    someOf("shutdown-on-sigint", "default", "save", "nosave", "now", "force");
    someOf("shutdown-on-sigterm", "default", "save", "nosave", "now", "force");
    whole("shutdown-timeout", 0, INT, 10);
    whole("watchdog-period", 0, INT, 0, HIDDEN);
    bool("enable-debug-assert", false, IMMUTABLE, HIDDEN);
    bool("extended-redis-compatibility", false);
    text("availability-zone", "");
  }

  private void clients() {
    whole("maxclients", 1, UINT, 10_000);
    add(
        "client-output-buffer-limit",
        null,
        new ParameterType.OutputLimits(),
        List.of(
            "normal", "0", "0", "0", "slave", "256mb", "64mb", "60", "pubsub", "32mb", "8mb", "60"),
        MULTI_WORD);
    memory("client-query-buffer-limit", 1 << 20, LONG, "1gb");
    memory("proto-max-bulk-len", 1 << 20, LONG, "512mb");
    add("maxmemory-clients", null, new ParameterType.MemoryOrPercent(), List.of("0"));
    whole("tracking-table-max-keys", 0, LONG, 1_000_000);
    aliasedWhole("busy-reply-threshold", "lua-time-limit", 0, LONG, 5000);
    add("notify-keyspace-events", null, new ParameterType.EventClasses(), List.of(""));
  }

  private void memory() {
    memory("maxmemory", 0, LONG, "0");
    oneOf(
        "maxmemory-policy",
        "noeviction",
        null,
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "noeviction");
    whole("maxmemory-samples", 1, 64, 5);
    whole("maxmemory-eviction-tenacity", 0, 100, 10);
    whole("lfu-log-factor", 0, INT, 10);
    whole("lfu-decay-time", 0, INT, 1);
    whole("active-expire-effort", 1, 10, 1);
    bool("activerehashing", true);
    bool("lazyfree-lazy-eviction", true);
    bool("lazyfree-lazy-expire", true);
    bool("lazyfree-lazy-server-del", true);
    bool("lazyfree-lazy-user-del", true);
    bool("lazyfree-lazy-user-flush", true);
    bool("jemalloc-bg-thread", true);
    bool("activedefrag", false);
    memory("active-defrag-ignore-bytes", 1, LONG, "100mb");
    whole("active-defrag-threshold-lower", 0, 1000, 10);
    whole("active-defrag-threshold-upper", 0, 1000, 100);
    whole("active-defrag-cycle-min", 1, 99, 1);
    whole("active-defrag-cycle-max", 1, 99, 25);
    whole("active-defrag-max-scan-fields", 1, LONG, 1000);
  }

  private void encodings() {
    aliasedWhole("hash-max-listpack-entries", "hash-max-ziplist-entries", 0, LONG, 512);
    aliasedMemory("hash-max-listpack-value", "hash-max-ziplist-value", 0, LONG, "64");
    aliasedWhole("list-max-listpack-size", "list-max-ziplist-size", Integer.MIN_VALUE, INT, -2);
    whole("list-compress-depth", 0, INT, 0);
    whole("set-max-intset-entries", 0, LONG, 512);
    whole("set-max-listpack-entries", 0, LONG, 128);
    whole("set-max-listpack-value", 0, LONG, 64);
    aliasedWhole("zset-max-listpack-entries", "zset-max-ziplist-entries", 0, LONG, 128);
    aliasedMemory("zset-max-listpack-value", "zset-max-ziplist-value", 0, LONG, "64");
    memory("hll-sparse-max-bytes", 0, LONG, "3000");
    memory("stream-node-max-bytes", 0, LONG, "4096");
    whole("stream-node-max-entries", 0, LONG, 100);
  }

  private void persistence() {
    add("dir", null, TEXT, List.of("."), PROTECTED);
    add(
        "save",
        null,
        new ParameterType.SavePoints(),
        List.of("3600", "1", "300", "100", "60", "10000"),
        MULTI_WORD);
    file("dbfilename", "dump.rdb", "dbfilename can't be a path, just a filename", PROTECTED);
    bool("rdbcompression", true);
    bool("rdbchecksum", true, IMMUTABLE);
    bool("rdb-del-sync-files", false);
    bool("rdb-save-incremental-fsync", true);
    whole("rdb-key-save-delay", Integer.MIN_VALUE, INT, 0, HIDDEN);
    whole("key-load-delay", Integer.MIN_VALUE, INT, 0, HIDDEN);
    whole("loading-process-events-interval-bytes", 1024, INT, 512 << 10, HIDDEN);
    bool("stop-writes-on-bgsave-error", true);
    oneOf("sanitize-dump-payload", "no", null, "no", "yes", "clients");
    bool("appendonly", false);
    file("appendfilename", "appendonly.aof", "appendfilename can't be a path, just a filename");
    file("appenddirname", "appendonlydir", "appenddirname can't be a path, just a dirname");
    oneOf("appendfsync", "everysec", null, "everysec", "always", "no");
    bool("no-appendfsync-on-rewrite", false);
    whole("auto-aof-rewrite-percentage", 0, INT, 100);
    memory("auto-aof-rewrite-min-size", 0, LONG, "64mb");
    bool("aof-load-truncated", true);
    bool("aof-use-rdb-preamble", true);
    bool("aof-timestamp-enabled", false);
    bool("aof-rewrite-incremental-fsync", true);
    bool("aof-disable-auto-gc", false);
  }

  private void replication() {
    add(
        "replicaof",
        "slaveof",
        new ParameterType.Several(ParameterTable::primary),
        List.of(),
        IMMUTABLE,
        MULTI_WORD);
    aliased("primaryauth", "masterauth", TEXT, "", SENSITIVE);
    aliased("primaryuser", "masteruser", TEXT, "", SENSITIVE);
    aliasedBool("replica-serve-stale-data", "slave-serve-stale-data", true);
    aliasedBool("replica-read-only", "slave-read-only", true);
    bool("replica-forward-writes", false);
    memory("replica-forward-buffer", 1 << 20, LONG, "64mb");
    aliasedBool("replica-lazy-flush", "slave-lazy-flush", true);
    aliasedBool("replica-ignore-maxmemory", "slave-ignore-maxmemory", true);
    bool("replica-ignore-disk-write-errors", false);
    bool("replica-announced", true);
    aliased("replica-announce-ip", "slave-announce-ip", TEXT, "");
    aliasedWhole("replica-announce-port", "slave-announce-port", 0, 65535, 0);
    aliasedWhole("replica-priority", "slave-priority", 0, INT, 100);
    aliasedWhole("repl-ping-replica-period", "repl-ping-slave-period", 1, INT, 10);
    whole("repl-timeout", 1, INT, 60);
    bool("repl-disable-tcp-nodelay", false);
    bool("repl-diskless-sync", true);
    whole("repl-diskless-sync-delay", 0, INT, 5);
    whole("repl-diskless-sync-max-replicas", 0, INT, 0);
    oneOf("repl-diskless-load", "disabled", null, "disabled", "on-empty-db", "swapdb");
    memory("repl-backlog-size", 1, LONG, "10mb");
    whole("repl-backlog-ttl", 0, LONG, 3600);
    aliasedWhole("min-replicas-to-write", "min-slaves-to-write", 0, INT, 0);
    aliasedWhole("min-replicas-max-lag", "min-slaves-max-lag", 0, INT, 10);
    oneOf("propagation-error-behavior", "ignore", null, "ignore", "panic", "panic-on-replicas");
    bool("dual-channel-replication-enabled", false);
  }

  private void cluster() {
    bool("cluster-enabled", false, IMMUTABLE);
    text("cluster-config-file", "nodes.conf", IMMUTABLE);
    whole("cluster-port", 0, 65535, 0, IMMUTABLE);
    whole("cluster-node-timeout", 0, LONG, 15_000);
    whole("cluster-ping-interval", 0, LONG, 1000, HIDDEN);
    aliasedWhole("cluster-replica-validity-factor", "cluster-slave-validity-factor", 0, INT, 10);
    aliasedBool("cluster-replica-no-failover", "cluster-slave-no-failover", false);
    whole("cluster-migration-barrier", 0, INT, 1);
    bool("cluster-allow-replica-migration", true);
    bool("cluster-require-full-coverage", true);
    bool("cluster-allow-reads-when-down", false);
    bool("cluster-allow-pubsubshard-when-down", true);
    memory("cluster-link-sendbuf-limit", 0, LONG, "0");
    text("cluster-announce-ip", "");
    text("cluster-announce-client-ipv4", "");
    text("cluster-announce-client-ipv6", "");
    checked(
        "cluster-announce-hostname",
        "-.",
        "Hostnames may only contain alphanumeric characters, hyphens or dots");
    checked(
        "cluster-announce-human-nodename",
        "-._ ",
        "Announced human node name contained invalid character");
    whole("cluster-announce-port", 0, 65535, 0);
    whole("cluster-announce-tls-port", 0, 65535, 0);
    whole("cluster-announce-bus-port", 0, 65535, 0);
    oneOf("cluster-preferred-endpoint-type", "ip", null, "ip", "hostname", "unknown-endpoint");
    whole("cluster-blacklist-ttl", 0, LONG, 60);
    bool("cluster-slot-stats-enabled", false);
  }

  private void security() {
    text("requirepass", "", SENSITIVE);
    text("aclfile", "", IMMUTABLE);
    oneOf("acl-pubsub-default", "resetchannels", null, "allchannels", "resetchannels");
    whole("acllog-max-len", 0, LONG, 128);
    oneOf("enable-protected-configs", "no", IMMUTABLE, "no", "yes", "local");
    oneOf("enable-debug-command", "no", IMMUTABLE, "no", "yes", "local");
    oneOf("enable-module-command", "no", IMMUTABLE, "no", "yes", "local");
    bool("hide-user-data-from-log", true);
  }

  private void observation() {
    whole("slowlog-log-slower-than", -1, LONG, 10_000);
    whole("slowlog-max-len", 0, LONG, 128);
    whole("latency-monitor-threshold", 0, LONG, 0);
    bool("latency-tracking", true);
    several(
        "latency-tracking-info-percentiles",
        ParameterTable::percentiles,
        List.of("50", "99", "99.9"));
  }

  private void tls() {
    whole("tls-port", 0, 65535, 0);
    for (String name :
        List.of(
            "tls-cert-file",
            "tls-key-file",
            "tls-client-cert-file",
            "tls-client-key-file",
            "tls-dh-params-file",
            "tls-ca-cert-file",
            "tls-ca-cert-dir",
            "tls-protocols",
            "tls-ciphers",
            "tls-ciphersuites")) {
      text(name, "");
    }
    text("tls-key-file-pass", "", SENSITIVE);
    text("tls-client-key-file-pass", "", SENSITIVE);
    oneOf("tls-auth-clients", "yes", null, "no", "yes", "optional");
    bool("tls-cluster", false);
    bool("tls-replication", false);
    bool("tls-prefer-server-ciphers", false);
    bool("tls-session-caching", true);
    whole("tls-session-cache-size", 0, INT, 20_480);
    whole("tls-session-cache-timeout", 0, INT, 300);
  }

  private void own() {
    // How many network loops read, parse and write; commands run one at a time whatever it is.
    // Hidden, because tools set all that CONFIG GET * shows and know which ones they cannot.
    whole("engine-threads", 1, 64, 1, IMMUTABLE, HIDDEN);
    // How much a snapshot may hold in memory for writers that overtake it.
    memory("snapshot-memory", 1 << 20, LONG, "16mb");
    // Which servers read hashes whose fields have a time to live.
    oneOf("rdb-field-ttl-format", "redis", null, "redis", "valkey");
    backups();
  }

  private void backups() {
    // Empty: the folder "backups" within dir.
    text("backup-dir", "", PROTECTED);
    // The expression itself is checked by who uses it.
    several("backup-schedule", ParameterTable::wordsOrNone, List.of());
    add("backup-zone", null, new ParameterType.Text(ParameterTable::zone), List.of("UTC"));
    add("backup-window", null, new ParameterType.Text(ParameterTable::window), List.of(""));
    whole("backup-retention-count", 0, INT, 7);
    whole("backup-retention-days", 0, 36_500, 0);
    text("restore-from", "", IMMUTABLE, HIDDEN);
  }

  // --- the words of the table

  private void bool(String name, boolean on, Trait... traits) {
    add(name, null, new ParameterType.Bool(), List.of(on ? "yes" : "no"), traits);
  }

  private void aliasedBool(String name, String alias, boolean on) {
    add(name, alias, new ParameterType.Bool(), List.of(on ? "yes" : "no"));
  }

  private void whole(String name, long min, long max, long initial, Trait... traits) {
    add(name, null, new ParameterType.Whole(min, max), List.of(Long.toString(initial)), traits);
  }

  private void aliasedWhole(String name, String alias, long min, long max, long initial) {
    add(name, alias, new ParameterType.Whole(min, max), List.of(Long.toString(initial)));
  }

  private void memory(String name, long min, long max, String initial) {
    add(name, null, new ParameterType.Memory(min, max), List.of(initial));
  }

  private void aliasedMemory(String name, String alias, long min, long max, String initial) {
    add(name, alias, new ParameterType.Memory(min, max), List.of(initial));
  }

  private void text(String name, String initial, Trait... traits) {
    add(name, null, TEXT, List.of(initial), traits);
  }

  /** A text of letters, digits and some other characters. */
  private void checked(String name, String others, String complaint) {
    ParameterType type =
        new ParameterType.Text(
            text -> {
              for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                boolean plain = c < 128 && Character.isLetterOrDigit(c);
                if (!plain && others.indexOf(c) < 0) {
                  throw new ConfigException(complaint);
                }
              }
              return text;
            });
    add(name, null, type, List.of(""));
  }

  private void aliased(
      String name, String alias, ParameterType type, String initial, Trait... traits) {
    add(name, alias, type, List.of(initial), traits);
  }

  /** A file or folder name that must not lead elsewhere; the start alone sets all but one. */
  private void file(String name, String initial, String complaint, Trait... traits) {
    ParameterType type =
        new ParameterType.Text(
            text -> {
              if (text.indexOf('/') >= 0 || text.isEmpty()) {
                throw new ConfigException(text.isEmpty() ? name + " can't be empty" : complaint);
              }
              return text;
            });
    add(name, null, type, List.of(initial), traits.length == 0 ? new Trait[] {IMMUTABLE} : traits);
  }

  private void oneOf(String name, String initial, @Nullable Trait trait, String... names) {
    Trait[] traits = trait == null ? new Trait[0] : new Trait[] {trait};
    add(name, null, new ParameterType.OneOf(List.of(names)), List.of(initial), traits);
  }

  private void someOf(String name, String none, String... names) {
    List<String> all = new ArrayList<>(List.of(none));
    all.addAll(List.of(names));
    add(name, null, new ParameterType.SomeOf(List.copyOf(all)), List.of(none), MULTI_WORD);
  }

  private void several(String name, UnaryOperator<List<String>> check, List<String> initial) {
    add(name, null, new ParameterType.Several(check), initial, MULTI_WORD);
  }

  private void add(
      String name,
      @Nullable String alias,
      ParameterType type,
      List<String> initial,
      Trait... traits) {
    EnumSet<Trait> set = EnumSet.noneOf(Trait.class);
    set.addAll(Arrays.asList(traits));
    all.add(new Parameter(name, alias, type, initial, set));
  }

  // --- checks

  private static List<String> wordsOrNone(List<String> words) {
    return words.stream().filter(word -> !word.isEmpty()).toList();
  }

  private static String zone(String text) {
    try {
      return ZoneId.of(text).getId();
    } catch (DateTimeException e) {
      throw new ConfigException("argument must be a time zone such as UTC or Europe/Berlin");
    }
  }

  private static String window(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int dash = text.indexOf('-');
    try {
      if (dash > 0
          && !LocalTime.parse(text.substring(0, dash))
              .equals(LocalTime.parse(text.substring(dash + 1)))) {
        return text;
      }
    } catch (DateTimeException e) {
      // said below
    }
    throw new ConfigException(
        "argument must be two different times of the day such as 02:00-04:30");
  }

  private static List<String> addresses(List<String> addresses) {
    if (addresses.size() > 16) {
      throw new ConfigException("Too many bind addresses specified.");
    }
    return addresses.size() == 1 && addresses.get(0).isEmpty() ? List.of() : addresses;
  }

  private static List<String> primary(List<String> words) {
    if (words.isEmpty()) {
      return words;
    }
    if (words.size() != 2) {
      throw new ConfigException("wrong number of arguments");
    }
    if (words.get(0).equalsIgnoreCase("no") && words.get(1).equalsIgnoreCase("one")) {
      return List.of();
    }
    try {
      int port = Integer.parseInt(words.get(1));
      if (port >= 0 && port <= 65535) {
        return words;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new ConfigException("Invalid primary port");
  }

  private static List<String> oomScores(List<String> words) {
    if (words.size() != 3) {
      throw new ConfigException("wrong number of arguments");
    }
    for (String word : words) {
      try {
        int score = Integer.parseInt(word);
        if (score >= -2000 && score <= 2000) {
          continue;
        }
      } catch (NumberFormatException e) {
        // said below
      }
      throw new ConfigException(
          "Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
    }
    return words;
  }

  private static List<String> percentiles(List<String> words) {
    if (words.size() == 1 && words.get(0).isEmpty()) {
      return List.of();
    }
    List<String> usual = new ArrayList<>();
    for (String word : words) {
      double percentile;
      try {
        percentile = Double.parseDouble(word);
      } catch (NumberFormatException e) {
        throw new ConfigException("Invalid latency-tracking-info-percentiles parameters");
      }
      if (!(percentile >= 0 && percentile <= 100)) {
        throw new ConfigException(
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
      }
      String text = Double.toString(percentile);
      usual.add(text.endsWith(".0") ? text.substring(0, text.length() - 2) : text);
    }
    return usual;
  }

  private static String titleTemplate(String template) {
    Set<String> known =
        Set.of(
            "title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file");
    if (template.isEmpty()) {
      throw new ConfigException("template format is invalid or contains unknown variables");
    }
    for (int at = template.indexOf('{'); at >= 0; at = template.indexOf('{', at + 1)) {
      int end = template.indexOf('}', at);
      if (end < 0 || !known.contains(template.substring(at + 1, end))) {
        throw new ConfigException("template format is invalid or contains unknown variables");
      }
    }
    return template;
  }
}
