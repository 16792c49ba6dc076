package io.pillion.client;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A cluster of real servers for a test, skipped where no {@code redis-server} is installed: three
 * that share the slots, and a replica of each if wanted.
 */
public final class RedisCluster implements AutoCloseable {
  /** The number of hash slots of any cluster. */
  public static final int SLOTS = 16_384;

  private static final int NODES = 3;

  private final List<RedisServer> servers = new ArrayList<>();
  private final List<RedisServer> replicas = new ArrayList<>();

  private RedisCluster() {}

  /** Three servers that know each other and share the slots evenly. */
  public static RedisCluster start() {
    RedisCluster cluster = new RedisCluster();
    List<Commands> nodes = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      RedisServer server = startNode();
      cluster.servers.add(server);
      nodes.add(PillionClient.connect(server.url()));
    }
    for (int i = 0; i < NODES; i++) {
      // One by one: Redis 6.2 has no ADDSLOTSRANGE.
      Command add = Command.of("CLUSTER", "ADDSLOTS");
      IntStream.range(i * SLOTS / NODES, (i + 1) * SLOTS / NODES).forEach(add::arg);
      nodes.get(i).call(add);
      int next = cluster.servers.get((i + 1) % NODES).port();
      nodes.get(i).call(Command.of("CLUSTER", "MEET", "127.0.0.1").arg(next));
    }
    for (Commands node : nodes) {
      Awaiting.until(() -> knowsAll(node));
      node.close();
    }
    return cluster;
  }

  /** The same, and three more servers, each the replica of one of them. */
  public static RedisCluster startWithReplicas() {
    RedisCluster cluster = start();
    for (RedisServer primary : cluster.servers) {
      RedisServer replica = startNode();
      cluster.replicas.add(replica);
      try (Commands ofPrimary = PillionClient.connect(primary.url());
          Commands node = PillionClient.connect(replica.url())) {
        String id = String.valueOf(Replies.asText(ofPrimary.call(Command.of("CLUSTER", "MYID"))));
        node.call(Command.of("CLUSTER", "MEET", "127.0.0.1").arg(primary.port()));
        Awaiting.until(() -> text(node, "CLUSTER", "NODES").contains(id));
        node.call(Command.of("CLUSTER", "REPLICATE").arg(id));
        Awaiting.until(() -> text(node, "INFO", "replication").contains("master_link_status:up"));
      }
    }
    return cluster;
  }

  private static String text(Commands node, String command, String argument) {
    return String.valueOf(Replies.asText(node.call(Command.of(command, argument))));
  }

  private static RedisServer startNode() {
    // The cluster bus listens on the port plus 10,000.
    return RedisServer.onAFreePort(
        10_000, 22_000, port -> RedisServer.start(port, "--cluster-enabled", "yes"));
  }

  private static boolean knowsAll(Commands node) {
    String info = String.valueOf(Replies.asText(node.call(Command.of("CLUSTER", "INFO"))));
    return info.contains("cluster_state:ok")
        && Replies.asList(node.call(Command.of("CLUSTER", "SLOTS"))).size() == NODES;
  }

  /** A URL that names two of the three. */
  public String url() {
    return "redis://127.0.0.1:" + servers.get(0).port() + ",127.0.0.1:" + servers.get(1).port();
  }

  /** The servers that have slots, in the order of these. */
  public List<RedisServer> servers() {
    return servers;
  }

  @Override
  public void close() {
    replicas.forEach(RedisServer::close);
    servers.forEach(RedisServer::close);
  }
}
