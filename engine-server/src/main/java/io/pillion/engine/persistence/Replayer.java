package io.pillion.engine.persistence;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.protocol.RespReply;

/** The client that a file's commands are carried out for: it sends nothing and hears nothing. */
final class Replayer implements Outlet {
  private Replayer() {}

  static Client client(Engine engine) {
    return engine.replayer(new Replayer(), new RespReply());
  }

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
    return "file:0";
  }

  @Override
  public String localAddress() {
    return "file:0";
  }

  @Override
  public long pendingBytes() {
    return 0;
  }
}
