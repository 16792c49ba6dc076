package io.pillion.client;

import java.io.IOException;

/** Processes that a test starts. */
public final class OwnProcesses {
  private OwnProcesses() {}

  /**
   * Starts one that ends with this JVM at the latest, even if its test hangs and is left behind.
   */
  public static Process start(ProcessBuilder builder) throws IOException {
    Process process = builder.start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    return process;
  }
}
