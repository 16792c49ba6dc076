package io.pillion.client.leaderboard;

/**
 * A member of a leaderboard at one moment.
 *
 * @param member the name
 * @param score the score; never NaN
 * @param rank the place, from 1
 */
public record Entry(String member, double score, long rank) {}
