/** Assembly: settings in, a running engine out; the only package that knows all others. */
@NullMarked
package io.pillion.engine.server;

import org.jspecify.annotations.NullMarked;
