/** Those who follow and who is followed: synchronization, failover, and writes sent on. */
@NullMarked
package io.pillion.engine.replication;

import org.jspecify.annotations.NullMarked;
