package io.pillion.engine.net;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Socket addresses as CLIENT LIST writes them. */
final class Addresses {
  /** Where the file of a Unix socket lies. */
  static final AttributeKey<String> UNIX_PATH = AttributeKey.valueOf(Addresses.class, "unixPath");

  private Addresses() {}

  /** {@code ip:port}, {@code [ip]:port}, or a Unix socket's path with {@code :0}. */
  static String text(Channel channel, @Nullable SocketAddress address) {
    if (address instanceof InetSocketAddress inet && inet.getAddress() != null) {
      String host = inet.getAddress().getHostAddress();
      return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + inet.getPort();
    }
    // The client's end of a Unix socket has no name; Redis gives it the server's.
    return channel.attr(UNIX_PATH).get() + ":0";
  }

  /** Whether the other end is this machine, so that protected mode lets it in. */
  static boolean isLocal(@Nullable SocketAddress address) {
    if (!(address instanceof InetSocketAddress inet)) {
      return true;
    }
    InetAddress ip = inet.getAddress();
    return ip != null && ip.isLoopbackAddress();
  }
}
