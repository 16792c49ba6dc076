package io.pillion.session;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.session.FlushMode;
import org.springframework.session.SaveMode;
import org.springframework.session.Session;

/**
 * A session as one request sees it: what was loaded, and what has changed since.
 *
 * <p>An attribute's bytes become an object when it is first asked for. One that cannot be read is
 * absent: {@link #getAttribute} gives null and {@link #getAttributeNames} leaves it out, while its
 * bytes stay where they are until it is set or removed; a version of the application that knows the
 * class finds it again.
 *
 * <p>Thread-safe; the values of attributes are as thread-safe as they are themselves.
 */
public final class PillionSession implements Session {
  private final PillionSessionRepository repository;
  private final Map<String, Attribute> attributes = new HashMap<>();
  private final Set<String> changed = new HashSet<>();
  private String id;
  private @Nullable String storedId;
  private Map<String, String> storedIndexes = Map.of();
  private final Instant creationTime;
  private Instant lastAccessedTime;
  private Duration maxInactiveInterval;

  /** One attribute: bytes as stored, the object they stand for, or both. */
  private static final class Attribute {
    byte @Nullable [] stored;
    @Nullable Object value;
    boolean decoded;

    static Attribute stored(byte[] bytes) {
      Attribute attribute = new Attribute();
      attribute.stored = bytes;
      return attribute;
    }
  }

  /**
   * What a save sends.
   *
   * @param oldId under which it is stored; null when it never was
   * @param id under which it is to be stored
   * @param set attributes to write
   * @param removed attributes to delete
   * @param all every attribute that stays, for a store that cannot rename
   * @param oldIndexes where the session is found now
   * @param indexes where it is to be found
   */
  record Delta(
      @Nullable String oldId,
      String id,
      Map<String, byte[]> set,
      Set<String> removed,
      Map<String, byte[]> all,
      Map<String, String> oldIndexes,
      Map<String, String> indexes,
      long createdMillis,
      long accessedMillis,
      Duration interval) {
    boolean isNew() {
      return oldId == null;
    }

    boolean isRenamed() {
      return oldId != null && !oldId.equals(id);
    }
  }

  /** A session that is not stored yet. */
  PillionSession(
      PillionSessionRepository repository, String id, Instant now, Duration maxInactiveInterval) {
    this.repository = repository;
    this.id = id;
    this.creationTime = now;
    this.lastAccessedTime = now;
    this.maxInactiveInterval = maxInactiveInterval;
  }

  /** A session that was loaded. */
  PillionSession(
      PillionSessionRepository repository,
      String id,
      Instant creationTime,
      Instant lastAccessedTime,
      Duration maxInactiveInterval,
      Map<String, byte[]> attributes,
      Map<String, String> indexes) {
    this.repository = repository;
    this.id = id;
    this.storedId = id;
    this.creationTime = creationTime;
    this.lastAccessedTime = lastAccessedTime;
    this.maxInactiveInterval = maxInactiveInterval;
    this.storedIndexes = Map.copyOf(indexes);
    attributes.forEach((name, bytes) -> this.attributes.put(name, Attribute.stored(bytes)));
  }

  @Override
  public synchronized String getId() {
    return id;
  }

  @Override
  public String changeSessionId() {
    String newId = repository.newId();
    synchronized (this) {
      id = newId;
    }
    flushNow();
    return newId;
  }

  /** Whether it was never stored. */
  synchronized boolean isNew() {
    return storedId == null;
  }

  @Override
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // As Session declares it.
  public synchronized <T> @Nullable T getAttribute(String attributeName) {
    Attribute attribute = attributes.get(attributeName);
    Object value = attribute == null ? null : value(attributeName, attribute);
    if (value != null && repository.saveMode() == SaveMode.ON_GET_ATTRIBUTE) {
      changed.add(attributeName);
    }
    return (T) value;
  }

  private @Nullable Object value(String name, Attribute attribute) {
    if (!attribute.decoded) {
      attribute.decoded = true;
      byte[] stored = attribute.stored;
      attribute.value = stored == null ? null : repository.attributes().decode(name, stored);
    }
    return attribute.value;
  }

  @Override
  public synchronized Set<String> getAttributeNames() {
    Set<String> names = new HashSet<>();
    attributes.forEach(
        (name, attribute) -> {
          if (value(name, attribute) != null) {
            names.add(name);
          }
        });
    return names;
  }

