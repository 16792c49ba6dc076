package io.pillion.engine.net;

import io.pillion.engine.config.ConfigException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The cipher suites that {@code tls-ciphers} and {@code tls-ciphersuites} ask for, by the names
 * that the JDK has for them.
 *
 * <p>{@code tls-ciphers}, for TLS 1.2, is in OpenSSL's language (its manual: ciphers(1)): names of
 * suites, and words for groups of them such as {@code HIGH}, {@code ECDHE} or {@code AESGCM}, which
 * may be joined by {@code +}; in front of one {@code !} bans, {@code -} takes out and {@code +}
 * moves to the end. The JDK's own names are understood as well. {@code tls-ciphersuites}, for TLS
 * 1.3, is a list of names.
 *
 * <p>What the JVM does not allow ({@code jdk.tls.disabledAlgorithms}) is refused where it is named,
 * and in no group.
 */
final class CipherSuites {
  private static final String WITH = "_WITH_";

  /** Words for groups that have no member in any JVM of today; most use is to ban them. */
  private static final Set<String> EMPTY_GROUPS =
      Set.of(
          ("aNULL eNULL NULL EXP EXPORT LOW MEDIUM MD5 RC2 RC4 DES 3DES IDEA SEED CAMELLIA"
                  + " CAMELLIA128 CAMELLIA256 ARIA ARIA128 ARIA256 ARIAGCM AESCCM AESCCM8 PSK kPSK"
                  + " aPSK kECDHEPSK kDHEPSK kRSAPSK SRP kSRP aSRP ADH AECDH DSS aDSS DHE EDH kDHE"
                  + " kEDH RSA kRSA SHA SHA1 SHA256 SHA384 CHACHA20 TLSv1 TLSv1.0 SSLv3"
                  + " COMPLEMENTOFDEFAULT COMPLEMENTOFALL")
              .split(" ", -1));

  private final List<Suite> allowed = new ArrayList<>();
  private final Set<String> supported;
  private final List<String> usual;

  /**
   * @param allowed what this JVM would use by itself, best first
   * @param supported all that it knows
   * @param usual what is used when nothing is asked for
   */
  CipherSuites(List<String> allowed, List<String> supported, List<String> usual) {
    this.supported = new HashSet<>(supported);
    this.usual = usual;
    for (String name : allowed) {
      // Not what only signals something.
      if (!name.endsWith("_SCSV")) {
        this.allowed.add(Suite.of(name));
      }
    }
  }

  /**
   * A suite.
   *
   * @param name the JDK's, which is the standard's
   * @param opensslName OpenSSL's
   * @param groups the words for groups in which it is
   */
  private record Suite(String name, String opensslName, Set<String> groups) {
    static Suite of(String name) {
      int with = name.indexOf(WITH);
      if (with < 0) {
        return new Suite(name, name, Set.of());
      }
      String[] exchange = name.substring(name.indexOf('_') + 1, with).split("_", -1);
      List<String> rest =
          new ArrayList<>(List.of(name.substring(with + WITH.length()).split("_", -1)));
      Set<String> groups = new HashSet<>(Set.of("ALL", "HIGH"));
      String signed = exchange[exchange.length - 1];
      groups.add("a" + signed);
      if (signed.equals("ECDSA")) {
        groups.add(signed);
      }
      addExchange(exchange[0], groups);
      String mac = rest.remove(rest.size() - 1);
      boolean isAead = !rest.remove("CBC");
      addCipher(rest, groups);
      if (!isAead) {
        groups.addAll(mac.equals("SHA") ? Set.of("SHA", "SHA1") : Set.of(mac));
      }
      groups.addAll(mac.equals("SHA") ? Set.of("TLSv1", "TLSv1.0", "SSLv3") : Set.of("TLSv1.2"));
      return new Suite(name, opensslName(exchange, rest, mac), Set.copyOf(groups));
    }

    private static void addExchange(String exchange, Set<String> groups) {
      groups.add("k" + exchange);
      groups.add(exchange);
      if (exchange.endsWith("DHE")) {
        String other = exchange.replace("DHE", "EDH").replace("ECEDH", "EECDH");
        groups.add(other);
        groups.add("k" + other);
      }
    }

    private static void addCipher(List<String> words, Set<String> groups) {
      groups.add(words.get(0));
      if (words.contains("AES")) {
        groups.add("AES" + words.get(1));
        if (words.contains("GCM")) {
          groups.add("AESGCM");
        }
      }
    }

