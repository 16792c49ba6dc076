package io.pillion.spring;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.PillionUrl;
import io.pillion.client.PillionUrl.Option;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurationPackages;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.core.io.ResourceLoader;
import org.springframework.util.ClassUtils;

/** The way to the engine: inside this process, or where {@code pillion.url} says. */
@AutoConfiguration
@EnableConfigurationProperties(PillionProperties.class)
public final class PillionAutoConfiguration {
  private static final Logger log = LoggerFactory.getLogger(PillionAutoConfiguration.class);

  @Bean
  @ConditionalOnMissingBean
  PillionUrl pillionUrl(
      PillionProperties properties, @Value("${spring.application.name:}") String applicationName) {
    PillionUrl url =
        PillionUrl.parse(properties.url())
            .withCredentials(properties.username(), properties.password());
    if (properties.timeout() != null) {
      url = url.with(Option.TIMEOUT, properties.timeout().toString());
    }
    if (properties.connectTimeout() != null) {
      url = url.with(Option.CONNECT_TIMEOUT, properties.connectTimeout().toString());
    }
    String name = properties.clientName() == null ? applicationName : properties.clientName();
    if (url.clientName() == null && !name.isBlank()) {
      // Servers refuse names with spaces in them.
      url = url.with(Option.CLIENT_NAME, name.strip().replaceAll("[^!-~]", "-"));
    }
    return url;
  }

  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  Commands pillionCommands(PillionUrl url, PillionProperties properties) {
    Commands commands = PillionClient.connect(url);
    if (!properties.isEmbedded() && properties.checkOnStart()) {
      try {
        commands.call(Command.of("PING"));
      } catch (RuntimeException e) {
        commands.close();
        throw e;
      }
      log.info("Pillion uses {}", commands.target());
    }
    return commands;
  }

  @Bean
  @ConditionalOnMissingBean
  TrustedClasses pillionTrustedClasses(
      PillionProperties properties, BeanFactory beans, ResourceLoader resources) {
    List<String> patterns = new ArrayList<>(properties.serialization().allow());
    patterns.add("org.springframework.cache.interceptor.SimpleKey");
    if (AutoConfigurationPackages.has(beans)) {
      for (String applicationPackage : AutoConfigurationPackages.get(beans)) {
        patterns.add(applicationPackage + ".**");
      }
    }
    ClassLoader classLoader = resources.getClassLoader();
    return new TrustedClasses(
        List.copyOf(patterns),
        classLoader != null
            ? classLoader
            : Objects.requireNonNull(ClassUtils.getDefaultClassLoader()),
        /* shared= */ !properties.isEmbedded() || !properties.embedded().listen().isBlank());
  }
}