  @Override
  public void setAttribute(String attributeName, @Nullable Object attributeValue) {
    synchronized (this) {
      if (attributeValue == null) {
        attributes.remove(attributeName);
      } else {
        Attribute attribute = new Attribute();
        attribute.decoded = true;
        attribute.value = attributeValue;
        attributes.put(attributeName, attribute);
      }
      changed.add(attributeName);
    }
    flushNow();
  }

  @Override
  public void removeAttribute(String attributeName) {
    setAttribute(attributeName, null);
  }

  @Override
  public Instant getCreationTime() {
    return creationTime;
  }

  @Override
  public void setLastAccessedTime(Instant lastAccessedTime) {
    synchronized (this) {
      this.lastAccessedTime = lastAccessedTime;
    }
    flushNow();
  }

  @Override
  public synchronized Instant getLastAccessedTime() {
    return lastAccessedTime;
  }

  @Override
  public void setMaxInactiveInterval(Duration interval) {
    synchronized (this) {
      maxInactiveInterval = interval;
    }
    flushNow();
  }

  @Override
  public synchronized Duration getMaxInactiveInterval() {
    return maxInactiveInterval;
  }

  @Override
  public synchronized boolean isExpired() {
    return !maxInactiveInterval.isNegative()
        && !repository.now().isBefore(lastAccessedTime.plus(maxInactiveInterval));
  }

  private void flushNow() {
    if (repository.flushMode() == FlushMode.IMMEDIATE) {
      repository.save(this);
    }
  }

  /** The values under which the indexes have it, as stored. */
  synchronized Map<String, String> storedIndexes() {
    return storedIndexes;
  }

  /**
   * Takes what has to be written; {@link #saved} or {@link #notSaved} must follow.
   *
   * @throws IllegalArgumentException when the codec cannot write an attribute
   */
  synchronized Delta takeDelta() {
    boolean always = repository.saveMode() == SaveMode.ALWAYS;
    if (always) {
      changed.addAll(attributes.keySet());
    }
    Map<String, byte[]> set = new LinkedHashMap<>();
    Set<String> removed = new HashSet<>();
    for (String name : changed) {
      Attribute attribute = attributes.get(name);
      if (attribute == null) {
        removed.add(name);
      } else if (attribute.value != null) {
        byte[] bytes = repository.attributes().encode(name, attribute.value);
        if (always || !Arrays.equals(bytes, attribute.stored)) {
          set.put(name, bytes);
        }
      } else if (always && attribute.stored != null) {
        set.put(name, attribute.stored);
      }
    }
    boolean mayMove = storedId == null || !set.isEmpty() || !removed.isEmpty();
    Map<String, String> indexes = mayMove ? repository.indexesOf(this) : storedIndexes;
    // Looking for the principal may have read attributes; that is no change.
    changed.clear();
    set.forEach((name, bytes) -> Objects.requireNonNull(attributes.get(name)).stored = bytes);
    Map<String, byte[]> all = new LinkedHashMap<>();
    attributes.forEach(
        (name, attribute) -> {
          if (attribute.stored != null) {
            all.put(name, attribute.stored);
          }
        });
    return new Delta(
        storedId,
        id,
        set,
        removed,
        all,
        storedIndexes,
        indexes,
        creationTime.toEpochMilli(),
        lastAccessedTime.toEpochMilli(),
        maxInactiveInterval);
  }

  /** The delta is stored. */
  synchronized void saved(Delta delta) {
    storedId = delta.id();
    storedIndexes = Map.copyOf(delta.indexes());
  }

  /** The delta is not stored, or nobody knows: the next save sends it again. */
  synchronized void notSaved(Delta delta) {
    delta
        .set()
        .forEach(
            (name, bytes) -> {
              Attribute attribute = attributes.get(name);
              if (attribute != null && attribute.stored == bytes) {
                attribute.stored = null;
              }
            });
    changed.addAll(delta.set().keySet());
    changed.addAll(delta.removed());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Session session && getId().equals(session.getId());
  }

  @Override
  public int hashCode() {
    return getId().hashCode();
  }

  /** Names no content and no identifier, which is a secret. */
  @Override
  public synchronized String toString() {
    return "PillionSession (" + attributes.size() + " attributes, created " + creationTime + ")";
  }
}
