package io.pillion.jcache.spec;

import java.util.Properties;
import java.util.Set;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.EternalExpiryPolicy;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.expiry.ModifiedExpiryPolicy;

/** Cases on an engine over TCP with copies in this process, which must change nothing of it. */
class SpecificationMatrixNearTest extends SpecificationMatrixTcpTest {
  /** Of the others no copies are kept: the server has to see every read. */
  private static final Set<Class<?>> WITH_COPIES =
      Set.of(EternalExpiryPolicy.class, CreatedExpiryPolicy.class, ModifiedExpiryPolicy.class);

  @Override
  Properties properties() {
    Properties properties = new Properties();
    properties.setProperty("pillion.near", "true");
    return properties;
  }

  @Override
  boolean suits(ExpiryPolicy policy) {
    return WITH_COPIES.contains(policy.getClass());
  }

  @Override
  boolean readsBefore() {
    return true;
  }
}
