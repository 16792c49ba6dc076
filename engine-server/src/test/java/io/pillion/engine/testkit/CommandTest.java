package io.pillion.engine.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test of commands. It runs on our engine, in process and over TCP, and once more on the server
 * that the environment variable {@code PILLION_ORACLE=host:port} names. Its parameters may be a
 * {@link TestClient} (connected, the data empty) and a {@link TestServer} (for more clients, waits
 * and settings).
 *
 * <p>After it has run on our engine, the effects it left in the command log are replayed into an
 * empty engine, which must come to the same {@code DEBUG DIGEST}. After it has run on the real
 * server too, both digests are compared.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@TestTemplate
@ExtendWith(CommandTestExtension.class)
public @interface CommandTest {
  /** Whether the data that the test leaves are the same on every server and in every run. */
  boolean deterministic() default true;

  /** Whether to run on our engine only: for what we define ourselves. */
  boolean oursOnly() default false;

  /**
   * Whether to run over TCP only: where somebody must come in while a command goes on, which would
   * keep the test's own thread.
   */
  boolean overTcpOnly() default false;
}
