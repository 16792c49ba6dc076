package io.pillion.jcache;

import io.pillion.cache.Expiry;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.cache.expiry.AccessedExpiryPolicy;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.Duration;
import javax.cache.expiry.EternalExpiryPolicy;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.expiry.ModifiedExpiryPolicy;
import javax.cache.expiry.TouchedExpiryPolicy;
import org.jspecify.annotations.Nullable;

/** A JSR-107 expiry policy of the application, asked once for each entry that it concerns. */
final class PolicyExpiry implements Expiry {
  private static final Set<Class<?>> CONSTANT =
      Set.of(
          AccessedExpiryPolicy.class,
          CreatedExpiryPolicy.class,
          ModifiedExpiryPolicy.class,
          TouchedExpiryPolicy.class);

  private final ExpiryPolicy policy;

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
    long millis = millis(policy.getExpiryForCreation());
    return millis == UNCHANGED ? ETERNAL : millis;
  }

  @Override
  public long forUpdate() {
    return millis(policy.getExpiryForUpdate());
  }

  @Override
  public long forAccess() {
    return millis(policy.getExpiryForAccess());
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
