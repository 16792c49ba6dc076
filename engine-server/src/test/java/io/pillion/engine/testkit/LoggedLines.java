package io.pillion.engine.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** What a class, or all of a package, logs as long as this is open: what users see by default. */
public final class LoggedLines implements AutoCloseable {
  private final Logger logger;
  private final @Nullable Level before;
  private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

  private LoggedLines(Logger logger) {
    this.logger = logger;
    before = logger.getLevel();
    logger.setLevel(Level.INFO);
    appender.list = new CopyOnWriteArrayList<>();
    appender.start();
    logger.addAppender(appender);
  }

  /** Of this class. */
  public static LoggedLines of(Class<?> who) {
    return new LoggedLines((Logger) LoggerFactory.getLogger(who));
  }

  /** Of the package of this class, and those below. */
  public static LoggedLines ofPackage(Class<?> member) {
    return new LoggedLines((Logger) LoggerFactory.getLogger(member.getPackageName()));
  }

  /** The lines since this was asked last. */
  public List<String> take() {
    List<String> lines = appender.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    appender.list.clear();
    return lines;
  }

  @Override
  public void close() {
    logger.detachAppender(appender);
    logger.setLevel(before);
  }
}
