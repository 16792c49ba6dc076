package io.pillion.engine.command;

import io.pillion.engine.config.FatalConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandStatistics;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.EngineStatistics;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.pubsub.Kind;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What INFO answers: sections of figures. A figure that this engine does not have is left out
 * rather than made up; the sections of what comes later say that it is not there.
 */
final class ServerInfo {
  private static final Map<String, Section> SECTIONS = new LinkedHashMap<>();
  private static final Set<String> NOT_BY_DEFAULT = Set.of("commandstats");

  static {
    SECTIONS.put("server", ServerInfo::server);
    SECTIONS.put("clients", ServerInfo::clients);
    SECTIONS.put("memory", ServerInfo::memory);
    SECTIONS.put("persistence", ServerInfo::persistence);
    SECTIONS.put("stats", ServerInfo::stats);
    SECTIONS.put("replication", ServerInfo::replication);
    SECTIONS.put("cpu", ServerInfo::cpu);
    SECTIONS.put("modules", info -> {});
    SECTIONS.put("commandstats", ServerInfo::commandstats);
    SECTIONS.put("errorstats", ServerInfo::errorstats);
    SECTIONS.put("cluster", ServerInfo::cluster);
    SECTIONS.put("keyspace", ServerInfo::keyspace);
  }

  private final Call call;
  private final Engine engine;
  private final Parameters parameters;
  private final Services services;
  private final ServerIdentity identity;
  private final StringBuilder text = new StringBuilder();

  ServerInfo(Call call, Parameters parameters, Services services, ServerIdentity identity) {
    this.call = call;
    this.engine = call.engine();
    this.parameters = parameters;
    this.services = services;
    this.identity = identity;
  }

  private interface Section {
    void write(ServerInfo info);
  }

  /** The sections that the words of the call ask for. */
  String write() {
    Set<String> wanted = new LinkedHashSet<>();
    for (int i = 1; i < call.count(); i++) {
      String name = call.arg(i).toString().toLowerCase(Locale.ROOT);
      switch (name) {
        case "all", "everything" -> wanted.addAll(SECTIONS.keySet());
        case "default" -> addDefaults(wanted);
        default -> wanted.add(name);
      }
    }
    if (call.count() == 1) {
      addDefaults(wanted);
    }
    SECTIONS.forEach(
        (name, section) -> {
          if (wanted.contains(name)) {
            text.append(text.isEmpty() ? "# " : "\r\n# ").append(title(name)).append("\r\n");
            section.write(this);
          }
        });
    return text.toString();
  }

  private static void addDefaults(Set<String> wanted) {
    wanted.addAll(SECTIONS.keySet());
    wanted.removeAll(NOT_BY_DEFAULT);
  }

  private static String title(String name) {
    return name.equals("cpu")
        ? "CPU"
        : name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
  }

  private void line(String name, Object value) {
    text.append(name).append(':').append(value).append("\r\n");
  }

  private void bytes(String name, long value) {
    line(name, value);
    line(name + "_human", human(value));
  }

  private static String human(long bytes) {
    String units = "BKMGTP";
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < units.length() - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0
        ? bytes + "B"
        : String.format(Locale.ROOT, "%.2f%c", value, units.charAt(unit));
  }

