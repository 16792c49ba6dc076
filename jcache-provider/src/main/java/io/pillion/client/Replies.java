package io.pillion.client;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads replies. A server that only speaks RESP2 sends doubles, booleans and pairs in other shapes
 * than one that speaks RESP3; these methods take both.
 */
public final class Replies {
  private Replies() {}

  /** An integer reply, or an integer as text. */
  public static long asLong(@Nullable Object reply) {
    if (reply instanceof Number number) {
      return number.longValue();
    }
    try {
      return Long.parseLong(String.valueOf(asText(reply)));
    } catch (NumberFormatException e) {
      throw unexpected("an integer", reply);
    }
  }

  /** A double reply, or a double as text; infinities as {@code inf} and {@code -inf}. */
  public static double asDouble(@Nullable Object reply) {
    if (reply instanceof Number number) {
      return number.doubleValue();
    }
    String text = String.valueOf(asText(reply));
    switch (text) {
      case "inf", "+inf":
        return Double.POSITIVE_INFINITY;
      case "-inf":
        return Double.NEGATIVE_INFINITY;
      default:
        try {
          return Double.parseDouble(text);
        } catch (NumberFormatException e) {
          throw unexpected("a double", reply);
        }
    }
  }

  /** Whether the reply is true, OK, or an integer other than 0; null is false. */
  public static boolean asBoolean(@Nullable Object reply) {
    if (reply instanceof Boolean value) {
      return value;
    }
    if (reply instanceof Number number) {
      return number.longValue() != 0;
    }
    return isOk(reply);
  }

  /** Whether the reply is the status OK. */
  public static boolean isOk(@Nullable Object reply) {
    return reply instanceof byte[] bytes && bytes.length == 2 && bytes[0] == 'O' && bytes[1] == 'K';
  }

  /** A string reply as it is; null stays null. */
  public static byte @Nullable [] asBytes(@Nullable Object reply) {
    if (reply == null || reply instanceof byte[]) {
      return (byte[]) reply;
    }
    throw unexpected("a string", reply);
  }

  /** A string reply as UTF-8, numbers as text; null stays null. */
  public static @Nullable String asText(@Nullable Object reply) {
    if (reply == null) {
      return null;
    }
    if (reply instanceof byte[] bytes) {
      return new String(bytes, StandardCharsets.UTF_8);
    }
    if (reply instanceof Number || reply instanceof Boolean) {
      return reply.toString();
    }
    throw unexpected("a string", reply);
  }

  /** An array, set or map reply; null is the empty list. */
  @SuppressWarnings("unchecked") // Commands promises lists of nullable objects and no others.
  public static List<@Nullable Object> asList(@Nullable Object reply) {
    if (reply == null) {
      return List.of();
    }
    if (reply instanceof List<?>) {
      return (List<@Nullable Object>) reply;
    }
    throw unexpected("an array", reply);
  }

  private static RuntimeException unexpected(String wanted, @Nullable Object reply) {
    if (reply instanceof CommandException refused) {
      return refused;
    }
    return new IllegalStateException(
        "The server answered with "
            + (reply == null ? "null" : reply.getClass().getSimpleName())
            + " where "
            + wanted
            + " was expected.");
  }
}
