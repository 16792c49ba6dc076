package io.pillion.engine.replication;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * FAILOVER: this primary and one of its replicas exchange their roles, and nothing is lost. Changes
 * wait until the replica has everything; then this server follows it, and asks it to lead. Used
 * under the engine lock.
 */
public final class Failover {
  private static final Logger log = LoggerFactory.getLogger(Failover.class);
  private static final long LOOK_NANOS = 100_000_000;

  private final Following following;
  private final Replication replication;
  private State state = State.NONE;
  private @Nullable String host;
  private long port;
  private boolean force;
  private long deadlineMillis;
  private boolean looking;

  private enum State {
    NONE("no-failover"),
    WAITING("waiting-for-sync"),
    GOING("failover-in-progress");

    private final String redisName;

    State(String redisName) {
      this.redisName = redisName;
    }
  }

  Failover(Following following, Replication replication) {
    this.following = following;
    this.replication = replication;
  }

  /** How far it is, as INFO says it. */
  public String state() {
    return state.redisName;
  }

  /** Whether one goes on. */
  public boolean isOn() {
    return state != State.NONE;
  }

  /** Whether a replica is being asked to lead. */
  boolean isGoing() {
    return state == State.GOING;
  }

  private Engine engine() {
    return following.engine();
  }

  /** FAILOVER. */
  public void failover(Call call) {
    if (call.count() == 2 && call.args().is(1, "ABORT")) {
      if (!isOn()) {
        throw Errors.err("No failover in progress.");
      }
      abort("Failover manually aborted");
      call.reply().ok();
      return;
    }
    Wish wish = Wish.of(call);
    check(wish);
    host = wish.host;
    port = wish.port;
    force = wish.force;
    deadlineMillis = wish.timeoutMillis > 0 ? call.now() + wish.timeoutMillis : Long.MAX_VALUE;
    if (host != null) {
      log.info("FAILOVER requested to {}:{}.", host, port);
    } else {
      log.info("FAILOVER requested to any replica.");
    }
    state = State.WAITING;
    replication.failingOver(true);
    engine().pauseForEnd(Engine.PauseMode.WRITE);
    lookLater();
    call.reply().ok();
  }

  /** What the words ask for. */
  private static final class Wish {
    private @Nullable String host;
    private long port;
    private long timeoutMillis;
    private boolean force;

    static Wish of(Call call) {
      Wish wish = new Wish();
      for (int i = 1; i < call.count(); i++) {
        int more = call.count() - i - 1;
        if (call.args().is(i, "TIMEOUT") && more >= 1 && wish.timeoutMillis == 0) {
          wish.timeoutMillis = Numbers.parseLong(call.arg(++i), Errors.notAnInteger());
          if (wish.timeoutMillis <= 0) {
            throw Errors.err("FAILOVER timeout must be greater than 0");
          }
        } else if (call.args().is(i, "TO") && more >= 2 && wish.host == null) {
          wish.host = call.arg(i + 1).toUtf8();
          wish.port = Numbers.parseLong(call.arg(i + 2), Errors.notAnInteger());
          i += 2;
        } else if (call.args().is(i, "FORCE") && !wish.force) {
          wish.force = true;
        } else {
          throw Errors.syntax();
        }
      }
      return wish;
    }
  }

  private void check(Wish wish) {
    if (isOn()) {
      throw Errors.err("FAILOVER already in progress.");
    }
    if (following.isOn()) {
      throw Errors.err("FAILOVER is not valid when server is a replica.");
    }
    if (replication.replicas().isEmpty()) {
      throw Errors.err("FAILOVER requires connected replicas.");
    }
    if (wish.force && (wish.timeoutMillis == 0 || wish.host == null)) {
      throw Errors.err(
          "FAILOVER with force option requires both a timeout and target HOST and IP.");
    }
    if (wish.host != null) {
      Replica target = find(wish.host, wish.port);
      if (target == null) {
        throw Errors.err("FAILOVER target HOST and PORT is not a replica.");
      }
      if (!target.isOnline()) {
        throw Errors.err("FAILOVER target replica is not online.");
      }
    }
  }

  private @Nullable Replica find(String wantedHost, long wantedPort) {
    for (Replica each : replication.replicas()) {
      if (each.address().equals(wantedHost) && each.port() == wantedPort) {
        return each;
      }
    }
    return null;
  }

  /** REPLICAOF would get in its way. */
  void refuseReplicaof() {
    if (isOn()) {
      throw Errors.err("REPLICAOF not allowed while failing over.");
    }
  }

  /** The replica leads now. */
  void done() {
    if (isOn()) {
      end();
    }
  }

  /** It cannot be. */
  void abort(String why) {
    if (!isOn()) {
      return;
    }
    boolean follows = isGoing();
    if (host != null) {
      log.info("FAILOVER to {}:{} aborted: {}", host, port, why);
    } else {
      log.info("FAILOVER to any replica aborted: {}", why);
    }
    if (follows) {
      following.stop();
    }
    end();
  }

  private void end() {
    state = State.NONE;
    host = null;
    replication.failingOver(false);
    following.restrict();
    engine().pauseForEnd(Engine.PauseMode.NONE);
  }

  private void lookLater() {
    if (!looking) {
      looking = true;
      engine().world().schedule(LOOK_NANOS, () -> engine().hold(this::look));
    }
  }

  private void look() {
    looking = false;
    if (state != State.WAITING || engine().isClosed()) {
      return;
    }
    String target = host;
    if (engine().keyspace().now() >= deadlineMillis) {
      if (force && target != null) {
        log.info("FAILOVER to {}:{} time out exceeded, failing over.", target, port);
        go(target, port);
      } else {
        abort("Replica never caught up before timeout");
      }
      return;
    }
    for (Replica each : replication.replicas()) {
      boolean wanted = target == null || (each.address().equals(target) && each.port() == port);
      if (wanted && each.isOnline() && each.ackedOffset() == replication.offset()) {
        log.info("Failover target {} is synced, failing over.", each);
        go(each.address(), each.port());
        return;
      }
    }
    lookLater();
  }

  private void go(String targetHost, long targetPort) {
    state = State.GOING;
    host = targetHost;
    port = targetPort;
    following.handOver(targetHost, (int) targetPort);
  }
}
