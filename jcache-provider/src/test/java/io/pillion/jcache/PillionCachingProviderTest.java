package io.pillion.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.Caching;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.configuration.OptionalFeature;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which server a cache manager's URI means. No test here needs one. */
class PillionCachingProviderTest {
  private final PillionCachingProvider provider = new PillionCachingProvider();

  @AfterEach
  void close() {
    System.clearProperty(PillionCachingProvider.URL_PROPERTY);
    provider.close();
  }

  @Test
  void theStandardsLookUpFindsIt() {
    assertThat(Caching.getCachingProvider()).isInstanceOf(PillionCachingProvider.class);
    assertThat(provider.isSupported(OptionalFeature.STORE_BY_REFERENCE)).isFalse();
  }

  @Test
  void anUnknownUriIsRefusedWithTheKnownOnes() {
    assertThatThrownBy(() -> provider.getCacheManager(URI.create("memcached://host"), null))
        .isInstanceOf(CacheException.class)
        .hasMessageStartingWith("The cache manager's URI names no server: Unknown scheme")
        .hasMessageContaining("redis://");
    assertThatThrownBy(() -> provider.getCacheManager(URI.create("classpath:cache.xml"), null))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("known are embedded:");
  }

  @Test
  void thePropertySetsTheServerOfTheDefaultUri() {
    System.setProperty(PillionCachingProvider.URL_PROPERTY, "http://host");
    assertThatThrownBy(provider::getCacheManager)
        .isInstanceOf(CacheException.class)
        .hasMessageStartingWith("The system property pillion.url names no server: Unknown scheme");
    System.setProperty(PillionCachingProvider.URL_PROPERTY, "redis://127.0.0.1:1");
    CacheManager manager = provider.getCacheManager();
    assertThat(manager.getURI()).isEqualTo(provider.getDefaultURI());
    assertThat(provider.getCacheManager(provider.getDefaultURI(), null)).isSameAs(manager);
  }

  @Test
  void aManagerIsMadeAnewAfterItWasClosed() {
    URI uri = URI.create("redis://127.0.0.1:1");
    CacheManager manager = provider.getCacheManager(uri, null);
    assertThat(provider.getCacheManager(uri, null)).isSameAs(manager);
    manager.close();
    manager.close();
    assertThat(provider.getCacheManager(uri, null)).isNotSameAs(manager);
    assertThatThrownBy(() -> manager.getCache("a")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void whatFailsToCloseKeepsNothingElseOpen() {
    List<String> closed = new ArrayList<>();
    List<Closeable> all =
        List.of(
            () -> closed.add("first"),
            () -> {
              throw new IllegalStateException("no");
            },
            () -> {
              throw new IOException("neither");
            },
            () -> closed.add("last"));
    assertThatThrownBy(() -> PillionCachingProvider.closeEach(all))
        .isInstanceOf(CacheException.class)
        .hasMessage("no")
        .satisfies(
            e -> assertThat(e.getSuppressed()).singleElement().isInstanceOf(IOException.class));
    assertThat(closed).containsExactly("first", "last");
  }

  @Test
  void noMessageShowsThePassword() {
    URI uri = URI.create("redis-sentinel://ann:se/cret@127.0.0.1:1?sentinelPassword=secret#main");
    CacheManager manager = provider.getCacheManager(uri, null);
    manager.close();
    assertThatThrownBy(() -> manager.getCache("a"))
        .hasMessage(
            "The cache manager redis-sentinel://127.0.0.1:1?sentinelPassword=***#main is closed");
  }

  @Test
  void propertiesMayHaveDefaults() {
    Properties defaults = new Properties();
    defaults.setProperty("pillion.codec", "kryo");
    assertThatThrownBy(
            () ->
                provider.getCacheManager(
                    URI.create("redis://127.0.0.1:1"), null, new Properties(defaults)))
        .hasMessageStartingWith("pillion.codec=kryo cannot be used");
  }

  @Test
  void managersOfOtherLoadersAndUrisStayOpen() throws IOException {
    URI uri = URI.create("redis://127.0.0.1:1");
    URI another = URI.create("redis://127.0.0.1:2");
    try (URLClassLoader other = new URLClassLoader(new URL[0])) {
      CacheManager a = provider.getCacheManager(uri, null);
      CacheManager b = provider.getCacheManager(another, null);
      CacheManager c = provider.getCacheManager(uri, other);
      CacheManager d = provider.getCacheManager(another, other);
      assertThat(List.of(a, b, c, d)).doesNotHaveDuplicates();
      assertThat(c.getClassLoader()).isSameAs(other);
      provider.close(uri, other);
      assertThat(List.of(a, b, c, d))
          .extracting(CacheManager::isClosed)
          .containsExactly(false, false, true, false);
      provider.close(other);
      assertThat(List.of(a, b, c, d))
          .extracting(CacheManager::isClosed)
          .containsExactly(false, false, true, true);
      provider.close(another, null);
      assertThat(List.of(a, b)).extracting(CacheManager::isClosed).containsExactly(false, true);
      provider.close();
      assertThat(a.isClosed()).isTrue();
    }
  }

  @Test
  void beansDoNotShowThePassword() throws Exception {
    URI uri = URI.create("redis://ann:secret@127.0.0.1:1");
    provider
        .getCacheManager(uri, null)
        .createCache(
            "shown", new MutableConfiguration<String, String>().setManagementEnabled(true));
    assertThat(
            ManagementFactory.getPlatformMBeanServer()
                .queryNames(new ObjectName("javax.cache:Cache=shown,*"), null))
        .singleElement()
        .satisfies(
            bean ->
                assertThat(bean.toString())
                    .doesNotContain("secret")
                    .contains("CacheManager=redis.//127.0.0.1.1"));
  }

  @Test
  void managersOfOneUriShowTheirBeansSideBySide() throws Exception {
    URI uri = URI.create("redis://127.0.0.1:1");
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    ObjectName shared =
        new ObjectName("javax.cache:type=CacheStatistics,CacheManager=redis.//127.0.0.1.1,Cache=x");
    ObjectName all = new ObjectName("javax.cache:CacheManager=redis.//127.0.0.1.1,Cache=x,*");
    try (URLClassLoader other = new URLClassLoader(new URL[0])) {
      CacheManager first = provider.getCacheManager(uri, null);
      CacheManager second = provider.getCacheManager(uri, other);
      Cache<String, String> one = first.createCache("x", shown());
      Cache<String, String> two = second.createCache("x", shown());
      assertThat(server.queryNames(all, null)).hasSize(4).contains(shared);
      two.close();
      assertThat(server.queryNames(all, null)).hasSize(2).contains(shared);
      second.createCache("x", shown());
      assertThat(server.queryNames(all, null)).hasSize(4);
      one.close();
      assertThat(server.queryNames(all, null))
          .as("only those of the one that was closed are gone")
          .hasSize(2)
          .allSatisfy(name -> assertThat(name.getKeyProperty("instance")).isEqualTo("2"));
      first.createCache("x", shown());
      assertThat(server.queryNames(all, null)).hasSize(4).contains(shared);
      first.enableStatistics("x", false);
      first.enableStatistics("x", false);
      first.enableManagement("x", true);
      assertThat(server.queryNames(all, null)).hasSize(3).doesNotContain(shared);
      server.unregisterMBean(server.queryNames(all, null).iterator().next());
      first.close();
      second.close();
      assertThat(server.queryNames(all, null)).isEmpty();
    }
  }

  private static MutableConfiguration<String, String> shown() {
    return new MutableConfiguration<String, String>()
        .setManagementEnabled(true)
        .setStatisticsEnabled(true);
  }
}
