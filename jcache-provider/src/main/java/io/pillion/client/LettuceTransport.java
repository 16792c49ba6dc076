package io.pillion.client;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.protocol.ProtocolVersion;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import io.netty.util.Timer;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lettuce, as far as it is used: its event loops, TLS, the question to the sentinels, and its
 * parser. Started by the first connection, because it takes most of a second.
 */
final class LettuceTransport {
  private static final Logger LOG = LoggerFactory.getLogger(LettuceTransport.class);
  private static final int THREADS = 2;
  private static final Duration COLD_START = Duration.ofSeconds(3);
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(5);

  private final PillionUrl url;
  private final Pushes pushes;
  private @Nullable ClientResources resources;
  private @Nullable RedisClient client;
  private boolean closed;

  LettuceTransport(PillionUrl url, Pushes pushes) {
    this.url = url;
    this.pushes = pushes;
  }

  /**
   * A server of this URL.
   *
   * @param endpoint a node of a cluster; null for what the URL itself names
   */
  Node node(
      PillionUrl.@Nullable Endpoint endpoint, Consumer<String> onError, Runnable onConnectFailure) {
    RedisURI uri = uri(endpoint);
    String target = endpoint == null ? url.toString() : url + " (" + endpoint + ")";
    Wire[] shared = new Wire[1];
    Consumer<String> errors =
        error -> {
          // After a failover the sentinels name another primary, while this connection lives on.
          if (url.kind() == PillionUrl.Kind.SENTINEL && error.startsWith("READONLY")) {
            shared[0].drop();
          }
          onError.accept(error);
        };
    shared[0] = wire(target, uri, pushes, errors, onConnectFailure);
    return new Node(
        shared[0],
        () -> wire(target, uri, new Pushes(), onError, onConnectFailure),
        () -> connect(uri));
  }

  private Wire wire(
      String target,
      RedisURI uri,
      Pushes pushTo,
      Consumer<String> onError,
      Runnable onConnectFailure) {
    return new Wire(
        target,
        () -> connect(uri),
        this::timer,
        url.timeout(),
        patience(url),
        pushTo,
        onError,
        onConnectFailure);
  }

  /** For name lookup and sentinels, TLS and greeting; and for loading all the classes involved. */
  static Duration patience(PillionUrl url) {
    return url.connectTimeout().multipliedBy(2).plus(COLD_START);
  }

  private CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect(RedisURI uri) {
    return client()
        .connectAsync(ByteArrayCodec.INSTANCE, uri)
        .thenCompose(connection -> new Handshake(url, connection, timer()).start());
  }

  /** The clock of timeouts. */
  Timer timer() {
    return resources().timer();
  }

  private synchronized ClientResources resources() {
    if (closed) {
      throw new ConnectionException("The client of " + url + " is closed.", null);
    }
    ClientResources current = resources;
    if (current == null) {
      current =
          DefaultClientResources.builder()
              .ioThreadPoolSize(THREADS)
              .computationThreadPoolSize(THREADS)
              .threadFactoryProvider(
                  pool ->
                      new DefaultThreadFactory(
                          Waiting.EVENT_LOOP_PREFIX + pool, /* daemon= */ true))
              .commandLatencyRecorder(CommandLatencyRecorder.disabled())
              .nettyCustomizer(
                  new NettyCustomizer() {
                    @Override
                    public void afterChannelInitialized(Channel channel) {
                      channel.pipeline().addLast(new BatchWriter());
                    }
                  })
              .build();
      resources = current;
    }
    return current;
  }

  private synchronized RedisClient client() {
    ClientResources shared = resources();
    RedisClient current = client;
    if (current == null) {
      current = RedisClient.create(shared);
      ClientOptions.Builder options =
          ClientOptions.builder()
              .autoReconnect(false)
              // Handshake does that part: no question before it, and no protocol agreed on.
              .pingBeforeActivateConnection(false)
              .protocolVersion(ProtocolVersion.RESP2)
              .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
              .timeoutOptions(TimeoutOptions.builder().timeoutCommands(false).build())
              .socketOptions(
                  SocketOptions.builder()
                      .connectTimeout(url.connectTimeout())
                      .keepAlive(
                          SocketOptions.KeepAliveOptions.builder()
                              .enable()
                              .idle(KEEP_ALIVE)
                              .interval(KEEP_ALIVE)
                              .build())
                      .build())
              .sslOptions(SslOptions.builder().handshakeTimeout(url.connectTimeout()).build());
      try {
        Since7.noMaintenanceNotifications(options);
      } catch (LinkageError e) {
        LOG.debug("This is Lettuce 6, which does not ask for maintenance notifications");
      }
      current.setOptions(options.build());
      client = current;
    }
    return current;
  }

  private RedisURI uri(PillionUrl.@Nullable Endpoint endpoint) {
    RedisURI uri = new RedisURI();
    uri.setTimeout(url.connectTimeout());
    uri.setLibraryName("");
    uri.setLibraryVersion("");
    encrypt(uri);
    switch (url.kind()) {
      case SOCKET -> uri.setSocket(url.socketPath());
      case SENTINEL -> {
        uri.setSentinelMasterId(url.sentinelMaster());
        for (PillionUrl.Endpoint sentinel : url.endpoints()) {
          RedisURI one = RedisURI.create(sentinel.host(), sentinel.port());
          one.setTimeout(url.connectTimeout());
          String password = url.sentinelPassword();
          if (password != null) {
            one.setAuthentication(password);
          }
          encrypt(one);
          uri.getSentinels().add(one);
        }
      }
      default -> {
        PillionUrl.Endpoint server = endpoint == null ? url.endpoints().get(0) : endpoint;
        uri.setHost(server.host());
        uri.setPort(server.port());
      }
    }
    return uri;
  }

  private void encrypt(RedisURI uri) {
    if (url.tls()) {
      uri.setSsl(true);
      uri.setVerifyPeer(
          switch (url.verifyPeer()) {
            case FULL -> SslVerifyMode.FULL;
            case CA -> SslVerifyMode.CA;
            case NONE -> SslVerifyMode.NONE;
          });
    }
  }

  /** What only Lettuce 7 has. */
  private static final class Since7 {
    /** Saves a round trip per connection: only Redis' own cloud service knows that command. */
    static void noMaintenanceNotifications(ClientOptions.Builder options) {
      options.maintNotificationsConfig(MaintNotificationsConfig.disabled());
    }
  }

  /** Stops Lettuce's threads; waits for them at most two seconds. */
  void close() {
    RedisClient stopping;
    ClientResources owned;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      stopping = client;
      owned = resources;
    }
    if (stopping != null) {
      stopping.shutdown(0, 2, TimeUnit.SECONDS);
    }
    if (owned != null) {
      owned.shutdown(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
  }
}
