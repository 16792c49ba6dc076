package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a type says of itself that was named in full. */
class GenericTypeTest {

  @Test
  void knowsItsClassAndAllInIt() {
    GenericType<Map<String, List<Integer[]>>> type = new GenericType<>() {};
    assertThat(type.rawType()).isEqualTo(Map.class);
    assertThat(type.classes())
        .containsExactly(Map.class, String.class, List.class, Integer[].class);
    assertThat(new GenericType<List<? extends Set<Long>>[]>() {})
        .hasToString("java.util.List<? extends java.util.Set<java.lang.Long>>[]")
        .satisfies(array -> assertThat(array.rawType()).isEqualTo(List[].class))
        .satisfies(
            array ->
                assertThat(array.classes()).containsExactly(List.class, Set.class, Long.class));
    assertThat(new GenericType<String>() {}.rawType()).isEqualTo(String.class);
  }

  @Test
  void isEqualToAnotherOfTheSameType() {
    assertThat(new GenericType<List<String>>() {})
        .isEqualTo(new GenericType<List<String>>() {})
        .hasSameHashCodeAs(new GenericType<List<String>>() {})
        .isNotEqualTo(new GenericType<List<Integer>>() {});
  }

  @Test
  @SuppressWarnings("rawtypes") // as a caller may write it
  void whatIsNotKnownIsRefused() {
    assertThatThrownBy(GenericTypeTest::<String>listOf)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("T is not known at run time");
    assertThatThrownBy(() -> new GenericType() {})
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("does not name its type");
  }

  private static <T> GenericType<List<T>> listOf() {
    return new GenericType<>() {};
  }
}
