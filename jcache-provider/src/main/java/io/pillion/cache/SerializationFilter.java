package io.pillion.cache;

import java.io.ObjectInputFilter;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which classes may be deserialized: an allow-list, never a list of what is bad.
 *
 * <p>Allowed are value classes of the JDK (strings, numbers, dates, collections), what the patterns
 * name, and the classes that this very process has serialized: whoever can write to the server can
 * then at most make this process create objects of classes that it stores by itself. Another
 * process that has not stored them yet refuses them, so classes learned in this way are logged once
 * as a warning with the setting to add.
 *
 * <p>A pattern is a class name, or a package followed by {@code .*} (that package) or {@code .**}
 * (and those below it).
 */
public final class SerializationFilter {
  private static final Logger log = LoggerFactory.getLogger(SerializationFilter.class);

  private static final long MAX_DEPTH = 256;
  private static final long MAX_REFERENCES = 10_000_000;
  private static final long MAX_ARRAY = 16 * 1024 * 1024;

  private static final List<String> JDK =
      List.of(
          "java.lang.Boolean",
          "java.lang.Byte",
          "java.lang.Character",
          "java.lang.Double",
          "java.lang.Enum",
          "java.lang.Float",
          "java.lang.Integer",
          "java.lang.Long",
          "java.lang.Number",
          "java.lang.Object",
          "java.lang.Record",
          "java.lang.Short",
          "java.lang.String",
          "java.lang.StringBuilder",
          "java.math.*",
          "java.net.URI",
          "java.sql.Date",
          "java.sql.Time",
          "java.sql.Timestamp",
          "java.time.**",
          "java.util.*",
          "java.util.concurrent.*",
          "java.util.concurrent.atomic.*");

  private final ClassPatterns patterns = new ClassPatterns();
  private final Set<String> learned = ConcurrentHashMap.newKeySet();
  private final boolean warnOfLearned;

  /**
   * A filter with these patterns besides the JDK's value classes.
   *
   * @param warnOfLearned whether other processes read what this one writes, so that a class that no
   *     pattern allows deserves a warning
   */
  public SerializationFilter(Iterable<String> patterns, boolean warnOfLearned) {
    this.warnOfLearned = warnOfLearned;
    JDK.forEach(this.patterns::add);
    patterns.forEach(this.patterns::add);
  }

  /** Whether the patterns allow this class, or the element class of this array class. */
  public boolean allows(Class<?> type) {
    Class<?> element = type;
    while (element.isArray()) {
      element = element.getComponentType();
    }
    return element.isPrimitive() || patterns.contains(element.getName());
  }

  /** This process serializes this class itself, so it may read it back. */
  void learn(Class<?> type) {
    if (!allows(type) && learned.add(type.getName()) && warnOfLearned) {
      log.warn(
          "{} is stored on the server, but another process would refuse to read it: name it in"
              + " pillion.serialization.allow (a class, package.* or package.**)",
          type.getName());
    }
  }

  /** The JDK's form of this filter, which remembers in the array what it refused. */
  ObjectInputFilter toInputFilter(@Nullable String[] refused) {
    return info -> {
      if (info.depth() > MAX_DEPTH
          || info.references() > MAX_REFERENCES
          || info.arrayLength() > MAX_ARRAY) {
        refused[0] = "an object graph beyond the limits (depth, references or array length)";
        return ObjectInputFilter.Status.REJECTED;
      }
      Class<?> type = info.serialClass();
      if (type == null) {
        return ObjectInputFilter.Status.UNDECIDED;
      }
      if (allows(type) || learned.contains(type.getName())) {
        return ObjectInputFilter.Status.ALLOWED;
      }
      refused[0] = type.getName();
      return ObjectInputFilter.Status.REJECTED;
    };
  }
}
