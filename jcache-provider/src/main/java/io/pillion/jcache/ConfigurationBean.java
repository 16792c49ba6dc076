package io.pillion.jcache;

import javax.cache.configuration.MutableConfiguration;
import javax.cache.management.CacheMXBean;

/** A cache's configuration over JMX. */
final class ConfigurationBean implements CacheMXBean {
  static final String TYPE = "CacheConfiguration";

  private final MutableConfiguration<?, ?> configuration;

  ConfigurationBean(MutableConfiguration<?, ?> configuration) {
    this.configuration = configuration;
  }

  @Override
  public String getKeyType() {
    return configuration.getKeyType().getName();
  }

  @Override
  public String getValueType() {
    return configuration.getValueType().getName();
  }

  @Override
  public boolean isReadThrough() {
    return configuration.isReadThrough();
  }

  @Override
  public boolean isWriteThrough() {
    return configuration.isWriteThrough();
  }

  @Override
  public boolean isStoreByValue() {
    return configuration.isStoreByValue();
  }

  @Override
  public boolean isStatisticsEnabled() {
    return configuration.isStatisticsEnabled();
  }

  @Override
  public boolean isManagementEnabled() {
    return configuration.isManagementEnabled();
  }
}
