package io.pillion.spring;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.PillionUrl;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.BeanFactory;
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

  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  Commands pillionCommands(PillionProperties properties) {
    Commands commands = PillionClient.connect(PillionUrl.parse(properties.url()));
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
