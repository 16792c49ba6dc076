package io.pillion.engine.acl;

/**
 * Why a command is refused.
 *
 * @param index which of its words is to blame: 0 for the command itself
 */
public record Denial(Reason reason, int index) {
  /** No selector lets the command through. */
  static final Denial COMMAND = new Denial(Reason.COMMAND, 0);

  /** What was refused; of several, the later counts. */
  public enum Reason {
    COMMAND("command"),
    KEY("key"),
    CHANNEL("channel"),
    AUTH("auth");

    private final String redisName;

    Reason(String redisName) {
      this.redisName = redisName;
    }

    /** The name in ACL LOG. */
    public String redisName() {
      return redisName;
    }
  }

  /** The one of two to be told of: the one that came further. */
  static Denial further(Denial a, Denial b) {
    int order = b.reason.compareTo(a.reason);
    return order > 0 || (order == 0 && b.index > a.index) ? b : a;
  }
}
