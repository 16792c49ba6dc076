package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;

/**
 * A command that waits for EXEC.
 *
 * @param args a copy, independent of the connection's input
 */
public record Queued(Command command, Args args) {
  private static final int OVERHEAD_BYTES = 48;

  /** What such words take when they are queued, in bytes. */
  static long bytes(Args args) {
    return args.sizeBytes() + (args.count() + 1L) * OVERHEAD_BYTES;
  }
}
