package io.pillion.engine.command;

import io.pillion.engine.protocol.Reply;
import java.util.ArrayList;
import java.util.List;

/** What a scan has found, kept until the cursor is known, which comes first in the reply. */
final class ScanReply {
  private final List<byte[]> elements = new ArrayList<>();

  void add(byte[] element) {
    elements.add(element);
  }

  /** Writes the cursor and the elements. */
  void write(Reply reply, long cursor) {
    ScanOptions.replyCursor(reply, cursor);
    reply.array(elements.size());
    for (byte[] element : elements) {
      reply.bulk(element);
    }
  }
}
