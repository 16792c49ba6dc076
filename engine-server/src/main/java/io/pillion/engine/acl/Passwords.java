package io.pillion.engine.acl;

import io.pillion.engine.memory.Bytes;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Passwords are kept as the hexadecimal digits of their SHA-256 only. */
final class Passwords {
  private static final int HASH_DIGITS = 64;

  private Passwords() {}

  static String hash(Bytes password) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(password.array(), password.offset(), password.length());
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }

  /** Whether it is written as a hash is: digits and lower-case letters. */
  static boolean isHash(Bytes text) {
    for (int i = 0; i < text.length(); i++) {
      byte b = text.get(i);
      if ((b < '0' || b > '9') && (b < 'a' || b > 'f')) {
        return false;
      }
    }
    return text.length() == HASH_DIGITS;
  }

  /** A text of which each character is a byte. */
  static Bytes bytes(String text) {
    return Bytes.of(text.getBytes(StandardCharsets.ISO_8859_1));
  }
}
