package io.pillion.engine.dispatch;

/**
 * Where a command's channels are, which access rules look at.
 *
 * @param first the index of the first
 * @param last the index of the last; -1 for the last word
 * @param patterns whether they are patterns rather than names
 */
public record ChannelSpec(int first, int last, boolean patterns) {}
