package io.pillion.engine.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.FileAppender;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import io.pillion.engine.world.RealWorld;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.slf4j.LoggerFactory;

/**
 * The log of the runnable server, in the form that Redis gives it and tools expect. Set up in code,
 * so that no configuration file of ours can get in the way of an application's own.
 */
final class ServerLog {
  private ServerLog() {}

  /**
   * Begins to log.
   *
   * @param file where to, or empty for standard output
   * @throws IOException when nothing can be written there
   */
  static void start(String file, String level) throws IOException {
    if (!file.isEmpty()) {
      // An appender that cannot open its file says so nowhere and drops what it is given.
      RealWorld.get().disk().append(file).close();
    }
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
    encoder.setContext(context);
    encoder.setLayout(new RedisLayout());
    OutputStreamAppender<ILoggingEvent> appender;
    if (file.isEmpty()) {
      appender = new ConsoleAppender<>();
    } else {
      FileAppender<ILoggingEvent> toFile = new FileAppender<>();
      toFile.setFile(file);
      appender = toFile;
    }
    appender.setContext(context);
    appender.setEncoder(encoder);
    encoder.start();
    appender.start();
    context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(appender);
    context.getLogger("io.netty").setLevel(Level.WARN);
    level(level);
  }

  /** Says what is logged, by Redis' names. */
  static void level(String name) {
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.setLevel(
        switch (name) {
          case "debug" -> Level.TRACE;
          case "verbose" -> Level.DEBUG;
          case "warning" -> Level.WARN;
          case "nothing" -> Level.OFF;
          default -> Level.INFO;
        });
  }

  /** {@code 4711:M 21 Nov 2026 00:16:39.520 * Server initialized}. */
  private static final class RedisLayout extends LayoutBase<ILoggingEvent> {
    private static final DateTimeFormatter TIME =
        DateTimeFormatter.ofPattern("dd MMM yyyy HH:mm:ss.SSS", Locale.ENGLISH)
            .withZone(ZoneId.systemDefault());
    private final long pid = ProcessHandle.current().pid();

    @Override
    public String doLayout(ILoggingEvent event) {
      StringBuilder line = new StringBuilder(128);
      line.append(pid).append(":M ");
      line.append(TIME.format(Instant.ofEpochMilli(event.getTimeStamp())));
      line.append(' ').append(sign(event.getLevel())).append(' ');
      line.append(event.getFormattedMessage()).append('\n');
      IThrowableProxy thrown = event.getThrowableProxy();
      if (thrown != null) {
        line.append(ThrowableProxyUtil.asString(thrown));
      }
      return line.toString();
    }

    private static char sign(Level level) {
      return switch (level.toInt()) {
        case Level.TRACE_INT -> '.';
        case Level.DEBUG_INT -> '-';
        case Level.INFO_INT -> '*';
        default -> '#';
      };
    }
  }
}
