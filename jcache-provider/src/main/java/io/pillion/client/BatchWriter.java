package io.pillion.client;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;

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
    Object written =
        message instanceof WireCommand command && !command.carried().isEmpty()
            ? command.carried()
            : message;
    super.write(context, written, promise);
  }
}
