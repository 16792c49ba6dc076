package io.pillion.spring;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
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
  private static final int GREETINGS = 3;

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
    if (!properties.embedded().listen().isBlank() && url.kind() == PillionUrl.Kind.EMBEDDED) {
      url = url.with(Option.LISTEN, properties.embedded().listen().strip());
    }
    if (properties.embedded().maxMemory() != null && url.kind() == PillionUrl.Kind.EMBEDDED) {
      long bytes = properties.embedded().maxMemory().toBytes();
      url = url.with(Option.MAX_MEMORY, Long.toString(bytes));
    }
    if (!properties.embedded().settings().isEmpty() && url.kind() == PillionUrl.Kind.EMBEDDED) {
      url = url.with(Option.CONFIG, properties.embedded().config());
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
    if (properties.checkOnStart()) {
      try {
        greet(commands);
      } catch (RuntimeException e) {
        commands.close();
        throw e;
      }
    }
    if (url.kind() != PillionUrl.Kind.EMBEDDED) {
      log.info("Pillion uses the engine at {}", commands.target());
    }
    return commands;
  }

  private static void greet(Commands commands) {
    for (int attempt = 1; ; attempt++) {
      try {
        commands.call(Command.of("PING"));
        return;
      } catch (ConnectionException e) {
        // A JVM that starts on little CPU may need longer than the timeout to load the client.
        if (attempt == GREETINGS) {
          throw e;
        }
      }
    }
  }

  @Bean
  @ConditionalOnMissingBean
  TrustedClasses pillionTrustedClasses(
      PillionUrl url, PillionProperties properties, BeanFactory beans, ResourceLoader resources) {
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
        /* shared= */ url.kind() != PillionUrl.Kind.EMBEDDED || !url.listen().isEmpty());
  }
}
