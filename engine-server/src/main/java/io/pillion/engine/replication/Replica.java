package io.pillion.engine.replication;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.persistence.FieldTtls;
import io.pillion.engine.persistence.SnapshotOptions;
import java.nio.charset.StandardCharsets;

/** A server that follows this one, or is about to. Under the engine lock. */
public final class Replica {
  /** What it may leave unread before it is sent more. */
  private static final int UNREAD_BYTES = 1 << 20;

  private final Client client;
  int port;
  String address = "";
  boolean takesMark;
  boolean takesNewId;
  FieldTtls fieldTtls = FieldTtls.REDIS;
  boolean wantsOnlyData;
  SnapshotOptions.Contents wanted = SnapshotOptions.Contents.ALL;
  boolean acknowledges;
  State state = State.HANDSHAKE;
  long position;
  long ackedOffset;
  long ackedFileOffset;
  long ackedMillis;
  long heardMillis;
  long receivedBytes;
  long progressMillis;
  long waitingSinceMillis;
  long overSoftLimitSinceMillis;
  boolean preparing;
  boolean getsMark;

  /** How far it is. */
  enum State {
    /** It has said who it is, and asked for nothing. */
    HANDSHAKE(""),
    /** It waits for a snapshot to begin. */
    WAITING("wait_bgsave"),
    /** It is, or will be, sent the data of a snapshot; the effects since then are kept for it. */
    SENDING("send_bulk"),
    /** It has been sent all data, and has to say that it saw their end. */
    CONFIRMING("online"),
    /** It is sent what happened since the snapshot, or since it lost its link. */
    CATCHING_UP("online"),
    /** It is sent effects as they happen. */
    ONLINE("online");

    final String redisName;

    State(String redisName) {
      this.redisName = redisName;
    }
  }

  Replica(Client client) {
    this.client = client;
  }

  /** Its connection. */
  public Client client() {
    return client;
  }

  /** Where it is: what it says, or else where its connection comes from. */
  public String address() {
    if (!address.isEmpty()) {
      return address;
    }
    String peer = client.outlet().peerAddress();
    int colon = peer.lastIndexOf(':');
    return colon < 0 ? peer : peer.substring(0, colon);
  }

  /** Where it says that it listens; 0 when it does not say. */
  public int port() {
    return port;
  }

  /**
   * As INFO names how far it is. Elsewhere a child makes the file before it is sent, and what ends
   * with a mark is sent by the child itself: either way the replica waits for it.
   */
  public String state() {
    boolean waits = state == State.SENDING && (preparing || getsMark);
    return (waits ? State.WAITING : state).redisName;
  }

  /** Whether it has all data, but perhaps the latest. */
  public boolean isOnline() {
    return state.redisName.equals("online");
  }

  /** Up to where it says that it has come. */
  public long ackedOffset() {
    return ackedOffset;
  }

  /** How many seconds it has said nothing, at a moment in Unix milliseconds; 0 until it can. */
  public long lagSeconds(long nowMillis) {
    return isOnline() ? Math.max(0, (nowMillis - ackedMillis) / 1000) : 0;
  }

  boolean isLagging() {
    return state == State.SENDING || state == State.CONFIRMING || state == State.CATCHING_UP;
  }

  /** What it was sent and has not taken yet. */
  long unsentBytes() {
    return client.outlet().pendingBytes();
  }

  /** Whether it reads as fast as it is written to. Any thread. */
  boolean mayBeSentMore() {
    return unsentBytes() <= UNREAD_BYTES;
  }

  /** Whether some bytes can be sent to it at once. */
  boolean mayBeSent(long bytes) {
    return unsentBytes() + bytes <= UNREAD_BYTES;
  }

  void send(byte[] bytes, int offset, int length) {
    client.push(reply -> reply.raw(bytes, offset, length));
  }

  void send(String line) {
    byte[] bytes = line.getBytes(StandardCharsets.US_ASCII);
    send(bytes, 0, bytes.length);
  }

  @Override
  public String toString() {
    return address() + ":" + port;
  }
}
