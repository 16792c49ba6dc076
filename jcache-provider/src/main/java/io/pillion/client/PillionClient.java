package io.pillion.client;

import org.jspecify.annotations.Nullable;

/** Where {@link Commands} come from. */
public final class PillionClient {
  private PillionClient() {}

  /**
   * A client of this URL. Nothing is connected yet: the first command connects, and fails with a
   * {@link ConnectionException} when that does not work.
   *
   * @param url as {@link PillionUrl#parse} reads it; null and blank mean an engine in this JVM
   * @throws PillionUrlException when the URL is not one
   */
  public static Commands connect(@Nullable String url) {
    return connect(PillionUrl.parse(url));
  }

  /** A client of this URL; connects with the first command. */
  public static Commands connect(PillionUrl url) {
    return switch (url.kind()) {
      case EMBEDDED ->
          throw new PillionUrlException(
              "This build has no embedded engine; give the URL of a server.");
      case STANDALONE, SOCKET, SENTINEL, CLUSTER -> new LettuceCommands(url);
    };
  }
}
