package io.pillion.client;

import java.util.ArrayList;
import java.util.List;

/** A cluster of three real servers for a test, each with a third of the slots, in order. */
public final class RedisCluster implements AutoCloseable {
  static final int SLOTS = 16_384;

  private final List<RedisServer> servers = new ArrayList<>();

  private RedisCluster() {}

  /** Starts the servers and waits until they know each other; skips the test where none are. */
  public static RedisCluster start() {
    RedisCluster cluster = new RedisCluster();
    List<Commands> nodes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      RedisServer server = startNode();
      cluster.servers.add(server);
      nodes.add(PillionClient.connect(server.url()));
    }
    for (int i = 0; i < 3; i++) {
      Command add = Command.of("CLUSTER", "ADDSLOTSRANGE");
      nodes.get(i).call(add.arg(i * SLOTS / 3).arg((i + 1) * SLOTS / 3 - 1));
      RedisServer next = cluster.servers.get((i + 1) % 3);
      nodes.get(i).call(Command.of("CLUSTER", "MEET", "127.0.0.1").arg(next.port()));
    }
    for (Commands node : nodes) {
      Awaiting.until(() -> knowsThreeNodes(node));
    }
    nodes.forEach(Commands::close);
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

  private static boolean knowsThreeNodes(Commands node) {
    String info = String.valueOf(Replies.asText(node.call(Command.of("CLUSTER", "INFO"))));
    return info.contains("cluster_state:ok")
        && Replies.asList(node.call(Command.of("CLUSTER", "SLOTS"))).size() == 3;
  }

  /** The servers, in the order of their slots. */
  List<RedisServer> servers() {
    return servers;
  }

  /** The URL of two of its nodes. */
  public String url() {
    return "redis://127.0.0.1:" + servers.get(0).port() + ",127.0.0.1:" + servers.get(1).port();
  }

  @Override
  public void close() {
    servers.forEach(RedisServer::close);
  }
}
