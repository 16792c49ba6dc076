package io.pillion.engine.dispatch;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;

/**
 * Two logs that are fed with the same: a file of this engine, which replies may have to wait for,
 * and those who follow.
 */
final class BothLogs implements CommandLog {
  private final CommandLog own;
  private final CommandLog followers;

  BothLogs(CommandLog own, CommandLog followers) {
    this.own = own;
    this.followers = followers;
  }

  @Override
  public boolean isOn() {
    return true;
  }

  @Override
  public void append(int database, Bytes[] words) {
    own.append(database, words);
    followers.append(database, words);
  }

  @Override
  public void append(int database, Args words) {
    own.append(database, words);
    followers.append(database, words);
  }

  @Override
  public void pass(int database, Bytes[] words) {
    own.pass(database, words);
    followers.pass(database, words);
  }

  @Override
  public void begin() {
    own.begin();
    followers.begin();
  }

  @Override
  public void end() {
    own.end();
    followers.end();
  }

  @Override
  public void endHold(boolean more) {
    own.endHold(more);
    followers.endHold(more);
  }

  @Override
  public long offset() {
    return own.offset();
  }

  @Override
  public long replyOffset(long written) {
    return own.replyOffset(written);
  }

  @Override
  public long propagatedOffset() {
    return followers.propagatedOffset();
  }

  @Override
  public boolean isFull() {
    return own.isFull() || followers.isFull();
  }
}
