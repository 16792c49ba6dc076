package io.pillion.session;

import java.util.Map;

/**
 * The names under which sessions are kept.
 *
 * <p>A session is one hash, whose identifier is the hash tag: everything that must change together
 * is one key. Which sessions expire when, and which belong to a principal, are sorted sets of
 * identifiers, scored by the time of expiry in Unix milliseconds; on a cluster they live elsewhere,
 * and may for a moment be wrong.
 *
 * @param namespace keeps applications that share a server apart
 */
record SessionKeys(String namespace) {
  /** Fields of the hash: Unix milliseconds, or milliseconds, as decimal text. */
  static final String CREATED = "c";

  static final String ACCESSED = "l";
  static final String INTERVAL = "m";

  /** Begins the field of an attribute. */
  static final String ATTRIBUTE = "a:";

  /** Begins the field that says under which value the session is found in an index. */
  static final String INDEX = "i:";

  String session(String id) {
    return "p:session:" + namespace + ":{" + id + "}";
  }

  String expiries() {
    return "p:session:" + namespace + ":expiries";
  }

  String sweeper() {
    return "p:session:" + namespace + ":sweeper";
  }

  String index(String name, String value) {
    return "p:session:" + namespace + ":index:" + name + ":" + value;
  }

  String index(Map.Entry<String, String> entry) {
    return index(entry.getKey(), entry.getValue());
  }
}
