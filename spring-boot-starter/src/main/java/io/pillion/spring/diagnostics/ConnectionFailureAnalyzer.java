package io.pillion.spring.diagnostics;

import io.pillion.client.ConnectionException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Nobody answers at the URL. */
final class ConnectionFailureAnalyzer extends AbstractFailureAnalyzer<ConnectionException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, ConnectionException cause) {
    return new FailureAnalysis(
        "The server that pillion.url names does not answer. " + cause.getMessage(),
        "Start it, or correct pillion.url; leave it empty for an engine inside this application.",
        cause);
  }
}
