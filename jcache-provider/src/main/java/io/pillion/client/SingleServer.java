package io.pillion.client;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Every key is on the one server. */
record SingleServer(Node node) implements Router {
  @Override
  public Node only() {
    return node;
  }

  @Override
  public void route(
      byte @Nullable [] key, Consumer<Node> then, Consumer<ConnectionException> otherwise) {
    then.accept(node);
  }

  @Override
  public void routeNow(
      byte @Nullable [] key, Consumer<Node> then, Consumer<ConnectionException> otherwise) {
    then.accept(node);
  }

  @Override
  public @Nullable Node moved(String error) {
    return null;
  }

  @Override
  public WireCommand.@Nullable Redirect redirect() {
    return null;
  }

  @Override
  public List<Node> primaries() {
    return List.of(node);
  }

  @Override
  public void forget() {}

  @Override
  public void onChange(Runnable onMoved, Runnable onAsked) {}

  @Override
  public Duration patience() {
    return node.wire().patience();
  }

  @Override
  public void close() {
    node.close();
  }
}
