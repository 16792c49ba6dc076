package io.pillion.spring.diagnostics;

import io.pillion.client.PillionUrlException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** The URL cannot be understood. */
final class PillionUrlFailureAnalyzer extends AbstractFailureAnalyzer<PillionUrlException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, PillionUrlException cause) {
    return new FailureAnalysis(
        "The property pillion.url cannot be used. " + cause.getMessage(),
        "Write it as redis://host:port, or leave it empty for an engine inside this application.",
        cause);
  }
}