    /** Such as ECDHE-RSA-AES128-GCM-SHA256 for TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256. */
    private static String opensslName(String[] exchange, List<String> cipher, String mac) {
      StringBuilder text = new StringBuilder();
      if (exchange.length > 1) {
        text.append(String.join("-", exchange)).append('-');
      }
      text.append(String.join("-", cipher).replace("AES-", "AES"));
      // Its one way to check is not worth a mention.
      return cipher.contains("CHACHA20")
          ? text.toString()
          : text.append('-').append(mac).toString();
    }

    boolean isOfTls13() {
      return !name.contains(WITH);
    }
  }

  /**
   * The suites to use, best first.
   *
   * @param ciphers as {@code tls-ciphers} says; empty for the usual
   * @param ciphersuites as {@code tls-ciphersuites} says; empty for the usual
   * @throws ConfigException when one is not known or not allowed, or none is left
   */
  List<String> chosen(String ciphers, String ciphersuites) {
    List<String> chosen = new ArrayList<>(tls13(ciphersuites));
    chosen.addAll(tls12(ciphers));
    return chosen;
  }

  private List<String> tls13(String text) {
    if (text.isEmpty()) {
      return usual.stream().filter(name -> !name.contains(WITH)).toList();
    }
    Set<String> chosen = new LinkedHashSet<>();
    for (String name : text.split("[:, ]+", -1)) {
      Suite suite = named(name);
      if (suite == null || !suite.isOfTls13()) {
        throw refused("tls-ciphersuites", name);
      }
      chosen.add(suite.name);
    }
    return List.copyOf(chosen);
  }

  private @Nullable Suite named(String name) {
    for (Suite suite : allowed) {
      if (suite.name.equals(name) || suite.opensslName.equals(name)) {
        return suite;
      }
    }
    return null;
  }

  private List<String> tls12(String text) {
    if (text.isEmpty()) {
      return usual.stream().filter(name -> name.contains(WITH)).toList();
    }
    List<Suite> chosen = new ArrayList<>();
    Set<Suite> banned = new HashSet<>();
    for (String word : text.split("[:, ]+", -1)) {
      char sign = word.isEmpty() ? ' ' : word.charAt(0);
      boolean signed = sign == '!' || sign == '-' || sign == '+';
      List<Suite> meant = meant(signed ? word.substring(1) : word);
      switch (sign) {
        case '!' -> {
          banned.addAll(meant);
          chosen.removeAll(meant);
        }
        case '-' -> chosen.removeAll(meant);
        case '+' -> {
          List<Suite> moved = chosen.stream().filter(meant::contains).toList();
          chosen.removeAll(moved);
          chosen.addAll(moved);
        }
        default ->
            meant.stream()
                .filter(suite -> !chosen.contains(suite) && !banned.contains(suite))
                .forEach(chosen::add);
      }
    }
    if (chosen.isEmpty()) {
      throw new ConfigException("tls-ciphers '" + text + "' leaves no cipher suite.");
    }
    return chosen.stream().map(Suite::name).toList();
  }

  /** The suites of a name, or of groups that are joined; in the order of the JVM. */
  private List<Suite> meant(String word) {
    Suite one = named(word);
    if (one != null && !one.isOfTls13()) {
      return List.of(one);
    }
    if (word.equals("DEFAULT")) {
      return allowed.stream()
          .filter(suite -> !suite.isOfTls13() && usual.contains(suite.name))
          .toList();
    }
    List<String> groups = Arrays.asList(word.split("\\+", -1));
    for (String group : groups) {
      if (!EMPTY_GROUPS.contains(group)
          && allowed.stream().noneMatch(suite -> suite.groups.contains(group))) {
        throw refused("tls-ciphers", word);
      }
    }
    return allowed.stream().filter(suite -> suite.groups.containsAll(groups)).toList();
  }

  private ConfigException refused(String parameter, String word) {
    boolean known =
        supported.stream()
            .filter(name -> !name.endsWith("_SCSV"))
            .map(Suite::of)
            .anyMatch(suite -> suite.name.equals(word) || suite.opensslName.equals(word));
    return new ConfigException(
        parameter
            + ": '"
            + word
            + (known
                ? "' is not for it, or this JVM does not allow it (jdk.tls.disabledAlgorithms of"
                    + " its security properties)."
                : "' is none of the cipher suites that this JVM knows, nor a group of them."));
  }
}
