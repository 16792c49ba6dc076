package io.pillion.spring.diagnostics;

import io.pillion.engine.net.ListenException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** The embedded engine cannot listen where it should. */
final class ListenFailureAnalyzer extends AbstractFailureAnalyzer<ListenException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, ListenException cause) {
    return new FailureAnalysis(
        "The engine inside this application cannot listen where pillion.embedded.listen says. "
            + cause.getMessage(),
        "Choose another address with pillion.embedded.listen, or leave it empty to open none. To"
            + " share the engine that listens there already, name it in pillion.url, such as"
            + " redis://127.0.0.1:6399.",
        cause);
  }
}
