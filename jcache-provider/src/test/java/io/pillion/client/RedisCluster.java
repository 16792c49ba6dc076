package io.pillion.client;

import java.util.ArrayList;
import java.util.List;

/**
 * A cluster of three real servers for a test, skipped where no {@code redis-server} is installed.
 */
public final class RedisCluster implements AutoCloseable {
  /** The number of hash slots of any cluster. */
  public static final int SLOTS = 16_384;

  private static final int NODES = 3;

  private final List<RedisServer> servers = new ArrayList<>();

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
      Command add = Command.of("CLUSTER", "ADDSLOTSRANGE");
      nodes.get(i).call(add.arg(i * SLOTS / NODES).arg((i + 1) * SLOTS / NODES - 1));
      int next = cluster.servers.get((i + 1) % NODES).port();
      nodes.get(i).call(Command.of("CLUSTER", "MEET", "127.0.0.1").arg(next));
    }
    for (Commands node : nodes) {
      Awaiting.until(() -> knowsAll(node));
      node.close();
    }
    return cluster;
  }

  private static RedisServer startNode() {
    // The cluster bus listens on the port plus 10,000.
    int port = RedisServer.freePort();
    while (port > 50_000) {
      port = 10_000 + (port * 31 + 7) % 40_000;
    }
    return RedisServer.start(port, "--cluster-enabled", "yes");
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

  /** The servers, in the order of their slots. */
  public List<RedisServer> servers() {
    return servers;
  }

  @Override
  public void close() {
    servers.forEach(RedisServer::close);
  }
}
