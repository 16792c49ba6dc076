package io.pillion.cache;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Classes by name, by package ({@code package.*}) and by package tree ({@code package.**}). */
final class ClassPatterns {
  private final Set<String> classes = new LinkedHashSet<>();
  private final List<String> packages = new ArrayList<>();
  private final List<String> packageTrees = new ArrayList<>();

  /**
   * The pattern, if it is one.
   *
   * @throws IllegalArgumentException when it has a star elsewhere than at its end
   */
  static String requirePattern(String pattern) {
    String name =
        pattern.endsWith(".**") || pattern.endsWith(".*")
            ? pattern.substring(0, pattern.lastIndexOf(".*"))
            : pattern;
    if (name.isBlank() || name.indexOf('*') >= 0) {
      throw new IllegalArgumentException(
          "write a class, package.* or package.**, not '" + pattern + "'");
    }
    return pattern;
  }

  void add(String pattern) {
    String trimmed = requirePattern(pattern.trim());
    if (trimmed.endsWith(".**")) {
      packageTrees.add(trimmed.substring(0, trimmed.length() - 2));
    } else if (trimmed.endsWith(".*")) {
      packages.add(trimmed.substring(0, trimmed.length() - 2));
    } else {
      classes.add(trimmed);
    }
  }

  boolean contains(String className) {
    if (classes.contains(className)) {
      return true;
    }
    for (String tree : packageTrees) {
      if (className.startsWith(tree)) {
        return true;
      }
    }
    int end = className.lastIndexOf('.');
    return end > 0 && packages.contains(className.substring(0, end));
  }
}
