package io.pillion.spring.diagnostics;

import io.pillion.engine.persistence.PersistenceException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** The embedded engine cannot begin with the data that it should. */
final class PersistenceFailureAnalyzer extends AbstractFailureAnalyzer<PersistenceException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, PersistenceException cause) {
    return new FailureAnalysis(
        "The engine inside this application cannot use what pillion.embedded.settings say of its"
            + " files. "
            + cause.getMessage(),
        "Correct dir, backup-dir, backup-schedule or restore-from; what is on the disk was not"
            + " changed.",
        cause);
  }
}
