package io.pillion.cache;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The names under which a cache keeps its things on the server.
 *
 * <pre>
 * p:products:gen                    the current generation, a number
 * p:products:1763683200000000:42    the entry of key 42 in that generation
 * p:products:sweep                  the lease of whoever removes older generations
 * p:products:load:{…:42}            the lease of whoever loads key 42, see LoadLeases
 * p:products:queue, …               what waits for the writer, see WriteQueue
 * </pre>
 *
 * <p>No entry's name holds a brace, so on a cluster the entries of a cache spread over all slots.
 * The parts of cache names that would mean something in a key name or in a SCAN pattern are
 * percent-escaped.
 */
final class KeyLayout {
  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
  private static final String ESCAPED_IN_NAMES = "%:{}*?[]^\\";

  private final String cachePrefix;
  private final byte[] generationKey;
  private final int prefixLength;
  private volatile Start latest = new Start(new byte[0], new byte[0]);

  KeyLayout(String prefix, String cacheName) {
    cachePrefix = prefix + ':' + escape(cacheName) + ':';
    prefixLength = bytes(cachePrefix).length;
    generationKey = bytes(cachePrefix + "gen");
  }

  /** The prefix, if it is one: nothing in it may mean anything in a key or a pattern. */
  static String requirePrefix(String prefix) {
    if (!PREFIX.matcher(prefix).matches()) {
      throw new IllegalArgumentException(
          "A key prefix is 1 to 64 letters, digits, '_', '.' or '-': '" + prefix + "'");
    }
    return prefix;
  }

  /** The key that holds the current generation. */
  byte[] generationKey() {
    return generationKey;
  }

  /** What all keys of the cache begin with, and no others. */
  byte[] keyPrefix() {
    return bytes(cachePrefix);
  }

  /** The key of the lease to load an entry: on the entry's slot. */
  byte[] leaseKey(byte[] entryKey) {
    return beside("load", entryKey);
  }

  /** The key on which those wait who do not hold the lease: on the entry's slot. */
  byte[] wakeKey(byte[] entryKey) {
    return beside("wake", entryKey);
  }

  private byte[] beside(String what, byte[] entryKey) {
    ByteArrayOutputStream key =
        new ByteArrayOutputStream(cachePrefix.length() + entryKey.length + 8);
    key.writeBytes(bytes(cachePrefix + what + ":{"));
    key.writeBytes(entryKey);
    key.write('}');
    return key.toByteArray();
  }

  /** Whether this is the key that holds the current generation. */
  boolean isGeneration(byte[] key) {
    return Arrays.equals(key, generationKey);
  }

  /** The key of the sweeper's lease. */
  byte[] sweepKey() {
    return bytes(cachePrefix + "sweep");
  }

  /** One of the keys of WriteQueue. */
  byte[] ofWriteBehind(String what) {
    return bytes(cachePrefix + what);
  }

  /** The key of an entry. */
  byte[] entryKey(byte[] generation, byte[] id) {
    byte[] start = entryPrefix(generation);
    byte[] key = new byte[start.length + id.length];
    System.arraycopy(start, 0, key, 0, start.length);
    System.arraycopy(id, 0, key, start.length, id.length);
    return key;
  }

  /** What the keys of all entries of a generation begin with; not to be changed. */
  private byte[] entryPrefix(byte[] generation) {
    Start known = latest;
    if (!Arrays.equals(known.generation, generation)) {
      ByteArrayOutputStream start = new ByteArrayOutputStream(cachePrefix.length() + 24);
      start.writeBytes(bytes(cachePrefix));
      start.writeBytes(generation);
      start.write(':');
      known = new Start(generation, start.toByteArray());
      latest = known;
    }
    return known.bytes;
  }

  /** The SCAN pattern of the entries of one generation. */
  byte[] pattern(byte[] generation) {
    ByteArrayOutputStream pattern = new ByteArrayOutputStream();
    pattern.writeBytes(entryPrefix(generation));
    pattern.write('*');
    return pattern.toByteArray();
  }

  /** The SCAN pattern of the entries of all generations: they alone begin with a digit. */
  byte[] patternOfAllGenerations() {
    return bytes(cachePrefix + "[0-9]*:*");
  }

  /** The id part of an entry's key. */
  byte[] id(byte[] generation, byte[] entryKey) {
    int start = entryPrefix(generation).length;
    byte[] id = new byte[entryKey.length - start];
    System.arraycopy(entryKey, start, id, 0, id.length);
    return id;
  }

  /** The id part of an entry's key, whatever its generation; null if this is no entry's key. */
  byte @Nullable [] idInAnyGeneration(byte[] key) {
    int start = prefixLength;
    int end = start;
    while (end < key.length && key[end] >= '0' && key[end] <= '9') {
      end++;
    }
    return end == start || end == key.length || key[end] != ':'
        ? null
        : Arrays.copyOfRange(key, end + 1, key.length);
  }

  /** The generation part of an entry's key. */
  long generationOf(byte[] entryKey) {
    String key = new String(entryKey, StandardCharsets.ISO_8859_1);
    int start = prefixLength;
    return Long.parseLong(key.substring(start, key.indexOf(':', start)));
  }

  private static String escape(String name) {
    StringBuilder escaped = new StringBuilder(name.length());
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (ESCAPED_IN_NAMES.indexOf(c) >= 0 || c <= ' ') {
        escaped.append('%').append(String.format("%02X", (int) c));
      } else {
        escaped.append(c);
      }
    }
    return escaped.toString();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** What keys begin with in the generation asked for last. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Start(byte[] generation, byte[] bytes) {}
}
