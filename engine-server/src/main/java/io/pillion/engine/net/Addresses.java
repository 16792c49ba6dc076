package io.pillion.engine.net;

import io.netty.channel.Channel;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import org.jspecify.annotations.Nullable;

/** Socket addresses as CLIENT LIST writes them. */
final class Addresses {
  private Addresses() {}

  /** {@code ip:port}, {@code [ip]:port}, or a Unix socket's path with {@code :0}. */
  static String text(Channel channel, @Nullable SocketAddress address) {
    if (address instanceof InetSocketAddress inet && inet.getAddress() != null) {
      String host = inet.getAddress().getHostAddress();
      return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + inet.getPort();
    }
    // The client's end of a Unix socket has no name; Redis gives it the server's.
    return unixPath(channel.localAddress()) + ":0";
  }

  /** Whether the other end is this machine, so that protected mode lets it in. */
  static boolean isLocal(@Nullable SocketAddress address) {
    if (!(address instanceof InetSocketAddress inet)) {
      return true;
    }
    InetAddress ip = inet.getAddress();
    return ip != null && ip.isLoopbackAddress();
  }

  private static String unixPath(@Nullable SocketAddress address) {
    if (address instanceof DomainSocketAddress domain) {
      return domain.path();
    }
    if (address instanceof UnixDomainSocketAddress unix) {
      return unix.getPath().toString();
    }
    return "?";
  }
}
