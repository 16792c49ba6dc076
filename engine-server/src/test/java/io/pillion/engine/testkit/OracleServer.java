package io.pillion.engine.testkit;

import org.jspecify.annotations.Nullable;

/** The real server named by {@code PILLION_ORACLE=host:port}. */
final class OracleServer extends TestServer {
  private static final @Nullable String ADDRESS = System.getenv("PILLION_ORACLE");
  private static @Nullable String info;

  /** Whether there is one. */
  static boolean isNamed() {
    return ADDRESS != null && !ADDRESS.isBlank();
  }

  /** Whether it is as new as an annotation asks. */
  static boolean satisfies(@Nullable Since since) {
    if (since == null) {
      return true;
    }
    return atLeast("redis_version", since.value()) || atLeast("valkey_version", since.valkey());
  }

  private static boolean atLeast(String field, String wanted) {
    if (wanted.isEmpty() || (field.equals("redis_version") && info().contains("valkey_version:"))) {
      return false;
    }
    return info()
        .lines()
        .filter(line -> line.startsWith(field + ":"))
        .map(line -> line.substring(field.length() + 1).strip())
        .anyMatch(
            version ->
                Runtime.Version.parse(plain(version))
                        .compareTo(Runtime.Version.parse(plain(wanted)))
                    >= 0);
  }

  /** Without trailing zeros, which Java's own versions do not have. */
  private static String plain(String version) {
    return version.replaceAll("(\\.0)+$", "");
  }

  private static synchronized String info() {
    if (info == null) {
      try (OracleServer server = new OracleServer()) {
        info = server.client().call("INFO", "server").text();
      }
    }
    return info;
  }

  @Override
  public boolean isOurs() {
    return false;
  }

  @Override
  public TestClient connect() {
    String address = String.valueOf(ADDRESS);
    int colon = address.lastIndexOf(':');
    return connect(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
  }

  @Override
  public String toString() {
    return "oracle " + ADDRESS;
  }
}
