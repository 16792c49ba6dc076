package io.pillion.engine.pubsub;

/** What can be listened to. */
public enum Kind {
  /** A channel, by its name. */
  CHANNEL("message", "subscribe", "unsubscribe"),
  /** Every channel whose name matches a glob. */
  PATTERN("pmessage", "psubscribe", "punsubscribe"),
  /**
   * A channel that belongs to a slot in a cluster, apart from the others; no pattern matches it.
   */
  SHARD("smessage", "ssubscribe", "sunsubscribe");

  private final String message;
  private final String subscribe;
  private final String unsubscribe;

  Kind(String message, String subscribe, String unsubscribe) {
    this.message = message;
    this.subscribe = subscribe;
    this.unsubscribe = unsubscribe;
  }

  String message() {
    return message;
  }

  String subscribe() {
    return subscribe;
  }

  String unsubscribe() {
    return unsubscribe;
  }
}
