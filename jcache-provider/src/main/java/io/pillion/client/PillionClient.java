package io.pillion.client;

import org.jspecify.annotations.Nullable;

/** Where {@link Commands} come from. */
public final class PillionClient {
  private PillionClient() {}

  /**
   * A client of this URL. Nothing is connected yet: the first command connects, and fails with a
   * {@link ConnectionException} when that does not work. Only an embedded engine that is to listen
   * somewhere is started at once, so that a port in use is found out here.
   *
   * @param url as {@link PillionUrl#parse} reads it; null and blank mean an engine in this JVM
   * @throws PillionUrlException when the URL is not one, or cannot be used in this JVM
   */
  public static Commands connect(@Nullable String url) {
    return connect(PillionUrl.parse(url));
  }

  /** Like {@link #connect(String)}, with a URL that was read before. */
  public static Commands connect(PillionUrl url) {
    return switch (url.kind()) {
      case EMBEDDED -> embedded(url);
      case STANDALONE, SOCKET, SENTINEL, CLUSTER -> new LettuceCommands(url);
    };
  }

  private static Commands embedded(PillionUrl url) {
    try {
      return new EmbeddedCommands(url);
    } catch (NoClassDefFoundError e) {
      throw new PillionUrlException(
          "There is no engine in this JVM: add io.pillion:pillion-engine to the class path, or give"
              + " the URL of a server, such as redis://localhost:6379 ("
              + e.getMessage()
              + " is missing).");
    }
  }
}
