package io.pillion.engine.dispatch;

/** What a command is, as COMMAND INFO names it, and as the dispatcher acts on it. */
public enum CommandFlag {
  /** May change data. */
  WRITE("write"),
  /** Reads data and changes none. */
  READONLY("readonly"),
  /** Refused when memory is full and nothing may be evicted. */
  DENYOOM("denyoom"),
  ADMIN("admin"),
  PUBSUB("pubsub"),
  /** Not to be called by scripts. */
  NOSCRIPT("noscript"),
  /** May make its client wait. */
  BLOCKING("blocking"),
  /** Allowed while data are loaded. */
  LOADING("loading"),
  /** Allowed on a replica whose data are stale. */
  STALE("stale"),
  /** Refused while a replica loads a new data set beside its old one. */
  NO_ASYNC_LOADING("no_async_loading"),
  /** A script: shown by MONITOR before it runs, since what it sends is shown, too, and as its. */
  SKIP_MONITOR("skip_monitor"),
  SKIP_SLOWLOG("skip_slowlog"),
  ASKING("asking"),
  /** Takes constant or logarithmic time. */
  FAST("fast"),
  /** Allowed before AUTH. */
  NO_AUTH("no_auth"),
  /** Waits as a write does while clients are paused, though it changes no data. */
  MAY_REPLICATE(""),
  /** Refused inside MULTI. */
  NO_MULTI("no_multi"),
  /** May be sent without any key, though it has places for them. */
  NO_MANDATORY_KEYS("no_mandatory_keys"),
  /** Its keys are not where three numbers can say. */
  MOVABLE_KEYS("movablekeys"),
  /** Allowed while a script has run too long. */
  ALLOW_BUSY("allow_busy"),
  /** Allowed to a client that speaks RESP2 and has subscribed to channels. */
  SUBSCRIBER(""),
  /** Inside MULTI it is carried out at once, not queued: EXEC and its kin. */
  TRANSACTION_CONTROL(""),
  /** May come upon any key, and so find several whose time has come, which do not go together. */
  TOUCHES_ARBITRARY_KEYS(""),
  /** Carries out what the transaction has queued, and so may do whatever that may. */
  RUNS_TRANSACTION(""),
  /** Watches keys for the transaction to come: WATCH. */
  WATCHES(""),
  /**
   * Asked to learn whether all is well, which it is not while disks fail: refused as changes are.
   */
  HEALTH_CHECK("");

  private final String redisName;

  CommandFlag(String redisName) {
    this.redisName = redisName;
  }

  /** The name in COMMAND INFO; empty for what is only our own. */
  public String redisName() {
    return redisName;
  }
}
