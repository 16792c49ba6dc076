package io.pillion.engine.dispatch;

/** An outlet that carries nothing away. */
record Nowhere(String address) implements Outlet {
  @Override
  public void seal(long offset) {}

  @Override
  public void flush() {}

  @Override
  public void resume() {}

  @Override
  public void close(boolean afterReplies) {}

  @Override
  public String peerAddress() {
    return address;
  }

  @Override
  public String localAddress() {
    return address;
  }

  @Override
  public long pendingBytes() {
    return 0;
  }
}
