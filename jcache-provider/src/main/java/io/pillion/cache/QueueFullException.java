package io.pillion.cache;

/** Nothing was changed: too many changes wait for the writer, see {@link WriteBehindSettings}. */
public final class QueueFullException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  QueueFullException(String cache, int capacity) {
    super(
        String.format(
            "%d changes of cache '%s' wait for its writer already; this one was refused. Look at"
                + " why the writer is slow or fails, or raise the capacity.",
            capacity, cache));
  }
}
