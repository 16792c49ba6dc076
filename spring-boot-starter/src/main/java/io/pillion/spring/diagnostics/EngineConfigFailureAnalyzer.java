package io.pillion.spring.diagnostics;

import io.pillion.engine.config.FatalConfigException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** The embedded engine does not know a setting, or not its value. */
final class EngineConfigFailureAnalyzer extends AbstractFailureAnalyzer<FatalConfigException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, FatalConfigException cause) {
    return new FailureAnalysis(
        "The engine inside this application does not take pillion.embedded.settings as they are. "
            + cause.text().strip(),
        "Correct the setting that is shown; the names are those of redis.conf.",
        cause);
  }
}
