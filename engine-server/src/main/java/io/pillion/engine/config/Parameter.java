package io.pillion.engine.config;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What there is to know about one parameter; its value lives in {@link Parameters}. */
public final class Parameter {
  /** How a parameter differs from an ordinary one. */
  public enum Trait {
    /** Only the start can set it. */
    IMMUTABLE,
    /** CONFIG GET shows it only by its full name. */
    HIDDEN,
    /** CONFIG SET needs {@code enable-protected-configs}. */
    PROTECTED,
    /** Its value must never be logged. */
    SENSITIVE,
    /** Takes several words. */
    MULTI_WORD
  }

  private final String name;
  private final @Nullable String alias;
  private final ParameterType type;
  private final Set<Trait> traits;
  private final ParameterType.Value defaultValue;

  Parameter(
      String name,
      @Nullable String alias,
      ParameterType type,
      List<String> defaultWords,
      EnumSet<Trait> traits) {
    this.name = name;
    this.alias = alias;
    this.type = type;
    this.traits = traits;
    this.defaultValue = type.initial(defaultWords);
  }

  /** The name, in lower case. */
  public String name() {
    return name;
  }

  /** The older name that means the same, or null. */
  public @Nullable String alias() {
    return alias;
  }

  /** Whether it has the trait. */
  public boolean is(Trait trait) {
    return traits.contains(trait);
  }

  ParameterType type() {
    return type;
  }

  ParameterType.Value defaultValue() {
    return defaultValue;
  }

  @Override
  public String toString() {
    return name;
  }
}
