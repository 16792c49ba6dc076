package io.pillion.engine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a server answered to one command, with checks that name the command when they fail.
 *
 * <p>A value is: a {@link String} for a bulk string (ISO-8859-1, so that each character is a byte),
 * {@link Status}, {@link Failure}, {@link Long}, {@link List}, null for the null bulk string and
 * RESP3's null, {@link NilArray}; in RESP3 also {@link Double}, {@link Boolean}, {@link
 * java.math.BigInteger}, {@link Map}, {@link Set}, {@link Verbatim} and {@link Push}.
 */
public final class Answer {
  private final String command;
  private final @Nullable Object value;

  Answer(String command, @Nullable Object value) {
    this.command = command;
    this.value = value;
  }

  /** A simple string. */
  public record Status(String text) {}

  /** An error: its code and text. */
  public record Failure(String text) {}

  /** RESP2's null array. */
  public enum NilArray {
    NIL_ARRAY
  }

  /** A text with its format. */
  public record Verbatim(String format, String text) {}

  /** An out-of-band message. */
  public record Push(List<@Nullable Object> elements) {}

  /** The value itself. */
  public @Nullable Object value() {
    return value;
  }

  /** Checks for a value; integers may be given as int, aggregates as List, Set or Map. */
  public Answer is(@Nullable Object expected) {
    assertThat(value).as(command).isEqualTo(normal(expected));
    return this;
  }

  /** Checks for an array of these elements. */
  public Answer isList(@Nullable Object... expected) {
    return is(Arrays.asList(expected));
  }

  /** Checks for an array or a set of these elements in any order. */
  public Answer isUnordered(@Nullable Object... expected) {
    assertThat(elements())
        .as(command)
        .containsExactlyInAnyOrderElementsOf(elementsOf(normal(Arrays.asList(expected))));
    return this;
  }

  /** Checks for {@code +OK}. */
  public Answer isOk() {
    return isStatus("OK");
  }

  /** Checks for {@code +QUEUED}. */
  public Answer isQueued() {
    return isStatus("QUEUED");
  }

  /** Checks for a simple string. */
  public Answer isStatus(String text) {
    return is(new Status(text));
  }

  /** Checks for the null bulk string, or RESP3's null. */
  public Answer isNil() {
    return is(null);
  }

  /** Checks for the null array of RESP2, or RESP3's null. */
  public Answer isNilArray() {
    if (value != null) {
      assertThat(value).as(command).isEqualTo(NilArray.NIL_ARRAY);
    }
    return this;
  }

  /** Checks for exactly this error, code included. */
  public Answer isError(String text) {
    return is(new Failure(text));
  }

  /** Checks for an error that begins so. */
  public Answer isErrorLike(String prefix) {
    assertThat(value).as(command).isInstanceOf(Failure.class);
    assertThat(((Failure) present()).text()).as(command).startsWith(prefix);
    return this;
  }

  /** Checks for an integer between two bounds, both allowed. */
  public Answer isBetween(long least, long most) {
    assertThat(integer()).as(command).isBetween(least, most);
    return this;
  }

  /** Checks whatever the consumer checks. */
  public Answer satisfies(Consumer<@Nullable Object> check) {
    check.accept(value);
    return this;
  }

  /** The value as an integer. */
  public long integer() {
    assertThat(value).as(command).isInstanceOf(Long.class);
    return (Long) present();
  }

  /** The value as text: of a bulk string, a status or a verbatim string. */
  public String text() {
    Object present = present();
    if (present instanceof Status status) {
      return status.text();
    }
    if (present instanceof Verbatim verbatim) {
      return verbatim.text();
    }
    assertThat(present).as(command).isInstanceOf(String.class);
    return (String) present;
  }

  /** The elements of an array, a set or a push. */
  public List<@Nullable Object> elements() {
    return elementsOf(present());
  }

  /** The elements of an array or set, all of which are texts. */
  public List<String> texts() {
    List<String> texts = new ArrayList<>();
    for (Object element : elements()) {
      texts.add(new Answer(command, element).text());
    }
    return texts;
  }

  /** The pairs of a map, in RESP2 of an array that alternates keys and values. */
  public Map<@Nullable Object, @Nullable Object> pairs() {
    if (present() instanceof Map<?, ?> map) {
      return new LinkedHashMap<>(map);
    }
    List<@Nullable Object> flat = elements();
    Map<@Nullable Object, @Nullable Object> pairs = new LinkedHashMap<>();
    for (int i = 0; i + 1 < flat.size(); i += 2) {
      pairs.put(flat.get(i), flat.get(i + 1));
    }
    return pairs;
  }

  private Object present() {
    if (value == null) {
      throw new AssertionError(command + " answered nil");
    }
    return value;
  }

  private List<@Nullable Object> elementsOf(@Nullable Object aggregate) {
    if (aggregate instanceof Push push) {
      return push.elements();
    }
    if (aggregate instanceof Set<?> set) {
      return new ArrayList<>(set);
    }
    assertThat(aggregate).as(command).isInstanceOf(List.class);
    return new ArrayList<>((List<?>) java.util.Objects.requireNonNull(aggregate));
  }

  private static @Nullable Object normal(@Nullable Object expected) {
    if (expected instanceof Integer i) {
      return i.longValue();
    }
    if (expected instanceof byte[] bytes) {
      return new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
    }
    if (expected instanceof Answer answer) {
      return answer.value;
    }
    if (expected instanceof List<?> list) {
      List<@Nullable Object> normal = new ArrayList<>();
      list.forEach(element -> normal.add(normal(element)));
      return normal;
    }
    if (expected instanceof Set<?> set) {
      Set<@Nullable Object> normal = new LinkedHashSet<>();
      set.forEach(element -> normal.add(normal(element)));
      return normal;
    }
    if (expected instanceof Map<?, ?> map) {
      Map<@Nullable Object, @Nullable Object> normal = new LinkedHashMap<>();
      map.forEach((key, each) -> normal.put(normal(key), normal(each)));
      return normal;
    }
    return expected;
  }

  @Override
  public String toString() {
    return command + " -> " + value;
  }
}
