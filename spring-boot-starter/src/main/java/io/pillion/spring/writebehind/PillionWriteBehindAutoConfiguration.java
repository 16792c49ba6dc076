package io.pillion.spring.writebehind;

import io.pillion.jcache.PillionCacheManager;
import io.pillion.spring.jcache.PillionJCacheAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Lets the application and its operators see what is written behind. */
@AutoConfiguration(after = PillionJCacheAutoConfiguration.class)
@ConditionalOnBean(PillionCacheManager.class)
public final class PillionWriteBehindAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean
  WriteBehinds pillionWriteBehinds(PillionCacheManager manager) {
    return new WriteBehinds(manager);
  }

  /** Where the actuator is present. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass({Endpoint.class, ConditionalOnAvailableEndpoint.class})
  static class OfActuator {

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnAvailableEndpoint
    WriteBehindEndpoint pillionWriteBehindEndpoint(WriteBehinds all) {
      return new WriteBehindEndpoint(all);
    }
  }
}
