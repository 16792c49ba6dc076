package io.pillion.engine.command;

import io.pillion.engine.datatype.StreamGroup;
import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.memory.Bytes;

/** What to do to have the same again of what consumers were given: as Redis says it. */
final class StreamEffects {
  private static final Bytes XCLAIM = Bytes.of("XCLAIM");
  private static final Bytes XGROUP = Bytes.of("XGROUP");
  private static final Bytes CREATECONSUMER = Bytes.of("CREATECONSUMER");
  private static final Bytes SETID = Bytes.of("SETID");
  private static final Bytes ENTRIESREAD = Bytes.of("ENTRIESREAD");
  private static final Bytes ZERO = Bytes.of("0");
  private static final Bytes TIME = Bytes.of("TIME");
  private static final Bytes RETRYCOUNT = Bytes.of("RETRYCOUNT");
  private static final Bytes FORCE = Bytes.of("FORCE");
  private static final Bytes JUSTID = Bytes.of("JUSTID");
  private static final Bytes LASTID = Bytes.of("LASTID");

  private StreamEffects() {}

  /** A consumer was created. */
  static void created(Call call, Bytes key, StreamGroup group, Bytes consumer) {
    if (call.wantsEffects()) {
      call.effect(XGROUP, CREATECONSUMER, key, group.name().toBytes(), consumer);
    }
  }

  /** The pending entry at which a walk is is like this now. */
  static void pending(Call call, Bytes key, StreamGroup group, StreamGroup.Pending at) {
    if (call.wantsEffects()) {
      pending(
          call,
          key,
          group,
          at.id(),
          at.consumer().name().toBytes(),
          at.deliveryTime(),
          at.deliveries());
    }
  }

  /**
   * What is pending is like this now; or, when there is no such entry, it is not pending any more.
   */
  static void pending(
      Call call, Bytes key, StreamGroup group, StreamId id, Bytes consumer, long time, long count) {
    if (call.wantsEffects()) {
      call.effect(
          XCLAIM,
          key,
          group.name().toBytes(),
          consumer,
          ZERO,
          StreamIds.bytes(id),
          TIME,
          Bytes.of(time),
          RETRYCOUNT,
          Bytes.of(count),
          FORCE,
          JUSTID,
          LASTID,
          StreamIds.bytes(group.lastId()));
    }
  }

  /** A group has come to its last id. */
  static void advanced(Call call, Bytes key, StreamGroup group) {
    if (call.wantsEffects()) {
      call.effect(
          XGROUP,
          SETID,
          key,
          group.name().toBytes(),
          StreamIds.bytes(group.lastId()),
          ENTRIESREAD,
          Bytes.of(group.entriesRead()));
    }
  }
}
