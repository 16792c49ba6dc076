package io.pillion.engine.acl;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.memory.Bytes;

/** Who listens to what: asked when a user may listen to less than before. */
@FunctionalInterface
public interface Subscriptions {
  /** Whether a client listens to anything that this test finds. */
  boolean anyMatch(Client client, Test test);

  /** A question about a subscription. */
  @FunctionalInterface
  interface Test {
    /** Whether this is what is looked for: a channel, or a pattern of channels. */
    boolean matches(Bytes name, boolean isPattern);
  }
}
