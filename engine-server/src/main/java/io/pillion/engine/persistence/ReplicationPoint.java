package io.pillion.engine.persistence;

/**
 * Which moment of which history data are of: from there on they can follow it.
 *
 * @param id the history's name, 40 hexadecimal digits
 * @param offset how many bytes of it they hold
 * @param database the number of the database that what follows is for, until it says otherwise
 */
public record ReplicationPoint(String id, long offset, int database) {}
