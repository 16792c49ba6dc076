package io.pillion.engine.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Since which version a real server behaves as this test says; an older one is not asked. Where
 * both are given, either will do.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface Since {
  /** The first Redis version, compared with {@code redis_version}; empty: no Redis. */
  String value() default "";

  /** The first Valkey version, compared with {@code valkey_version}; empty: no Valkey. */
  String valkey() default "";
}
