package io.pillion.session;

import static io.pillion.session.SessionKeys.ACCESSED;
import static io.pillion.session.SessionKeys.ATTRIBUTE;
import static io.pillion.session.SessionKeys.CREATED;
import static io.pillion.session.SessionKeys.INDEX;
import static io.pillion.session.SessionKeys.INTERVAL;

import io.pillion.client.Command;
import io.pillion.client.CommandException;
import io.pillion.client.Commands;
import io.pillion.client.Replies;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.FlushMode;
import org.springframework.session.IndexResolver;
import org.springframework.session.MapSession;
import org.springframework.session.PrincipalNameIndexResolver;
import org.springframework.session.SaveMode;
import org.springframework.session.SessionIdGenerator;
import org.springframework.session.UuidSessionIdGenerator;
import org.springframework.session.events.SessionCreatedEvent;
import org.springframework.session.events.SessionDeletedEvent;
import org.springframework.session.events.SessionExpiredEvent;

/**
 * Sessions in an engine, Redis or Valkey: one round trip loads one, one saves it.
 *
 * <p>A session is one hash with a field for each attribute; a save writes the fields that changed,
 * and the time of expiry, as one transaction. Nothing is asked of the server that a managed one
 * refuses: no keyspace notifications, no CONFIG, no scripts.
 *
 * <h2>What is guaranteed</h2>
 *
 * <ul>
 *   <li>A save is seen whole or not at all. Concurrent requests of one session overwrite each
 *       other's changes attribute by attribute, never the session as a whole; of two that write the
 *       same attribute, the later one stays.
 *   <li>A session that was deleted or has expired stays gone. A save that comes late cannot be kept
 *       from writing its fields, but every save asks in the same transaction whether the session's
 *       creation time is there. Only the save of a new session writes that field, and a hash
 *       without it is no session to anybody. The late save removes what it wrote, and so does
 *       whoever comes across it; if both fail, its time to live remains. The late changes are
 *       dropped, and counted ({@link #lostSaves}): the user has logged out.
 *   <li>An attribute that cannot be read is absent, is logged and counted ({@link
 *       #unreadableAttributes}), and leaves the rest of the session as it is.
 *   <li>The index by principal is never trusted: what it names is loaded and compared, and what is
 *       gone or somebody else's is taken out. It goes with its last session.
 *   <li>Created and deleted events are published by the instance that did it, after it is stored.
 *       Expired events are published at least once, by one instance, by {@link SessionSweeper}.
 * </ul>
 *
 * <p>On a cluster the index and the list of expiries are on other nodes than the session; they are
 * written in the same breath but not in the same transaction, and heal when a session is saved or
 * looked up. A change of the session's identifier copies there what this request has loaded and
 * changed, where elsewhere it renames what is stored.
 *
 * <p>Settings are made before the first use. Thread-safe afterwards. Failures to reach the server
 * are {@link io.pillion.client.ConnectionException}s.
 */
