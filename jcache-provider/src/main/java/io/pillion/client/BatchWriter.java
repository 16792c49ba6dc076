package io.pillion.client;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.util.List;

/**
 * Writes a batch where its carrier arrives, as one message.
 *
 * <p>Lettuce writes the commands of a collection one by one: from another thread each is a task of
 * the event loop, and a callback on that loop could write its own command between a MULTI and its
 * EXEC. Whatever arrives here is on the event loop already, and nothing comes in between.
 */
final class BatchWriter extends ChannelOutboundHandlerAdapter {
  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
      throws Exception {
    if (message instanceof WireCommand carrier && !carrier.carried().isEmpty()) {
      List<WireCommand> batch = carrier.carried();
      // Lettuce only knows of the carrier that its write has failed.
      promise.addListener(
          written -> {
            Throwable failure = written.cause();
            if (failure != null) {
              batch.forEach(command -> command.completeExceptionally(failure));
            }
          });
      super.write(context, batch, promise);
    } else {
      super.write(context, message, promise);
    }
  }
}
