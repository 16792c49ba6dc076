package io.pillion.engine.acl;

import io.pillion.engine.dispatch.Client;

/** Says what CLIENT INFO says of a client: for ACL LOG. */
@FunctionalInterface
public interface ClientDescriber {
  /** A client in one line, at a moment in Unix milliseconds. */
  String describe(Client client, long nowMillis);
}
