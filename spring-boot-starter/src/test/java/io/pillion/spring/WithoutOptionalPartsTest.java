package io.pillion.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.Commands;
import io.pillion.spring.cache.PillionCacheManager;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.io.DefaultResourceLoader;

/** An application that has the starter and nothing else. */
class WithoutOptionalPartsTest {
  // The class loader hides the classes of Boot's health module, but not the list that names them.
  private static final String ABSENT =
      Stream.of(
              "actuate.endpoint.AvailabilityProbes",
              "actuate.endpoint.HealthEndpoint",
              "application.AvailabilityHealthContributor",
              "application.DiskSpaceHealthContributor",
              "application.SslHealthContributor",
              "contributor.HealthContributor",
              "registry.HealthContributorRegistry")
          .map(name -> "org.springframework.boot.health.autoconfigure." + name)
          .map(name -> name + "AutoConfiguration")
          .collect(Collectors.joining(","));

  @Test
  void startsWithoutHealthMetricsAndTheWeb() {
    ClassLoader bare =
        new FilteredClassLoader(
            "org.springframework.boot.health", "io.micrometer", "jakarta.servlet");
    try (ConfigurableApplicationContext context =
        new SpringApplicationBuilder(Application.class)
            .resourceLoader(new DefaultResourceLoader(bare))
            .web(WebApplicationType.NONE)
            .run("--spring.autoconfigure.exclude=" + ABSENT)) {
      assertThat(context.getBean(CacheManager.class)).isInstanceOf(PillionCacheManager.class);
      assertThat(context.getBeansOfType(Commands.class)).hasSize(1);
      assertThat(context.containsBean("pillionHealthContributor")).isFalse();
    }
  }

  @SpringBootConfiguration
  @EnableAutoConfiguration
  @EnableCaching
  static class Application {}
}
