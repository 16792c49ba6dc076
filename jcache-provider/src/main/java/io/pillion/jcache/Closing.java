package io.pillion.jcache;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes what the application gave to a cache, where it can be closed. */
final class Closing {
  private static final Logger log = LoggerFactory.getLogger(Closing.class);

  private Closing() {}

  /** Closes the object if it can be; that it fails is logged and keeps nothing else open. */
  static void quietly(@Nullable Object object) {
    if (object instanceof AutoCloseable closeable) {
      try {
        closeable.close();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (Exception e) {
        log.warn("{} could not be closed", object.getClass().getName(), e);
      }
    }
  }
}
