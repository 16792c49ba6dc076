package io.pillion.spring.jcache;

import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Matches when {@code pillion.jcache.enabled} asks for it, or, unless that says no, when Spring's
 * JCache support would otherwise find Pillion's provider by itself: the provider alone does not
 * know of {@code pillion.url}.
 */
final class JCacheWanted extends SpringBootCondition {

  @Override
  public ConditionOutcome getMatchOutcome(
      ConditionContext context, AnnotatedTypeMetadata metadata) {
    Environment environment = context.getEnvironment();
    ConditionMessage.Builder message = ConditionMessage.forCondition("Pillion JCache");
    Boolean asked = environment.getProperty("pillion.jcache.enabled", Boolean.class);
    if (asked != null) {
      return new ConditionOutcome(asked, message.because("pillion.jcache.enabled is " + asked));
    }
    String type = environment.getProperty("spring.cache.type", "");
    boolean ours = environment.getProperty("pillion.cache.enabled", Boolean.class, true);
    boolean springs = type.isBlank() ? !ours : type.equalsIgnoreCase("jcache");
    boolean named = environment.containsProperty("spring.cache.jcache.provider");
    return new ConditionOutcome(
        springs && !named,
        message.because(
            springs && !named ? "Spring's JCache support needs it" : "nothing asks for it"));
  }
}
