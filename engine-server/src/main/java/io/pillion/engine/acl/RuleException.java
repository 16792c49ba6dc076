package io.pillion.engine.acl;

/** A rule that cannot be applied, and why: a mistake of whoever wrote it. */
final class RuleException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Fault fault;

  /** What is wrong with a rule, in Redis' words. */
  enum Fault {
    UNKNOWN("Unknown command or category name in ACL"),
    SYNTAX("Syntax error"),
    ALL_KEYS(
        "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not"
            + " have any effect. Try 'resetkeys' to start with an empty list of patterns"),
    ALL_CHANNELS(
        "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does"
            + " not have any effect. Try 'resetchannels' to start with an empty list of channels"),
    NO_SUCH_PASSWORD("The password you are trying to remove from the user does not exist"),
    BAD_HASH(
        "The password hash must be exactly 64 characters and contain only lowercase hexadecimal"
            + " characters"),
    WORD_OF_SUBCOMMAND("Allowing first-arg of a subcommand is not supported");

    private final String text;

    Fault(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }
  }

  RuleException(Fault fault) {
    super(fault.text(), null, false, false);
    this.fault = fault;
  }

  Fault fault() {
    return fault;
  }

  String text() {
    return fault.text();
  }
}
