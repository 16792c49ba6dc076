package io.pillion.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.cache.GenericType;
import java.math.BigDecimal;
import java.net.URI;
import java.util.List;
import java.util.Properties;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.Caching;
import org.junit.jupiter.api.Test;

/** The example of docs/jcache.md of values with type arguments. */
class JsonExampleTest {
  record Product(String name, BigDecimal unitPrice) {}

  @Test
  void theExample() {
    URI uri = URI.create("embedded:json-example");
    // docs: begin
    Properties properties = new Properties();
    properties.setProperty("pillion.codec", "json");
    CacheManager manager = Caching.getCachingProvider().getCacheManager(uri, null, properties);
    Cache<String, List<Product>> ranges =
        manager.createCache(
            "ranges",
            new PillionConfiguration<String, List<Product>>()
                .setTypes(String.class, new GenericType<List<Product>>() {}));
    ranges.put("lamps", List.of(new Product("Anna", new BigDecimal("17.50"))));
    Product first = ranges.get("lamps").get(0);
    // docs: end
    assertThat(first.unitPrice()).isEqualTo("17.50");
    manager.close();
  }
}
