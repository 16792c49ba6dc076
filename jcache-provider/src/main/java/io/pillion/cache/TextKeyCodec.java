package io.pillion.cache;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.UUID;

/**
 * Keys as text that a person can read and type. A string is itself; other types carry a tag, so
 * that the string 42, the int 42 and the long 42 are three keys:
 *
 * <pre>
 * "42" → 42    42 → ~i42    42L → ~l42    UUID → ~u…    any other serializable key → ~o…
 * </pre>
 *
 * <p>In strings, braces are percent-escaped (on a cluster they would choose the slot), and so are
 * {@code %} and a leading {@code ~}. Keys of other classes are serialized, so their equality must
 * be that of their serialized form: true for records, enums and value classes of simple fields, not
 * for hash sets.
 */
final class TextKeyCodec implements KeyCodec {
  private static final char TAG = '~';

  private final JdkCodec serializer;

  TextKeyCodec(JdkCodec serializer) {
    this.serializer = serializer;
  }

  /** Whether these are the bytes of a key that is serialized, and so costs something to decode. */
  static boolean isSerialized(byte[] id) {
    return id.length > 1 && id[0] == TAG && id[1] == 'o';
  }

  @Override
  public byte[] encode(Object key) {
    if (key instanceof String string && BasicCodec.isUnicode(string)) {
      return escape(string).getBytes(StandardCharsets.UTF_8);
    }
    return tagged(key).getBytes(StandardCharsets.US_ASCII);
  }

  private String tagged(Object key) {
    if (key instanceof Integer) {
      return "~i" + key;
    }
    if (key instanceof Long) {
      return "~l" + key;
    }
    if (key instanceof UUID) {
      return "~u" + key;
    }
    return "~o" + Base64.getUrlEncoder().withoutPadding().encodeToString(serializer.encode(key));
  }

  @Override
  public Object decode(byte[] bytes) {
    if (bytes.length == 0 || bytes[0] != TAG) {
      return unescape(bytes);
    }
    try {
      String text = new String(bytes, 2, bytes.length - 2, StandardCharsets.US_ASCII);
      return switch (bytes[1]) {
        case 'i' -> Integer.valueOf(text);
        case 'l' -> Long.valueOf(text);
        case 'u' -> UUID.fromString(text);
        case 'o' -> serializer.decode(Base64.getUrlDecoder().decode(text));
        default -> throw new IllegalArgumentException("unknown tag " + (char) bytes[1]);
      };
    } catch (IllegalArgumentException | IndexOutOfBoundsException foreign) {
      throw new CodecException(
          "The key '" + new String(bytes, StandardCharsets.UTF_8) + "' was not written by Pillion",
          foreign);
    }
  }

  private static String escape(String key) {
    StringBuilder escaped = null;
    for (int i = 0; i < key.length(); i++) {
      char c = key.charAt(i);
      boolean special = c == '{' || c == '}' || c == '%' || (c == TAG && i == 0);
      if (special && escaped == null) {
        escaped = new StringBuilder(key.length() + 8).append(key, 0, i);
      }
      if (escaped != null) {
        if (special) {
          escaped.append(String.format("%%%02X", (int) c));
        } else {
          escaped.append(c);
        }
      }
    }
    return escaped == null ? key : escaped.toString();
  }

  private static String unescape(byte[] bytes) {
    ByteArrayOutputStream plain = new ByteArrayOutputStream(bytes.length);
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '%' && i + 2 < bytes.length) {
        plain.write(Character.digit(bytes[i + 1], 16) * 16 + Character.digit(bytes[i + 2], 16));
        i += 2;
      } else {
        plain.write(bytes[i]);
      }
    }
    return plain.toString(StandardCharsets.UTF_8);
  }
}
