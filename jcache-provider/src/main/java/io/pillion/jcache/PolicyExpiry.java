package io.pillion.jcache;

import io.pillion.cache.Expiry;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import javax.cache.expiry.AccessedExpiryPolicy;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.Duration;
import javax.cache.expiry.EternalExpiryPolicy;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.expiry.ModifiedExpiryPolicy;
import javax.cache.expiry.TouchedExpiryPolicy;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A JSR-107 expiry policy of the application, asked once for each entry that it concerns. */
final class PolicyExpiry implements Expiry {
  private static final Set<Class<?>> CONSTANT =
      Set.of(
          AccessedExpiryPolicy.class,
          CreatedExpiryPolicy.class,
          ModifiedExpiryPolicy.class,
          TouchedExpiryPolicy.class);

  private static final Logger log = LoggerFactory.getLogger(PolicyExpiry.class);

  private final ExpiryPolicy policy;
  private final AtomicBoolean failed = new AtomicBoolean();

  private PolicyExpiry(ExpiryPolicy policy) {
    this.policy = policy;
  }

  /** The expiry of this policy; of the standard's own classes only their three durations. */
  static Expiry of(ExpiryPolicy policy) {
    if (policy.getClass() == EternalExpiryPolicy.class) {
      return Expiry.eternal();
    }
    PolicyExpiry asked = new PolicyExpiry(policy);
    return CONSTANT.contains(policy.getClass())
        ? Expiry.fixed(asked.forCreation(), asked.forUpdate(), asked.forAccess())
        : asked;
  }

  @Override
  public long forCreation() {
    long millis = ask(policy::getExpiryForCreation);
    return millis == UNCHANGED ? ETERNAL : millis;
  }

  @Override
  public long forUpdate() {
    return ask(policy::getExpiryForUpdate);
  }

  @Override
  public long forAccess() {
    return ask(policy::getExpiryForAccess);
  }

  /** A policy that fails fails no operation: the entry lives as if there were none. */
  private long ask(Supplier<@Nullable Duration> question) {
    try {
      return millis(question.get());
    } catch (RuntimeException e) {
      if (failed.compareAndSet(false, true)) {
        log.warn(
            "Expiry policy {} failed (said once; new entries live as long as they may, others as"
                + " long as before): {}",
            policy.getClass().getName(),
            e.toString());
      }
      return UNCHANGED;
    }
  }

  @Override
  public boolean isFixed() {
    return false;
  }

  private static long millis(@Nullable Duration duration) {
    if (duration == null) {
      return UNCHANGED;
    }
    if (duration.isEternal()) {
      return ETERNAL;
    }
    return duration.isZero()
        ? 0
        : TimeUnit.MILLISECONDS.convert(duration.getDurationAmount(), duration.getTimeUnit());
  }
}
