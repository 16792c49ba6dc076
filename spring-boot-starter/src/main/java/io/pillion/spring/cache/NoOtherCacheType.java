package io.pillion.spring.cache;

import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.util.StringUtils;

/** Matches unless {@code spring.cache.type} names one of Spring Boot's own cache types. */
final class NoOtherCacheType extends SpringBootCondition {

  @Override
  public ConditionOutcome getMatchOutcome(
      ConditionContext context, AnnotatedTypeMetadata metadata) {
    String type = context.getEnvironment().getProperty("spring.cache.type");
    ConditionMessage.Builder message = ConditionMessage.forCondition("Pillion cache");
    return StringUtils.hasText(type)
        ? ConditionOutcome.noMatch(message.because("spring.cache.type is " + type))
        : ConditionOutcome.match(message.because("spring.cache.type names no other"));
  }
}