  private void server() {
    long uptime = Math.max(0, call.now() - identity.startedMillis()) / 1000;
    line("redis_version", FatalConfigException.REDIS_VERSION);
    line("server_name", "pillion");
    line("redis_mode", "standalone");
    line(
        "os",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"));
    line("arch_bits", 64);
    line("java_version", System.getProperty("java.version"));
    line("process_id", ProcessHandle.current().pid());
    line("process_supervised", parameters.text("supervised"));
    line("run_id", identity.runId());
    line("tcp_port", parameters.number("port"));
    line("server_time_usec", call.now() * 1000);
    line("uptime_in_seconds", uptime);
    line("uptime_in_days", uptime / 86_400);
    line("hz", parameters.number("hz"));
    line("configured_hz", parameters.number("hz"));
    line("lru_clock", call.now() / 1000 & 0xFF_FFFF);
    String file = parameters.configFile();
    line("config_file", file == null ? "" : file);
  }

  private void clients() {
    line("connected_clients", engine.clients().size());
    line("cluster_connections", 0);
    line("maxclients", parameters.number("maxclients"));
    line("blocked_clients", engine.blockedCount());
    line("tracking_clients", services.tracking().clientCount());
    line("pubsub_clients", services.pubSub().clientCount());
    line("monitor_clients", engine.monitorCount());
    line(
        "watching_clients",
        engine.clients().stream().filter(client -> client.watchedCount() > 0).count());
    line("total_watched_keys", engine.clients().stream().mapToLong(Client::watchedCount).sum());
  }

  private void memory() {
    Arena arena = call.arena();
    Runtime jvm = Runtime.getRuntime();
    long used = arena.usedBytes() + engine.statistics().outputBytes();
    bytes("used_memory", used);
    bytes("used_memory_rss", arena.reservedBytes() + jvm.totalMemory());
    bytes("used_memory_peak", Math.max(used, engine.statistics().peakBytes()));
    line("used_memory_dataset", arena.usedBytes());
    line("used_memory_overhead", engine.statistics().outputBytes());
    line("allocator_allocated", arena.usedBytes());
    line("allocator_active", arena.reservedBytes());
    line("allocator_resident", arena.reservedBytes());
    line("arena_budget", arena.budgetBytes());
    line("jvm_heap_used", jvm.totalMemory() - jvm.freeMemory());
    line("jvm_heap_committed", jvm.totalMemory());
    line("jvm_heap_max", jvm.maxMemory());
    bytes("total_system_memory", operatingSystem().getTotalMemorySize());
    bytes("maxmemory", parameters.number("maxmemory"));
    line("maxmemory_policy", parameters.text("maxmemory-policy"));
    line(
        "mem_fragmentation_ratio",
        String.format(
            Locale.ROOT, "%.2f", arena.reservedBytes() / (double) Math.max(1, arena.usedBytes())));
    line("mem_clients_normal", engine.statistics().outputBytes());
    line("mem_clients_slaves", 0);
    line("mem_replication_backlog", 0);
    line("mem_aof_buffer", 0);
    line("mem_not_counted_for_evict", 0);
    line("mem_allocator", "pillion-arena");
    line("active_defrag_running", 0);
    line("lazyfree_pending_objects", 0);
  }

  private static com.sun.management.OperatingSystemMXBean operatingSystem() {
    return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
  }

  /** Nothing is kept on disk yet, and so it says. */
  private void persistence() {
    line("loading", 0);
    line("async_loading", 0);
    line("rdb_changes_since_last_save", engine.dirty());
    line("rdb_bgsave_in_progress", 0);
    line("rdb_last_save_time", identity.startedMillis() / 1000);
    line("rdb_last_bgsave_status", "ok");
    line("rdb_last_bgsave_time_sec", -1);
    line("rdb_current_bgsave_time_sec", -1);
    line("rdb_saves", 0);
    line("aof_enabled", 0);
    line("aof_rewrite_in_progress", 0);
    line("aof_rewrite_scheduled", 0);
    line("aof_last_rewrite_time_sec", -1);
    line("aof_current_rewrite_time_sec", -1);
    line("aof_last_bgrewrite_status", "ok");
    line("aof_last_write_status", "ok");
  }

  private void stats() {
    EngineStatistics statistics = engine.statistics();
    line("total_connections_received", statistics.connections());
    line("total_commands_processed", statistics.commands());
    line("instantaneous_ops_per_sec", identity.rate().perSecond(engine));
    line("rejected_connections", statistics.rejectedConnections());
    line("sync_full", 0);
    line("sync_partial_ok", 0);
    line("sync_partial_err", 0);
    line("expired_keys", engine.keyspace().expiredCount());
    line("evicted_keys", engine.keyspace().evictedCount());
    line("evicted_clients", 0);
    line("keyspace_hits", statistics.hits());
    line("keyspace_misses", statistics.misses());
    line("pubsub_channels", services.pubSub().names(Kind.CHANNEL).size());
    line("pubsub_patterns", services.pubSub().names(Kind.PATTERN).size());
    line("pubsubshard_channels", services.pubSub().names(Kind.SHARD).size());
    line("latest_fork_usec", 0);
    line("total_forks", 0);
    line("migrate_cached_sockets", 0);
    line("tracking_total_keys", services.tracking().keyCount());
    line("tracking_total_items", services.tracking().itemCount());
    line("tracking_total_prefixes", services.tracking().prefixCount());
    line("total_error_replies", statistics.errors().values().stream().mapToLong(n -> n).sum());
  }

  private void replication() {
    line("role", "master");
    line("connected_slaves", 0);
    line("master_failover_state", "no-failover");
    line("master_replid", identity.replicationId());
    line("master_replid2", "0".repeat(40));
    line("master_repl_offset", 0);
    line("second_repl_offset", -1);
    line("repl_backlog_active", 0);
    line("repl_backlog_size", parameters.number("repl-backlog-size"));
    line("repl_backlog_first_byte_offset", 0);
    line("repl_backlog_histlen", 0);
  }

  /** The JVM tells the time of both kinds together. */
  private void cpu() {
    double seconds = operatingSystem().getProcessCpuTime() / 1e9;
    line("used_cpu_sys", "0.000000");
    line("used_cpu_user", String.format(Locale.ROOT, "%.6f", seconds));
  }

  private void commandstats() {
    for (Command command : engine.table().all()) {
      commandstats(command);
      command.subcommands().values().forEach(this::commandstats);
    }
  }

  private void commandstats(Command command) {
    CommandStatistics statistics = command.statistics();
    if (statistics.calls() == 0 && statistics.rejected() == 0 && statistics.failed() == 0) {
      return;
    }
    double perCall = statistics.micros() / (double) Math.max(1, statistics.calls());
    line(
        "cmdstat_" + command.fullName(),
        "calls="
            + statistics.calls()
            + ",usec="
            + statistics.micros()
            + ",usec_per_call="
            + String.format(Locale.ROOT, "%.2f", perCall)
            + ",rejected_calls="
            + statistics.rejected()
            + ",failed_calls="
            + statistics.failed());
  }

  private void errorstats() {
    engine.statistics().errors().forEach((code, n) -> line("errorstat_" + code, "count=" + n));
  }

  private void cluster() {
    line("cluster_enabled", 0);
  }

  private void keyspace() {
    for (int i = 0; i < engine.keyspace().databaseCount(); i++) {
      Database database = engine.keyspace().database(i);
      if (database.size() > 0) {
        line(
            "db" + i,
            "keys=" + database.size() + ",expires=" + database.expiringSize() + ",avg_ttl=0");
      }
    }
  }
}
