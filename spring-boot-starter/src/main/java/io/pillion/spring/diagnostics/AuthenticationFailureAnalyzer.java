package io.pillion.spring.diagnostics;

import io.pillion.client.CommandException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** The server is there, and does not let this application in. */
final class AuthenticationFailureAnalyzer extends AbstractFailureAnalyzer<CommandException> {
  private static final Set<String> CODES = Set.of("NOAUTH", "WRONGPASS", "NOPERM");

  @Override
  protected @Nullable FailureAnalysis analyze(Throwable rootFailure, CommandException cause) {
    if (!CODES.contains(cause.code())) {
      return null;
    }
    return new FailureAnalysis(
        "The server that pillion.url names refuses this application: " + cause.getMessage(),
        "Set pillion.password, and pillion.username where the server knows users, to what the"
            + " server expects.",
        cause);
  }
}
