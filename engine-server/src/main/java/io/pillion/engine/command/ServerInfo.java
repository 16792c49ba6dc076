package io.pillion.engine.command;

import io.pillion.engine.acl.AclLog;
import io.pillion.engine.acl.Denial;
import io.pillion.engine.config.FatalConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandStatistics;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.EngineStatistics;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.keyspace.AwaitedKeys;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.Waiter;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.observe.MemoryFigures;
import io.pillion.engine.persistence.AofStatus;
import io.pillion.engine.persistence.LoadProgress;
import io.pillion.engine.persistence.RdbProgress;
import io.pillion.engine.persistence.backup.BackupStatus;
import io.pillion.engine.pubsub.Kind;
import io.pillion.engine.replication.Following;
import io.pillion.engine.replication.Forwarding;
import io.pillion.engine.replication.Replica;
import io.pillion.engine.replication.Replication;
import io.pillion.engine.scripting.FunctionLibraries;
import io.pillion.engine.scripting.Scripts;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;
import java.util.function.ToLongFunction;
import org.HdrHistogram.Histogram;

/**
 * What INFO answers: sections of figures. A figure that this engine does not have is left out
 * rather than made up; the sections of what comes later say that it is not there.
 */
final class ServerInfo {
  private static final Map<String, Section> SECTIONS = new LinkedHashMap<>();
  private static final Set<String> NOT_BY_DEFAULT = Set.of("commandstats", "latencystats");

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
    SECTIONS.put("latencystats", ServerInfo::latencystats);
    SECTIONS.put("cluster", ServerInfo::cluster);
    SECTIONS.put("keyspace", ServerInfo::keyspace);
  }

  private static final int TTL_SAMPLES = 32;
  private static final String VERSION =
      Objects.requireNonNullElse(ServerInfo.class.getPackage().getImplementationVersion(), "dev");

  private final Call call;
  private final Engine engine;
  private final Parameters parameters;
  private final Services services;
  private final MigrationLinks links;
  private final ServerIdentity identity;
  private final StringBuilder text = new StringBuilder();

  ServerInfo(
      Call call,
      Parameters parameters,
      Services services,
      MigrationLinks links,
      ServerIdentity identity) {
    this.call = call;
    this.engine = call.engine();
    this.parameters = parameters;
    this.services = services;
    this.links = links;
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
    line("redis_git_sha1", "00000000");
    line("redis_git_dirty", 0);
    line("redis_build_id", Integer.toHexString(VERSION.hashCode()));
    line("pillion_version", VERSION);
    line("redis_mode", "standalone");
    line(
        "os",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"));
    line("arch_bits", 64);
    line("monotonic_clock", "JVM nanoTime");
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
    long remainingMillis = services.shutdown().remainingMillis();
    if (remainingMillis >= 0) {
      line("shutdown_in_milliseconds", remainingMillis);
    }
    line("executable", ProcessHandle.current().info().command().orElse(""));
    String file = parameters.configFile();
    line("config_file", file == null ? "" : file);
    line("io_threads_active", 0);
    line("availability_zone", parameters.text("availability-zone"));
    listeners();
  }

  private void listeners() {
    int number = 0;
    String bind = String.join(",bind=", parameters.words("bind"));
    for (String kind : List.of("tcp", "tls")) {
      long port = parameters.number(kind.equals("tcp") ? "port" : "tls-port");
      if (port != 0) {
        line("listener" + number++, "name=" + kind + ",bind=" + bind + ",port=" + port);
      }
    }
    String socket = parameters.text("unixsocket");
    if (!socket.isEmpty()) {
      line("listener" + number, "name=unix,bind=" + socket);
    }
  }

  private void clients() {
    line(
        "connected_clients",
        engine.clients().stream()
            .filter(client -> !client.isReplica() && !client.isPrimary())
            .count());
    line("cluster_connections", 0);
    line("maxclients", parameters.number("maxclients"));
    line("client_recent_max_input_buffer", largest(Outlet::heldInputBytes));
    line("client_recent_max_output_buffer", largest(Outlet::pendingBytes));
    line("blocked_clients", engine.clients().blockedCount());
    line("tracking_clients", services.tracking().clientCount());
    line("pubsub_clients", services.pubSub().clientCount());
    line("monitor_clients", engine.observers().monitorCount());
    line(
        "watching_clients",
        engine.clients().stream().filter(client -> client.watchedCount() > 0).count());
    line("clients_in_timeout_table", engine.deadlineCount());
    line("total_watched_keys", engine.watchedKeyCount());
    long blocking = 0;
    long blockingUntilLost = 0;
    for (int i = 0; i < engine.keyspace().databaseCount(); i++) {
      AwaitedKeys awaited = engine.keyspace().database(i).awaitedKeys();
      for (Bytes key : awaited.keys()) {
        blocking++;
        blockingUntilLost += awaited.waitersOf(key).stream().anyMatch(Waiter::isUntilLost) ? 1 : 0;
      }
    }
    line("total_blocking_keys", blocking);
    line("total_blocking_keys_on_nokey", blockingUntilLost);
  }

  private long largest(ToLongFunction<Outlet> bytes) {
    return engine.clients().stream().map(Client::outlet).mapToLong(bytes).max().orElse(0);
  }

  private void memory() {
    MemoryFigures memory = MemoryFigures.of(engine);
    long used = memory.usedBytes();
    bytes("used_memory", used);
    bytes("used_memory_rss", memory.residentBytes());
    bytes("used_memory_peak", memory.peakBytes());
    line("used_memory_peak_perc", percent(memory.peakPercent()));
    line("used_memory_overhead", memory.overheadBytes());
    line("used_memory_startup", memory.emptyBytes());
    line("used_memory_dataset", memory.datasetBytes());
    line("used_memory_dataset_perc", percent(memory.datasetPercent()));
    line("allocator_allocated", memory.dataBytes());
    line("allocator_active", memory.reservedBytes());
    line("allocator_resident", memory.reservedBytes());
    line("allocator_muzzy", 0);
    line("arena_budget", memory.budgetBytes());
    line("jvm_heap_used", memory.heapUsedBytes());
    line("jvm_heap_committed", memory.heapCommittedBytes());
    line("jvm_heap_max", memory.heapMaxBytes());
    bytes("total_system_memory", engine.world().memoryBytes());
    bytes("maxmemory", parameters.number("maxmemory"));
    line("maxmemory_policy", parameters.text("maxmemory-policy"));
    scripts();
    line("allocator_frag_ratio", ratio(memory.arenaRatio()));
    line("allocator_frag_bytes", memory.reservedBytes() - memory.dataBytes());
    line("allocator_rss_ratio", ratio(1));
    line("allocator_rss_bytes", 0);
    line(
        "rss_overhead_ratio",
        ratio(memory.residentBytes() / (double) Math.max(1, memory.reservedBytes())));
    line("rss_overhead_bytes", memory.residentBytes() - memory.reservedBytes());
    line("mem_fragmentation_ratio", ratio(memory.residentRatio()));
    line("mem_fragmentation_bytes", memory.residentBytes() - used);
    line("mem_not_counted_for_evict", 0);
    Replication replication = services.replication();
    line("mem_replication_backlog", replication.bufferBytes() - replication.laggingBytes());
    line("mem_total_replication_buffers", replication.bufferBytes());
    line(
        "mem_clients_slaves",
        replication.laggingBytes()
            + engine.clients().stream()
                .filter(Client::isReplica)
                .mapToLong(Client::memoryBytes)
                .sum());
    line("mem_clients_normal", memory.clientBytes());
    line("mem_cluster_links", 0);
    line("mem_aof_buffer", services.appendOnly().status().bufferBytes());
    line("mem_not_counted_for_evict", 0);
    line("mem_allocator", "pillion-arena");
    line("mem_overhead_db_hashtable_rehashing", 0);
    line("active_defrag_running", 0);
    line("lazyfree_pending_objects", engine.keyspace().discardedCount());
    line("lazyfreed_objects", engine.keyspace().lazilyFreedCount());
  }

  private void scripts() {
    Scripts scripts = services.scripts();
    FunctionLibraries functions = services.functions();
    long worlds = scripts.luaBytes() + functions.luaBytes();
    bytes("used_memory_lua", scripts.luaBytes());
    line("used_memory_vm_eval", scripts.luaBytes());
    line("used_memory_scripts_eval", scripts.bodyBytes());
    line("number_of_cached_scripts", scripts.count());
    line("number_of_functions", functions.functionCount());
    line("number_of_libraries", functions.libraries().size());
    line("used_memory_vm_functions", functions.luaBytes());
    bytes("used_memory_vm_total", worlds);
    bytes("used_memory_scripts", scripts.bodyBytes());
  }

  private static String ratio(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }

  private static String percent(double value) {
    return String.format(Locale.ROOT, "%.2f%%", value);
  }

  private static com.sun.management.OperatingSystemMXBean operatingSystem() {
    return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
  }

  private void persistence() {
    RdbProgress rdb = services.rdb().progress();
    boolean loading = engine.restrictions().isLoading();
    line("loading", loading ? 1 : 0);
    line("async_loading", 0);
    Keyspace keyspace = engine.keyspace();
    line("current_cow_peak", keyspace.cutPeakBytes());
    line("current_cow_size", keyspace.cutHeldBytes());
    line("current_cow_size_age", 0);
    double share = rdb.keysSaved() / (double) Math.max(1, rdb.keysToSave());
    line("current_fork_perc", String.format(Locale.ROOT, "%.2f", 100 * Math.min(1, share)));
    line("current_save_keys_processed", rdb.keysSaved());
    line("current_save_keys_total", rdb.keysToSave());
    line("rdb_changes_since_last_save", rdb.changes(engine));
    // As Redis, whose replicas are sent what a child process saves.
    boolean saving = rdb.isSaving() || services.replication().isTakingDown();
    line("rdb_bgsave_in_progress", saving ? 1 : 0);
    line("rdb_last_save_time", rdb.lastSaveSeconds());
    line("rdb_last_bgsave_status", rdb.isLastOk() ? "ok" : "err");
    line("rdb_last_bgsave_time_sec", rdb.lastSeconds());
    line("rdb_current_bgsave_time_sec", rdb.currentSeconds(engine));
    line("rdb_saves", rdb.saves());
    line("rdb_last_cow_size", rdb.lastPeakBytes());
    line("rdb_last_load_keys_expired", rdb.keysExpired());
    line("rdb_last_load_keys_loaded", rdb.keysLoaded());
    line("snapshot_spilled_bytes", keyspace.cutSpilledBytes());
    line("snapshot_delayed_writes", engine.statistics().delayedWrites());
    line("snapshot_delay_usec", engine.statistics().delayNanos() / 1000);
    appendOnly(services.appendOnly().status());
    backups(services.backups().status());
    LoadProgress log = services.appendOnly().progress();
    if (log.isRunning()) {
      loading(log);
    } else if (loading) {
      loading(rdb);
    }
  }

  private void backups(BackupStatus status) {
    line("backup_in_progress", status.running() == null ? 0 : 1);
    line("backup_last_status", status.lastOk() ? "ok" : "err");
    line("backup_last_time", status.lastMillis() / 1000);
    line("backup_next_time", status.nextMillis() / 1000);
    line("backup_count", status.count());
    line("backup_missed", status.missed());
    line("backup_last_error", status.lastError().replace('\r', ' ').replace('\n', ' '));
  }

  private void loading(LoadProgress progress) {
    line("loading_start_time", progress.startedMillis() / 1000);
    line("loading_total_bytes", progress.totalBytes());
    line("loading_rdb_used_mem", 0);
    line("loading_loaded_bytes", progress.bytes());
    line("loading_loaded_perc", String.format(Locale.ROOT, "%.2f", progress.percent()));
    line("loading_eta_seconds", progress.remainingSeconds());
  }

  private void loading(RdbProgress rdb) {
    line("loading_start_time", rdb.loadingStartSeconds());
    line("loading_total_bytes", rdb.loadingBytes());
    line("loading_rdb_used_mem", 0);
    line("loading_loaded_bytes", rdb.loadedBytes());
    double share = rdb.loadedBytes() / (double) Math.max(1, rdb.loadingBytes());
    line("loading_loaded_perc", String.format(Locale.ROOT, "%.2f", 100 * share));
    line("loading_eta_seconds", rdb.loadingLeftSeconds());
  }

  private void appendOnly(AofStatus status) {
    long started = status.rewriteStartedMillis();
    line("aof_enabled", status.isEnabled() ? 1 : 0);
    line("aof_rewrite_in_progress", status.isRewriting() ? 1 : 0);
    line("aof_rewrite_scheduled", status.isScheduled() ? 1 : 0);
    line("aof_last_rewrite_time_sec", status.lastRewriteSeconds());
    line("aof_current_rewrite_time_sec", started < 0 ? -1 : (call.now() - started) / 1000);
    line("aof_last_bgrewrite_status", status.isLastRewriteOk() ? "ok" : "err");
    line("aof_rewrites", status.rewrites());
    line("aof_rewrites_consecutive_failures", status.consecutiveFailures());
    line("aof_last_write_status", status.isLastWriteOk() ? "ok" : "err");
    line("aof_last_cow_size", status.lastRewritePeakBytes());
    if (status.isEnabled()) {
      line("aof_current_size", status.currentSize());
      line("aof_base_size", status.baseSize());
      line("aof_pending_rewrite", status.isStarting() ? 1 : 0);
      line("aof_buffer_length", status.bufferBytes());
      line("aof_pending_bio_fsync", status.isSyncing() ? 1 : 0);
      line("aof_delayed_fsync", status.delayedSyncs());
    }
  }

  private void stats() {
    EngineStatistics statistics = engine.statistics();
    line("total_connections_received", statistics.connections());
    line("total_commands_processed", statistics.commands());
    line(
        "instantaneous_ops_per_sec",
        Math.round(identity.commands().perSecond(statistics.commands())));
    line("total_net_input_bytes", statistics.receivedBytes());
    line("total_net_output_bytes", statistics.sentBytes());
    line("total_net_repl_input_bytes", 0);
    line("total_net_repl_output_bytes", 0);
    line(
        "instantaneous_input_kbps",
        ratio(identity.input().perSecond(statistics.receivedBytes()) / 1024));
    line(
        "instantaneous_output_kbps",
        ratio(identity.output().perSecond(statistics.sentBytes()) / 1024));
    line("instantaneous_input_repl_kbps", ratio(0));
    line("instantaneous_output_repl_kbps", ratio(0));
    line("rejected_connections", statistics.rejectedConnections());
    Replication.Counts syncs = services.replication().counts();
    line("sync_full", syncs.full());
    line("sync_partial_ok", syncs.partial());
    line("sync_partial_err", syncs.partialRefused());
    line("expired_keys", engine.keyspace().expiredCount());
    line("expired_stale_perc", ratio(0));
    line("expired_time_cap_reached_count", 0);
    line("expire_cycle_cpu_milliseconds", statistics.expiryNanos() / 1_000_000);
    line("evicted_keys", engine.keyspace().eviction().evictedCount());
    line("evicted_clients", statistics.evictedClients());
    line("evicted_scripts", services.scripts().evicted());
    line("total_eviction_exceeded_time", statistics.evictionNanos() / 1_000_000);
    line("current_eviction_exceeded_time", 0);
    line("keyspace_hits", statistics.hits());
    line("keyspace_misses", statistics.misses());
    line("pubsub_channels", services.pubSub().names(Kind.CHANNEL).size());
    line("pubsub_patterns", services.pubSub().names(Kind.PATTERN).size());
    line("pubsubshard_channels", services.pubSub().names(Kind.SHARD).size());
    line("latest_fork_usec", 0);
    line("total_forks", statistics.copies());
    line("migrate_cached_sockets", links.count());
    line("tracking_total_keys", services.tracking().keyCount());
    line("tracking_total_items", services.tracking().itemCount());
    line("tracking_total_prefixes", services.tracking().prefixCount());
    line("unexpected_error_replies", services.following().errors());
    line("total_error_replies", statistics.errors().values().stream().mapToLong(n -> n).sum());
    line("client_query_buffer_limit_disconnections", statistics.inputLimitDisconnections());
    line("client_output_buffer_limit_disconnections", statistics.outputLimitDisconnections());
    line("eventloop_cycles", statistics.holds());
    line("eventloop_duration_sum", statistics.holdNanos() / 1000);
    line("longest_turn_usec", statistics.longestHoldNanos() / 1000);
    line("eventloop_duration_cmd_sum", statistics.commandNanos() / 1000);
    line(
        "instantaneous_eventloop_cycles_per_sec",
        Math.round(identity.turns().perSecond(statistics.holds())));
    line(
        "instantaneous_eventloop_duration_usec",
        statistics.holdNanos() / 1000 / Math.max(1, statistics.holds()));
    AclLog refused = services.access().log();
    line("acl_access_denied_auth", refused.count(Denial.Reason.AUTH));
    line("acl_access_denied_cmd", refused.count(Denial.Reason.COMMAND));
    line("acl_access_denied_key", refused.count(Denial.Reason.KEY));
    line("acl_access_denied_channel", refused.count(Denial.Reason.CHANNEL));
  }

  private void following(Following following, Replication replication) {
    line("master_host", following.host());
    line("master_port", following.port());
    line("master_link_status", following.isUp() ? "up" : "down");
    long heard = following.lastHeardMillis();
    boolean connected = following.isUp() && heard >= 0;
    line("master_last_io_seconds_ago", connected ? secondsSince(heard) : -1);
    boolean syncs =
        following.state() == Following.State.TRANSFER
            || following.state() == Following.State.LOADING;
    line("master_sync_in_progress", syncs ? 1 : 0);
    line("slave_read_repl_offset", replication.readOffset());
    line("slave_repl_offset", replication.offset());
    if (syncs) {
      long total = following.totalBytes();
      long read = following.readBytes();
      line("master_sync_total_bytes", total);
      line("master_sync_read_bytes", read);
      line("master_sync_left_bytes", Math.max(0, total - read));
      line(
          "master_sync_perc",
          String.format(Locale.ROOT, "%.2f", 100.0 * read / Math.max(1, total)));
      line("master_sync_last_io_seconds_ago", secondsSince(heard));
    }
    if (!following.isUp()) {
      line("master_link_down_since_seconds", secondsSince(following.downSinceMillis()));
    }
    line("slave_priority", parameters.number("replica-priority"));
    line("slave_read_only", parameters.isOn("replica-read-only") ? 1 : 0);
    Forwarding forwarding = following.forwarding();
    line("forwarding", forwarding.isOpen() ? "up" : "down");
    line("forwarding_under_way", forwarding.underWay());
    line("forwarding_total", forwarding.forwarded());
    line("forwarding_in_doubt", forwarding.inDoubt());
    line("replica_announced", parameters.isOn("replica-announced") ? 1 : 0);
  }

  private long secondsSince(long millis) {
    return Math.max(0, (call.now() - millis) / 1000);
  }

  private void replication() {
    Replication replication = services.replication();
    if (services.following().isOn()) {
      line("role", "slave");
      following(services.following(), replication);
    } else {
      line("role", "master");
    }
    line("connected_slaves", replication.replicas().size());
    if (parameters.number("min-replicas-to-write") > 0
        && parameters.number("min-replicas-max-lag") > 0) {
      line("min_slaves_good_slaves", replication.goodReplicas());
    }
    int number = 0;
    for (Replica replica : replication.replicas()) {
      line(
          "slave" + number++,
          "ip="
              + replica.address()
              + ",port="
              + replica.port()
              + ",state="
              + replica.state()
              + ",offset="
              + replica.ackedOffset()
              + ",lag="
              + replica.lagSeconds(call.now())
              + ",type=replica");
    }
    line("forward_links", replication.forwards().linkCount());
    line("forward_clients", replication.forwards().clientCount());
    line("forward_total", replication.forwards().carriedOut());
    line("replicas_waiting_psync", 0);
    line("master_failover_state", services.following().failover().state());
    line("master_replid", replication.id());
    line("master_replid2", replication.secondId());
    line("master_repl_offset", replication.offset());
    line("second_repl_offset", replication.secondOffset());
    line("repl_backlog_active", replication.isOn() ? 1 : 0);
    line("repl_backlog_size", parameters.number("repl-backlog-size"));
    long history = replication.historyBytes();
    line(
        "repl_backlog_first_byte_offset",
        replication.isOn() ? replication.offset() - history + 1 : 0);
    line("repl_backlog_histlen", history);
  }

  /** Linux tells the system's part from the program's; the JVM alone only both together. */
  private void cpu() {
    double both = operatingSystem().getProcessCpuTime() / 1e9;
    double system = Math.min(both, ProcessTimes.systemSeconds(engine.world().disk()));
    line("used_cpu_sys", seconds(system));
    line("used_cpu_user", seconds(both - system));
    line("used_cpu_sys_children", seconds(0));
    line("used_cpu_user_children", seconds(0));
  }

  private static String seconds(double value) {
    return String.format(Locale.ROOT, "%.6f", value);
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

  private void latencystats() {
    for (Command command : engine.table().all()) {
      latencystats(command);
      command.subcommands().values().forEach(this::latencystats);
    }
  }

  private void latencystats(Command command) {
    Histogram latency = command.statistics().latency();
    if (latency == null) {
      return;
    }
    StringJoiner percentiles = new StringJoiner(",");
    for (String percentile : parameters.words("latency-tracking-info-percentiles")) {
      double micros = latency.getValueAtPercentile(Double.parseDouble(percentile)) / 1000.0;
      percentiles.add("p" + percentile + "=" + String.format(Locale.ROOT, "%.3f", micros));
    }
    line("latency_percentiles_usec_" + command.fullName(), percentiles);
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
            "keys="
                + database.size()
                + ",expires="
                + database.expiry().size()
                + ",avg_ttl="
                + database.expiry().sampledTimeToLive(TTL_SAMPLES));
      }
    }
  }
}
