/**
 * One test body, two servers: our engine in process, and a real one when PILLION_ORACLE names it.
 */
@NullMarked
package io.pillion.engine.testkit;

import org.jspecify.annotations.NullMarked;
