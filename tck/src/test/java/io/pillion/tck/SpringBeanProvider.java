package io.pillion.tck;

import io.pillion.jcache.PillionCachingProvider;
import javax.cache.CacheManager;
import javax.cache.annotation.BeanProvider;
import javax.cache.configuration.MutableConfiguration;
import manager.CacheNameOnEachMethodBlogManagerImpl;
import manager.ClassLevelCacheConfigBlogManagerImpl;
import manager.UsingDefaultCacheNameBlogManagerImpl;
import org.springframework.cache.Cache;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.jcache.JCacheCache;
import org.springframework.cache.jcache.JCacheCacheManager;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/**
 * Beans for the TCK's annotation tests, intercepted by Spring. A provider does not bring
 * interceptors of its own, but without some these tests pass and do nothing.
 */
public final class SpringBeanProvider implements BeanProvider {
  private final AnnotationConfigApplicationContext context =
      new AnnotationConfigApplicationContext(Beans.class);

  /** Made by the service loader. */
  public SpringBeanProvider() {}

  @Override
  public <T> T getBeanByType(Class<T> beanClass) {
    return context.getBean(beanClass);
  }

  /** The beans under test and Spring's caching. */
  @Configuration
  @EnableCaching(proxyTargetClass = true)
  @Import({
    CacheNameOnEachMethodBlogManagerImpl.class,
    ClassLevelCacheConfigBlogManagerImpl.class,
    UsingDefaultCacheNameBlogManagerImpl.class
  })
  static class Beans {
    @Bean
    JCacheCacheManager cacheManager() {
      // A provider of its own: the other tests close the one that the standard's lookup returns.
      CacheManager manager = new PillionCachingProvider().getCacheManager();
      return new JCacheCacheManager(manager) {
        @Override
        protected Cache getMissingCache(String name) {
          return new JCacheCache(
              manager.createCache(name, new MutableConfiguration<Object, Object>()));
        }
      };
    }
  }
}