public final class PillionSessionRepository
    implements FindByIndexNameSessionRepository<PillionSession> {
  private static final Logger LOG = LoggerFactory.getLogger(PillionSessionRepository.class);

  /** How long an expired session stays readable for whoever handles its expiry. */
  static final Duration GRACE = Duration.ofMinutes(5);

  private static final int LONGEST_ID = 256;

  private final Commands commands;
  private final LongAdder lostSaves = new LongAdder();
  private SessionKeys keys = new SessionKeys("default");
  private Attributes attributes = new Attributes(JdkAttributeCodec.allowing(), List.of());
  private Duration defaultMaxInactiveInterval = MapSession.DEFAULT_MAX_INACTIVE_INTERVAL;
  private SaveMode saveMode = SaveMode.ON_SET_ATTRIBUTE;
  private FlushMode flushMode = FlushMode.ON_SAVE;
  private SessionIdGenerator idGenerator = UuidSessionIdGenerator.getInstance();
  private IndexResolver<PillionSession> indexResolver =
      session -> {
        String principal = Principal.RESOLVER.resolveIndexValueFor(session);
        return principal == null ? Map.of() : Map.of(PRINCIPAL_NAME_INDEX_NAME, principal);
      };
  private @Nullable ApplicationEventPublisher publisher;
  private Clock clock = Clock.systemUTC();
  private volatile @Nullable Boolean expiresIndexes;

  /** Made when first needed, because it parses an expression. */
  private static final class Principal {
    static final PrincipalNameIndexResolver<PillionSession> RESOLVER =
        new PrincipalNameIndexResolver<>();
  }

  /**
   * A repository with Spring Session's defaults: 30 minutes, saved at the end of the request, only
   * what was set, the namespace {@code default}.
   *
   * @param commands stays open when the repository is not used any more
   */
  public PillionSessionRepository(Commands commands) {
    this.commands = commands;
  }

  // --- settings

  /** Keeps the sessions of several applications on one server apart; not empty. */
  public void setNamespace(String namespace) {
    if (namespace.isEmpty() || namespace.length() > LONGEST_ID) {
      throw new IllegalArgumentException("A namespace has from 1 to " + LONGEST_ID + " characters");
    }
    keys = new SessionKeys(namespace);
  }

  /** How attributes become bytes: the writer's way; values of the others are read as well. */
  public void setAttributeCodec(AttributeCodec writer, AttributeCodec... alsoRead) {
    attributes = new Attributes(writer, List.of(alsoRead));
  }

  /** How long new sessions live without a request; negative for ever. */
  public void setDefaultMaxInactiveInterval(Duration interval) {
    defaultMaxInactiveInterval = interval;
  }

  /** Which attributes a save writes. With ON_GET_ATTRIBUTE only those whose bytes have changed. */
  public void setSaveMode(SaveMode mode) {
    saveMode = mode;
  }

  /** Whether every change is stored at once, or all of them at the end of the request. */
  public void setFlushMode(FlushMode mode) {
    flushMode = mode;
  }

  /** Makes the identifiers of new sessions. */
  public void setSessionIdGenerator(SessionIdGenerator generator) {
    idGenerator = generator;
  }

  /** Says under which values a session is found. */
  public void setIndexResolver(IndexResolver<PillionSession> resolver) {
    indexResolver = resolver;
  }

  /** Where events go; null for nowhere. */
  public void setApplicationEventPublisher(@Nullable ApplicationEventPublisher newPublisher) {
    publisher = newPublisher;
  }

  /** What time it is. */
  public void setClock(Clock newClock) {
    clock = newClock;
  }

  // --- what sessions ask

  Attributes attributes() {
    return attributes;
  }

  SaveMode saveMode() {
    return saveMode;
  }

  FlushMode flushMode() {
    return flushMode;
  }

  Instant now() {
    // Redis keeps milliseconds; a session must not change by being stored.
    return Instant.ofEpochMilli(clock.millis());
  }

  String newId() {
    return idGenerator.generate();
  }

  Map<String, String> indexesOf(PillionSession session) {
    return indexResolver.resolveIndexesFor(session);
  }

  SessionKeys keys() {
    return keys;
  }

  Commands commands() {
    return commands;
  }

  // --- counters

  /** How many saves were dropped because their session was gone. */
  public long lostSaves() {
    return lostSaves.sum();
  }

  /** How many times an attribute could not be read. */
  public long unreadableAttributes() {
    return attributes.unreadable();
  }

  // --- SessionRepository

  @Override
  public PillionSession createSession() {
    PillionSession session =
        new PillionSession(this, idGenerator.generate(), now(), defaultMaxInactiveInterval);
    if (flushMode == FlushMode.IMMEDIATE) {
      save(session);
    }
    return session;
  }

  @Override
  public @Nullable PillionSession findById(String id) {
    if (!mayExist(id)) {
      return null;
    }
    PillionSession session = read(id, commands.call(load(id)));
    return session == null || session.isExpired() ? null : session;
  }

  private static boolean mayExist(String id) {
    return !id.isEmpty() && id.length() <= LONGEST_ID;
  }

  Command load(String id) {
    return Command.of("HGETALL").arg(keys.session(id));
  }

  /** A session from its hash; null when that is none. */
  @Nullable PillionSession read(String id, @Nullable Object reply) {
    List<@Nullable Object> fields = Replies.asList(reply);
    if (fields.isEmpty()) {
      return null;
    }
    Map<String, byte[]> stored = new HashMap<>();
    Map<String, String> indexes = new HashMap<>();
    Map<String, Long> times = new HashMap<>();
    try {
      for (int i = 0; i + 1 < fields.size(); i += 2) {
        String field = String.valueOf(Replies.asText(fields.get(i)));
        Object value = fields.get(i + 1);
        if (field.startsWith(ATTRIBUTE)) {
          byte[] bytes = Objects.requireNonNull(Replies.asBytes(value));
          stored.put(field.substring(ATTRIBUTE.length()), bytes);
        } else if (field.startsWith(INDEX)) {
          String text = String.valueOf(Replies.asText(value));
          indexes.put(field.substring(INDEX.length()), text);
        } else if (Set.of(CREATED, ACCESSED, INTERVAL).contains(field)) {
          times.put(field, Replies.asLong(value));
        }
      }
    } catch (IllegalStateException e) {
      LOG.warn("A session is damaged and treated as gone: {}", e.getMessage());
      return null;
    }
    Long created = times.get(CREATED);
    Long accessed = times.get(ACCESSED);
    Long interval = times.get(INTERVAL);
    if (created == null || accessed == null || interval == null) {
      // What a save left behind that came after the deletion.
      forget(id, Map.of());
      return null;
    }
    return new PillionSession(
        this,
        id,
        Instant.ofEpochMilli(created),
        Instant.ofEpochMilli(accessed),
        Duration.ofMillis(interval),
        stored,
        indexes);
  }

  @Override
  public void save(PillionSession session) {
    PillionSession.Delta delta = session.takeDelta();
    boolean stored = false;
    try {
      if (store(delta)) {
        session.saved(delta);
        stored = true;
      }
    } finally {
      if (!stored) {
        session.notSaved(delta);
      }
    }
    if (!stored) {
      lostSaves.increment();
      LOG.debug("The changes of a session were dropped: it was deleted or expired meanwhile");
    } else if (delta.isNew()) {
      publish(new SessionCreatedEvent(this, session));
    }
  }

  /** Writes the changes; false when the session is gone. */
  private boolean store(PillionSession.Delta delta) {
    // Where the old identifier is gone, this may be the second try of a save whose answer was lost:
    // then the session is there under the new one, which the guard below finds out.
    boolean copies =
        delta.isRenamed() && commands.isCluster() && exists(String.valueOf(delta.oldId()));
    boolean renames = delta.isRenamed() && !commands.isCluster();
    List<Command> session = new ArrayList<>();
    if (renames) {
      session.add(
          Command.of("RENAME")
              .arg(keys.session(String.valueOf(delta.oldId())))
              .arg(keys.session(delta.id())));
    }
    boolean writesAll = delta.isNew() || copies;
    int guard = session.size();
    if (!writesAll) {
      session.add(Command.of("HEXISTS").arg(keys.session(delta.id())).arg(CREATED));
    }
    addFields(session, delta, writesAll);
    List<@Nullable Object> replies = write(session, aside(delta, copies));
    if (!writesAll && !isThere(replies.get(guard))) {
      forget(delta.id(), delta.indexes());
      return false;
    }
    // RENAME comes before the guard, and may have found nothing for the same reason.
    for (Object reply : replies.subList(guard, replies.size())) {
      if (reply instanceof CommandException refused) {
        throw refused;
      }
    }
    return true;
  }

  private static boolean isThere(@Nullable Object reply) {
    return reply instanceof Long found && found == 1;
  }

  private boolean exists(String id) {
    return isThere(commands.call(Command.of("HEXISTS").arg(keys.session(id)).arg(CREATED)));
  }

  private void addFields(List<Command> session, PillionSession.Delta delta, boolean writesAll) {
    String key = keys.session(delta.id());
    Command delete = Command.of("HDEL").arg(key);
    delta.removed().forEach(name -> delete.arg(ATTRIBUTE + name));
    delta.oldIndexes().keySet().stream()
        .filter(name -> !delta.indexes().containsKey(name))
        .forEach(name -> delete.arg(INDEX + name));
    if (delete.args().size() > 1 && !writesAll) {
      session.add(delete);
    }
    Command set = Command.of("HSET").arg(key);
    if (writesAll) {
      set.arg(CREATED).arg(delta.createdMillis());
    }
    set.arg(ACCESSED).arg(delta.accessedMillis());
    set.arg(INTERVAL).arg(delta.interval().toMillis());
    (writesAll ? delta.all() : delta.set())
        .forEach((name, bytes) -> set.arg(ATTRIBUTE + name).arg(bytes));
    delta
        .indexes()
        .forEach(
            (name, value) -> {
              if (writesAll || !value.equals(delta.oldIndexes().get(name))) {
                set.arg(INDEX + name).arg(value);
              }
            });
    session.add(set);
    session.add(
        delta.interval().isNegative()
            ? Command.of("PERSIST").arg(key)
            : Command.of("PEXPIRE").arg(key).arg(millisLeft(delta) + GRACE.toMillis()));
  }

  /** By the application's clock; the server is told how long, so its clock does not matter. */
  private long millisLeft(PillionSession.Delta delta) {
    return Math.max(0, expiryMillis(delta) - clock.millis());
  }

  private static long expiryMillis(PillionSession.Delta delta) {
    return delta.accessedMillis() + delta.interval().toMillis();
  }

  /** What is written beside the session: when it expires, and where it is found. */
  private List<Command> aside(PillionSession.Delta delta, boolean copied) {
    List<Command> aside = new ArrayList<>();
    boolean expires = !delta.interval().isNegative();
    if (delta.isRenamed()) {
      String oldId = String.valueOf(delta.oldId());
      aside.add(Command.of("ZREM").arg(keys.expiries()).arg(oldId));
      if (copied) {
        aside.add(Command.of("UNLINK").arg(keys.session(oldId)));
      }
    }
    delta
        .oldIndexes()
        .entrySet()
        .forEach(
            old -> {
              boolean leaves = !old.getValue().equals(delta.indexes().get(old.getKey()));
              if (leaves || delta.isRenamed()) {
                String oldId = String.valueOf(delta.oldId());
                aside.add(Command.of("ZREM").arg(keys.index(old)).arg(oldId));
              }
            });
    aside.add(
        expires
            ? Command.of("ZADD").arg(keys.expiries()).arg(expiryMillis(delta)).arg(delta.id())
            : Command.of("ZREM").arg(keys.expiries()).arg(delta.id()));
    for (Map.Entry<String, String> index : delta.indexes().entrySet()) {
      String key = keys.index(index);
      Command add = Command.of("ZADD").arg(key);
      add.arg(expires ? expiryMillis(delta) : Double.POSITIVE_INFINITY).arg(delta.id());
      aside.add(add);
      if (!expires) {
        aside.add(Command.of("PERSIST").arg(key));
      } else if (canExpireIndexes()) {
        // As long as its longest session: a first time to live for a new index, a longer one for
        // an old index. A session that never expires takes it away again whenever it is saved.
        long millis = millisLeft(delta) + GRACE.toMillis();
        aside.add(Command.of("PEXPIRE").arg(key).arg(millis).arg("NX"));
        aside.add(Command.of("PEXPIRE").arg(key).arg(millis).arg("GT"));
      }
    }
    return aside;
  }

  /** EXPIRETIME and the options of EXPIRE came in the same release. */
  private boolean canExpireIndexes() {
    Boolean known = expiresIndexes;
    if (known == null) {
      known = !commands.supported(Set.of("EXPIRETIME")).isEmpty();
      expiresIndexes = known;
    }
    return known;
  }

  /** One transaction where everything is on one server; else the session's own, and the rest. */
  private List<@Nullable Object> write(List<Command> session, List<Command> aside) {
    if (!commands.isCluster()) {
      List<Command> all = new ArrayList<>(session);
      all.addAll(aside);
      return await(() -> commands.transaction(all));
    }
    CompletionStage<List<@Nullable Object>> stored = commands.transaction(session);
    List<CompletionStage<@Nullable Object>> others = commands.pipeline(aside);
    List<@Nullable Object> replies = await(() -> stored);
    others.forEach(commands::await);
    return replies;
  }

  /** Removes what is left of a session; its failure costs nothing that time does not mend. */
  private void forget(String id, Map<String, String> indexes) {
    List<Command> removal = new ArrayList<>();
    removal.add(Command.of("UNLINK").arg(keys.session(id)));
    removal.add(Command.of("ZREM").arg(keys.expiries()).arg(id));
    for (Map.Entry<String, String> index : indexes.entrySet()) {
      removal.add(Command.of("ZREM").arg(keys.index(index)).arg(id));
    }
    commands.pipeline(removal).forEach(commands::await);
  }

  @Override
  public void deleteById(String id) {
    if (!mayExist(id)) {
      return;
    }
    // Read first, in the same transaction: the event tells listeners what the session held.
    List<Command> removal = new ArrayList<>();
    removal.add(load(id));
    removal.add(Command.of("UNLINK").arg(keys.session(id)));
    Command expiry = Command.of("ZREM").arg(keys.expiries()).arg(id);
    List<@Nullable Object> replies = write(removal, List.of(expiry));
    PillionSession session = read(id, replies.get(0));
    if (session != null) {
      List<Command> indexes = new ArrayList<>();
      for (Map.Entry<String, String> index : session.storedIndexes().entrySet()) {
        indexes.add(Command.of("ZREM").arg(keys.index(index)).arg(id));
      }
      commands.pipeline(indexes).forEach(commands::await);
      if (!session.isExpired()) {
        publish(new SessionDeletedEvent(this, session));
      }
    }
  }

  // --- FindByIndexNameSessionRepository

  @Override
  public Map<String, PillionSession> findByIndexNameAndIndexValue(
      String indexName, String indexValue) {
    String index = keys.index(indexName, indexValue);
    List<String> ids = new ArrayList<>();
    Object members = commands.call(Command.of("ZRANGE").arg(index).arg(0).arg(-1));
    Replies.asList(members).forEach(member -> ids.add(String.valueOf(Replies.asText(member))));
    List<CompletionStage<@Nullable Object>> loads =
        commands.pipeline(ids.stream().map(this::load).toList());
    Map<String, PillionSession> found = new LinkedHashMap<>();
    Command stale = Command.of("ZREM").arg(index);
    for (int i = 0; i < ids.size(); i++) {
      String id = ids.get(i);
      PillionSession session = read(id, commands.await(loads.get(i)));
      if (session == null || !indexValue.equals(session.storedIndexes().get(indexName))) {
        stale.arg(id);
      } else if (!session.isExpired()) {
        found.put(id, session);
      }
    }
    if (stale.args().size() > 1) {
      commands.call(stale);
    }
    return found;
  }

  // --- events

  /** A session of which only the identifier is left. */
  PillionSession forgotten(String id) {
    return new PillionSession(
        this, id, Instant.EPOCH, Instant.EPOCH, Duration.ZERO, Map.of(), Map.of());
  }

  void expired(PillionSession session) {
    publish(new SessionExpiredEvent(this, session));
  }

  private void publish(ApplicationEvent event) {
    ApplicationEventPublisher to = publisher;
    if (to != null) {
      to.publishEvent(event);
    }
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // What the stage holds is what comes out.
  private <T> T await(Supplier<CompletionStage<T>> asking) {
    return (T) commands.call(() -> asking.get().thenApply(value -> (Object) value));
  }
}
