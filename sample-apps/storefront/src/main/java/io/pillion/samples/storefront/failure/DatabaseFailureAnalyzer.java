package io.pillion.samples.storefront.failure;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.CannotGetJdbcConnectionException;

/** The database does not answer. */
final class DatabaseFailureAnalyzer
    extends AbstractFailureAnalyzer<CannotGetJdbcConnectionException> {
  private final Environment environment;

  DatabaseFailureAnalyzer(Environment environment) {
    this.environment = environment;
  }

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, CannotGetJdbcConnectionException cause) {
    String url = environment.getProperty("spring.datasource.url", "the configured URL");
    return new FailureAnalysis(
        "The database at " + withoutSecrets(url) + " does not answer: " + reason(cause),
        "Start it, or correct spring.datasource.url, username and password; without the profile"
            + " postgres the shop uses a database in memory.",
        cause);
  }

  private static String withoutSecrets(String url) {
    int options = url.indexOf('?');
    return options < 0 ? url : url.substring(0, options);
  }

  private static @Nullable String reason(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage();
  }
}
