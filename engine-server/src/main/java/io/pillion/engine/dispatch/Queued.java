package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;

/**
 * A command that waits for EXEC.
 *
 * @param args a copy, independent of the connection's input
 */
public record Queued(Command command, Args args) {}
