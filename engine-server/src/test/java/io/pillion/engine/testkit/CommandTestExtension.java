package io.pillion.engine.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;

/** Runs each {@link CommandTest} on our engine and, where there is one, on a real server. */
final class CommandTestExtension implements TestTemplateInvocationContextProvider {
  @Override
  public boolean supportsTestTemplate(ExtensionContext context) {
    return true;
  }

  @Override
  public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(
      ExtensionContext context) {
    Method method = context.getRequiredTestMethod();
    CommandTest test = method.getAnnotation(CommandTest.class);
    AtomicReference<@Nullable String> digest = new AtomicReference<>();
    List<TestTemplateInvocationContext> runs = new ArrayList<>();
    if (!test.overTcpOnly()) {
      runs.add(run("ours", new Run(new EngineServer(), test, digest)));
    }
    runs.add(run("ours over TCP", new Run(new EngineServer(/* overTcp= */ true), test, digest)));
    boolean asked = !test.oursOnly() && OracleServer.isNamed();
    if (asked && sinces(method).allMatch(OracleServer::satisfies)) {
      runs.add(run("oracle", new Run(new OracleServer(), test, digest)));
    }
    return runs.stream();
  }

  private static Stream<Since> sinces(Method method) {
    return Stream.of(
            Optional.ofNullable(method.getAnnotation(Since.class)),
            Optional.ofNullable(method.getDeclaringClass().getAnnotation(Since.class)))
        .flatMap(Optional::stream);
  }

  private static TestTemplateInvocationContext run(String name, Run run) {
    return new TestTemplateInvocationContext() {
      @Override
      public String getDisplayName(int invocationIndex) {
        return name;
      }

      @Override
      public List<Extension> getAdditionalExtensions() {
        return List.of(run);
      }
    };
  }

  /**
   * One run of a test on one server. JUnit limits the time of tests, and not of what is around
   * them: a test that was left behind may hold the lock of its engine for ever.
   */
  private static final class Run
      implements BeforeEachCallback,
          AfterTestExecutionCallback,
          AfterEachCallback,
          ParameterResolver {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final TestServer server;
    private final CommandTest test;
    private final AtomicReference<@Nullable String> ourDigest;
    private @Nullable TestClient first;

    Run(TestServer server, CommandTest test, AtomicReference<@Nullable String> ourDigest) {
      this.server = server;
      this.test = test;
      this.ourDigest = ourDigest;
    }

    @Override
    public void beforeEach(ExtensionContext context) {
      if (server instanceof EngineServer engine) {
        engine.start();
      } else {
        server.client().ok("FLUSHALL");
      }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      Class<?> type = parameter.getParameter().getType();
      return type == TestClient.class || type == TestServer.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      if (parameter.getParameter().getType() == TestServer.class) {
        return server;
      }
      if (first == null) {
        first = server.client();
      }
      return first;
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
      if (context.getExecutionException().isEmpty()) {
        assertTimeoutPreemptively(LIMIT, this::checkDigest);
      }
    }

    private void checkDigest() {
      server.restoreSettings();
      String digest = server.client().call("DEBUG", "DIGEST").text();
      if (server instanceof EngineServer engine) {
        engine.checkReplay(digest);
        ourDigest.set(digest);
      } else if (test.deterministic() && ourDigest.get() != null) {
        assertThat(ourDigest.get()).as("our digest, and the oracle's").isEqualTo(digest);
      }
    }

    @Override
    public void afterEach(ExtensionContext context) {
      assertTimeoutPreemptively(LIMIT, server::close);
    }
  }
}
