package io.pillion.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Command;
import io.pillion.client.CommandException;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import io.pillion.client.Replies;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.FlushMode;
import org.springframework.session.SaveMode;
import org.springframework.session.events.AbstractSessionEvent;
import org.springframework.session.events.SessionCreatedEvent;
import org.springframework.session.events.SessionDeletedEvent;
import org.springframework.session.events.SessionExpiredEvent;

/** What the repository promises, whatever carries its commands. */
abstract class SessionRepositoryContract {
  private static final String PRINCIPAL =
      FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME;

  private final String namespace = UUID.randomUUID().toString();
  private final SettableClock clock = new SettableClock();
  private final List<Object> events = new ArrayList<>();
  private PillionSessionRepository repository = new PillionSessionRepository(commands());

  protected abstract Commands commands();

  @BeforeEach
  void prepare() {
    repository = another();
  }

  /** A repository as another instance of the application has it. */
  private PillionSessionRepository another() {
    PillionSessionRepository other = new PillionSessionRepository(commands());
    other.setNamespace(namespace);
    other.setAttributeCodec(JdkAttributeCodec.allowing("io.pillion.session.Cart"));
    other.setClock(clock);
    other.setApplicationEventPublisher(events::add);
    return other;
  }

  private PillionSession load(String id) {
    return Objects.requireNonNull(repository.findById(id), "the session is gone");
  }

  private PillionSession stored(Map<String, Object> attributes) {
    PillionSession session = repository.createSession();
    attributes.forEach(session::setAttribute);
    repository.save(session);
    return session;
  }

  private String key(String id) {
    return new SessionKeys(namespace).session(id);
  }

  private Set<String> fields(String id) {
    Set<String> fields = new HashSet<>();
    for (Object field : Replies.asList(commands().call(Command.of("HKEYS").arg(key(id))))) {
      fields.add(String.valueOf(Replies.asText(field)));
    }
    return fields;
  }

  private boolean exists(String key) {
    return Replies.asBoolean(commands().call(Command.of("EXISTS").arg(key)));
  }

  @Test
  void aSessionComesBackAsItWasSaved() {
    Cart cart = new Cart().add("tea").add("");
    PillionSession saved = stored(Map.of("cart", cart, "count", 3, "naïve/näme", "ü"));

    PillionSession loaded = load(saved.getId());

    assertThat(loaded.<Cart>getAttribute("cart")).isEqualTo(cart);
    assertThat(loaded.<Integer>getAttribute("count")).isEqualTo(3);
    assertThat(loaded.<String>getAttribute("naïve/näme")).isEqualTo("ü");
    assertThat(loaded.getAttributeNames()).containsExactlyInAnyOrder("cart", "count", "naïve/näme");
    assertThat(loaded.getCreationTime()).isEqualTo(saved.getCreationTime());
    assertThat(loaded.getLastAccessedTime()).isEqualTo(saved.getLastAccessedTime());
    assertThat(loaded.getMaxInactiveInterval()).isEqualTo(Duration.ofMinutes(30));
    assertThat(loaded.isExpired()).isFalse();
    assertThat(loaded).isEqualTo(saved);
  }

  @Test
  void whatNeverWasASessionIsNone() {
    assertThat(repository.findById("unknown")).isNull();
    assertThat(repository.findById("")).isNull();
    assertThat(repository.findById("x".repeat(10_000))).isNull();
    assertThat(repository.findById("}{}\r\n:*")).isNull();
    repository.deleteById("unknown");
    repository.deleteById("");
    assertThat(events).isEmpty();
  }

  @Test
  void aSaveWritesWhatChangedAndNothingElse() {
    String id = stored(Map.of("a", "1", "b", "2", "c", "3")).getId();
    PillionSession one = load(id);
    PillionSession other = load(id);
    one.setAttribute("a", "one");
    other.setAttribute("b", "other");
    other.removeAttribute("c");

    repository.save(other);
    repository.save(one);

    PillionSession merged = load(id);
    assertThat(merged.<String>getAttribute("a")).isEqualTo("one");
    assertThat(merged.<String>getAttribute("b")).isEqualTo("other");
    assertThat(merged.<String>getAttribute("c")).isNull();
  }

  @Test
  void aNullAttributeIsARemovedOne() {
    String id = stored(Map.of("a", "1")).getId();
    PillionSession session = load(id);
    session.setAttribute("a", null);
    repository.save(session);
    assertThat(load(id).getAttributeNames()).isEmpty();
    assertThat(fields(id)).containsExactlyInAnyOrder("c", "l", "m");
  }

  @Test
  void aSessionSavedTwiceWritesItsLaterChangesToo() {
    PillionSession session = stored(Map.of("a", "1"));
    session.setAttribute("a", "2");
    repository.save(session);
    session.setAttribute("b", "3");
    repository.save(session);
    assertThat(load(session.getId()).<String>getAttribute("a")).isEqualTo("2");
    assertThat(load(session.getId()).<String>getAttribute("b")).isEqualTo("3");
  }

  @Test
  void aDeletedSessionStaysDeletedWhateverIsSavedAfterwards() {
    PillionSession session = stored(Map.of("a", "1", PRINCIPAL, "ann"));
    PillionSession late = load(session.getId());
    repository.deleteById(session.getId());
    late.setAttribute("a", "late");

    repository.save(late);

    assertThat(repository.findById(session.getId())).isNull();
    assertThat(exists(key(session.getId()))).isFalse();
    assertThat(repository.findByPrincipalName("ann")).isEmpty();
    assertThat(exists(new SessionKeys(namespace).expiries())).isFalse();
    assertThat(repository.lostSaves()).isEqualTo(1);
  }

  @Test
  void halfAHashIsNoSessionAndIsCleanedUpByWhoeverMeetsIt() {
    String id = UUID.randomUUID().toString();
    commands().call(Command.of("HSET").arg(key(id)).arg("l").arg("5").arg("a:x").arg("y"));
    assertThat(repository.findById(id)).isNull();
    assertThat(exists(key(id))).isFalse();
  }

  @Test
  void deletionAndSavesMayRaceAndNoHalfSessionIsEverSeen() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      for (int round = 0; round < 60; round++) {
        String id = stored(Map.of("a", "1")).getId();
        List<Future<?>> running = new ArrayList<>();
        for (int writer = 0; writer < 2; writer++) {
          PillionSession session = load(id);
          running.add(
              threads.submit(
                  () -> {
                    session.setAttribute("a", UUID.randomUUID().toString());
                    repository.save(session);
                    PillionSession seen = repository.findById(id);
                    if (seen != null) {
                      assertThat(seen.getMaxInactiveInterval()).isEqualTo(Duration.ofMinutes(30));
                      assertThat(seen.<String>getAttribute("a")).isNotNull();
                    }
                  }));
        }
        running.add(threads.submit(() -> repository.deleteById(id)));
        for (Future<?> thread : running) {
          thread.get(20, TimeUnit.SECONDS);
        }
        assertThat(repository.findById(id)).isNull();
        assertThat(exists(key(id))).isFalse();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void parallelRequestsOfOneSessionLoseNothing() throws Exception {
    String id = stored(Map.of()).getId();
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        String name = "n" + i;
        running.add(
            threads.submit(
                () -> {
                  PillionSession session = load(id);
                  session.setAttribute(name, name);
                  repository.save(session);
                }));
      }
      for (Future<?> thread : running) {
        thread.get(20, TimeUnit.SECONDS);
      }
      assertThat(load(id).getAttributeNames()).hasSize(100);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void anAttributeThatCannotBeReadCostsThatAttribute() {
    String id = stored(Map.of("good", "1", "bad", new Cart(), "worse", "2")).getId();
    Command damage = Command.of("HSET").arg(key(id));
    damage.arg("a:worse").arg(new byte[] {1, 1, (byte) 0xac, (byte) 0xed, 0});
    damage.arg("a:empty").arg("").arg("a:foreign").arg("plain text");
    commands().call(damage);
    PillionSessionRepository older = another();
    older.setAttributeCodec(JdkAttributeCodec.allowing());

    PillionSession session = Objects.requireNonNull(older.findById(id));

    assertThat(session.getAttributeNames()).containsExactly("good");
    assertThat(session.<Object>getAttribute("bad")).isNull();
    assertThat(older.unreadableAttributes()).isEqualTo(4);
    session.setAttribute("more", "3");
    older.save(session);
    // What this version cannot read is still there for the one that can.
    assertThat(load(id).<Cart>getAttribute("bad")).isEqualTo(new Cart());
    assertThat(load(id).<String>getAttribute("more")).isEqualTo("3");
  }

  @Test
  void aSessionWhoseTimesAreDamagedIsGoneAndNotAFailure() {
    String id = stored(Map.of("a", "1")).getId();
    commands().call(Command.of("HSET").arg(key(id)).arg("l").arg("yesterday"));
    assertThat(repository.findById(id)).isNull();
  }

  @Test
  void aKeyOfAnotherTypeIsAFailureThatIsSeen() {
    String id = UUID.randomUUID().toString();
    commands().call(Command.of("SET").arg(key(id)).arg("text"));
    assertThatThrownBy(() -> repository.findById(id)).isInstanceOf(CommandException.class);
  }

  @Test
  void anAttributeThatCouldNotBeReadBackIsRefusedWhenItIsSaved() {
    PillionSession session = repository.createSession();
    session.setAttribute("clock", clock.getClass().getSimpleName());
    session.setAttribute("event", new Unlisted());
    assertThatThrownBy(() -> repository.save(session))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"event\"")
        .hasMessageContaining("Unlisted")
        .hasMessageContaining("pillion.serialization.allow");
    session.removeAttribute("event");
    repository.save(session);
    assertThat(load(session.getId()).getAttributeNames()).containsExactly("clock");
  }

  /** Serializable, but on no list. */
  private static final class Unlisted implements java.io.Serializable {
    private static final long serialVersionUID = 1L;
  }

  @Test
  void aSessionExpiresAfterItsIntervalAndIsKeptAliveByRequests() {
    PillionSession session = stored(Map.of("a", "1"));
    clock.advance(Duration.ofMinutes(29));
    PillionSession touched = load(session.getId());
    touched.setLastAccessedTime(clock.instant());
    repository.save(touched);
    clock.advance(Duration.ofMinutes(29));
    assertThat(repository.findById(session.getId())).isNotNull();
    clock.advance(Duration.ofMinutes(1));
    assertThat(repository.findById(session.getId())).isNull();
  }

  @Test
  void theServerForgetsAnExpiredSessionByItself() {
    repository.setDefaultMaxInactiveInterval(Duration.ofSeconds(100));
    String id = stored(Map.of("a", "1", PRINCIPAL, "ann")).getId();
    Object ttl = commands().call(Command.of("PTTL").arg(key(id)));
    assertThat(Replies.asLong(ttl)).isBetween(340_000L, 400_000L);
    String index = new SessionKeys(namespace).index(PRINCIPAL, "ann");
    Object indexTtl = commands().call(Command.of("PTTL").arg(index));
    if (commands().supported(Set.of("EXPIRETIME")).isEmpty()) {
      assertThat(indexTtl).as("Redis 6.2 has no EXPIRE … GT").isEqualTo(-1L);
    } else {
      assertThat(Replies.asLong(indexTtl)).isBetween(340_000L, 400_000L);
    }
  }

  @Test
  void aSessionMayLiveForEver() {
    repository.setDefaultMaxInactiveInterval(Duration.ofSeconds(-1));
    String id = stored(Map.of(PRINCIPAL, "ann")).getId();
    clock.advance(Duration.ofDays(4_000));
    assertThat(load(id).isExpired()).isFalse();
    assertThat(Replies.asLong(commands().call(Command.of("PTTL").arg(key(id))))).isEqualTo(-1);
    assertThat(repository.findByPrincipalName("ann")).containsOnlyKeys(id);
  }

  @Test
  void anIntervalOfItsOwnIsKept() {
    PillionSession session = stored(Map.of());
    session.setMaxInactiveInterval(Duration.ofHours(5));
    repository.save(session);
    assertThat(load(session.getId()).getMaxInactiveInterval()).isEqualTo(Duration.ofHours(5));
  }

  @Test
  void theIdentifierChangesAndTheSessionStays() {
    PillionSession session = stored(Map.of("a", "1", PRINCIPAL, "ann"));
    String old = session.getId();
    PillionSession loaded = load(old);
    String changed = loaded.changeSessionId();
    loaded.setAttribute("b", "2");
    repository.save(loaded);

    assertThat(changed).isNotEqualTo(old);
    assertThat(repository.findById(old)).isNull();
    assertThat(load(changed).getAttributeNames()).containsExactlyInAnyOrder("a", "b", PRINCIPAL);
    assertThat(load(changed).getCreationTime()).isEqualTo(session.getCreationTime());
    assertThat(repository.findByPrincipalName("ann")).containsOnlyKeys(changed);
    Object listed =
        commands()
            .call(Command.of("ZRANGE").arg(new SessionKeys(namespace).expiries()).arg(0).arg(-1));
    assertThat(Replies.asList(listed)).extracting(Replies::asText).containsExactly(changed);

    loaded.setAttribute("c", "3");
    repository.save(loaded);
    assertThat(load(changed).<String>getAttribute("c")).isEqualTo("3");
  }

  @Test
  void theIdentifierOfANewSessionMayChangeBeforeItIsSaved() {
    PillionSession session = repository.createSession();
    String first = session.getId();
    String second = session.changeSessionId();
    repository.save(session);
    assertThat(repository.findById(first)).isNull();
    assertThat(repository.findById(second)).isNotNull();
  }

  @Test
  void aSessionDeletedWhileItsIdentifierChangesStaysDeleted() {
    PillionSession session = stored(Map.of("a", "1", PRINCIPAL, "ann"));
    PillionSession loaded = load(session.getId());
    repository.deleteById(session.getId());
    String changed = loaded.changeSessionId();
    repository.save(loaded);
    assertThat(repository.findById(changed)).isNull();
    assertThat(exists(key(changed))).isFalse();
    assertThat(repository.findByPrincipalName("ann")).isEmpty();
  }

  @Test
  void sessionsAreFoundByPrincipalAndOnlyByTheCurrentOne() {
    PillionSession one = stored(Map.of(PRINCIPAL, "ann"));
    PillionSession two = stored(Map.of(PRINCIPAL, "ann"));
    stored(Map.of(PRINCIPAL, "bob"));
    assertThat(repository.findByPrincipalName("ann")).containsOnlyKeys(one.getId(), two.getId());

    PillionSession loaded = load(one.getId());
    loaded.setAttribute(PRINCIPAL, "cat");
    repository.save(loaded);
    assertThat(repository.findByPrincipalName("ann")).containsOnlyKeys(two.getId());
    assertThat(repository.findByPrincipalName("cat")).containsOnlyKeys(one.getId());

    loaded.removeAttribute(PRINCIPAL);
    repository.save(loaded);
    assertThat(repository.findByPrincipalName("cat")).isEmpty();
    assertThat(repository.findByIndexNameAndIndexValue("other", "cat")).isEmpty();
  }

  @Test
  void theIndexHealsItself() {
    String id = stored(Map.of(PRINCIPAL, "ann")).getId();
    String index = new SessionKeys(namespace).index(PRINCIPAL, "ann");
    String foreign = stored(Map.of(PRINCIPAL, "bob")).getId();
    commands().call(Command.of("ZADD").arg(index).arg(1).arg("gone").arg(2).arg(foreign));

    assertThat(repository.findByPrincipalName("ann")).containsOnlyKeys(id);
    assertThat(Replies.asLong(commands().call(Command.of("ZCARD").arg(index)))).isEqualTo(1);

    commands().call(Command.of("DEL").arg(index));
    repository.save(load(id));
    assertThat(repository.findByPrincipalName("ann")).containsOnlyKeys(id);

    repository.deleteById(id);
    assertThat(exists(index)).isFalse();
  }

  @Test
  void changesInPlaceAreFoundWhereWhatWasReadIsCompared() {
    repository.setSaveMode(SaveMode.ON_GET_ATTRIBUTE);
    String id = stored(Map.of("cart", new Cart(), "same", new Cart())).getId();
    PillionSession session = load(id);
    Objects.requireNonNull(session.<Cart>getAttribute("cart")).add("tea");
    assertThat(session.<Cart>getAttribute("same")).isEqualTo(new Cart());

    assertThat(session.takeDelta().set()).containsOnlyKeys("cart");

    PillionSession again = load(id);
    Objects.requireNonNull(again.<Cart>getAttribute("cart")).add("tea");
    repository.save(again);
    assertThat(load(id).<Cart>getAttribute("cart")).isEqualTo(new Cart().add("tea"));
  }

  @Test
  void everythingIsWrittenWhereThatIsTheMode() {
    repository.setSaveMode(SaveMode.ALWAYS);
    PillionSession session = stored(Map.of("a", "1", "b", "2"));
    assertThat(load(session.getId()).takeDelta().set()).containsOnlyKeys("a", "b");
  }

  @Test
  void everyChangeIsStoredAtOnceWhereThatIsTheMode() {
    repository.setFlushMode(FlushMode.IMMEDIATE);
    PillionSession session = repository.createSession();
    assertThat(repository.findById(session.getId())).isNotNull();
    session.setAttribute("a", "1");
    assertThat(load(session.getId()).<String>getAttribute("a")).isEqualTo("1");
    session.removeAttribute("a");
    assertThat(load(session.getId()).getAttributeNames()).isEmpty();
    String changed = session.changeSessionId();
    assertThat(repository.findById(changed)).isNotNull();
  }

  @Test
  void anotherCodecMayTakeOverWhileOldValuesAreStillRead() {
    String id = stored(Map.of("old", "1")).getId();
    repository.setAttributeCodec(new TextCodec(), JdkAttributeCodec.allowing());
    PillionSession session = load(id);
    assertThat(session.<String>getAttribute("old")).isEqualTo("1");
    session.setAttribute("new", "2");
    repository.save(session);
    assertThat(load(id).<String>getAttribute("new")).isEqualTo("2");
    byte[] raw = Replies.asBytes(commands().call(Command.of("HGET").arg(key(id)).arg("a:new")));
    assertThat(raw).containsExactly(1, 64, '2');
  }

  private static final class TextCodec implements AttributeCodec {
    @Override
    public byte id() {
      return 64;
    }

    @Override
    public byte[] encode(Object value) {
      return value.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public Object decode(byte[] bytes) throws IOException {
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  @Test
  void creationAndDeletionAreAnnouncedByWhoDidIt() {
    PillionSession session = stored(Map.of("cart", new Cart().add("tea")));
    repository.save(session);
    repository.deleteById(session.getId());
    repository.deleteById(session.getId());

    assertThat(events).hasSize(2);
    assertThat(events.get(0)).isInstanceOf(SessionCreatedEvent.class);
    assertThat(events.get(1)).isInstanceOf(SessionDeletedEvent.class);
    PillionSession deleted = ((AbstractSessionEvent) events.get(1)).getSession();
    assertThat(deleted.<Cart>getAttribute("cart")).isEqualTo(new Cart().add("tea"));
  }

  @Test
  void anExpiryIsAnnouncedOnceByOneOfSeveralInstances() {
    PillionSession session = stored(Map.of("a", "1", PRINCIPAL, "ann"));
    PillionSession alive = stored(Map.of());
    events.clear();
    SessionSweeper one = new SessionSweeper(repository);
    SessionSweeper two = new SessionSweeper(another());
    assertThat(one.sweep() + two.sweep()).isZero();
    clock.advance(Duration.ofMinutes(31));
    alive.setLastAccessedTime(clock.instant());
    repository.save(alive);

    assertThat(one.sweep() + two.sweep() + one.sweep() + two.sweep()).isEqualTo(1);

    assertThat(events).hasSize(1);
    SessionExpiredEvent event = (SessionExpiredEvent) events.get(0);
    assertThat(event.getSessionId()).isEqualTo(session.getId());
    assertThat(event.<PillionSession>getSession().<String>getAttribute("a")).isEqualTo("1");
    assertThat(exists(new SessionKeys(namespace).index(PRINCIPAL, "ann"))).isFalse();
    assertThat(repository.findById(alive.getId())).isNotNull();
  }

  @Test
  void anExpiryThatNobodyCouldAnnounceInTimeIsAnnouncedByItsIdentifier() {
    String id = stored(Map.of("a", "1")).getId();
    events.clear();
    commands().call(Command.of("DEL").arg(key(id)));
    clock.advance(Duration.ofHours(10));

    assertThat(new SessionSweeper(repository).sweep()).isEqualTo(1);

    assertThat(((SessionExpiredEvent) events.get(0)).getSessionId()).isEqualTo(id);
    assertThat(exists(new SessionKeys(namespace).expiries())).isFalse();
  }

  @Test
  void aListThatIsOutOfDateIsCorrected() {
    String id = stored(Map.of()).getId();
    String expiries = new SessionKeys(namespace).expiries();
    commands().call(Command.of("ZADD").arg(expiries).arg(5).arg(id));
    assertThat(new SessionSweeper(repository).sweep()).isZero();
    Object score = commands().call(Command.of("ZSCORE").arg(expiries).arg(id));
    assertThat(Replies.asDouble(score)).isGreaterThan((double) clock.millis());
  }

  @Test
  void aListenerThatThrowsIsToldAgainAndThenLetGo() {
    stored(Map.of());
    int[] told = {0};
    repository.setApplicationEventPublisher(
        event -> {
          told[0]++;
          throw new IllegalStateException("listener");
        });
    clock.advance(Duration.ofHours(1));
    SessionSweeper sweeper = new SessionSweeper(repository);
    for (int i = 0; i < 6; i++) {
      sweeper.sweep();
    }
    assertThat(told[0]).isEqualTo(3);
  }

  @Test
  void theSweeperRunsByItselfAndPassesItsLeaseOnWhenClosed() throws Exception {
    stored(Map.of());
    java.util.concurrent.CountDownLatch expired = new java.util.concurrent.CountDownLatch(1);
    repository.setApplicationEventPublisher(event -> expired.countDown());
    clock.advance(Duration.ofHours(1));
    try (SessionSweeper sweeper = new SessionSweeper(repository)) {
      sweeper.start(Duration.ofMillis(20));
      assertThat(expired.await(10, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(exists(new SessionKeys(namespace).sweeper())).isFalse();
  }

  @Test
  void aLoadIsOneCommandAndASaveIsOneTransaction() {
    String id = stored(Map.of("a", "1", PRINCIPAL, "ann")).getId();
    CountingCommands counting = new CountingCommands(commands());
    PillionSessionRepository counted = new PillionSessionRepository(counting);
    counted.setNamespace(namespace);
    counted.save(counted.createSession());
    counting.reset();

    PillionSession session = Objects.requireNonNull(counted.findById(id));
    assertThat(counting.roundTrips()).isEqualTo(1);
    session.setAttribute("b", "2");
    session.setAttribute(PRINCIPAL, "bob");
    counted.save(session);
    // On a cluster the index is written beside it, without waiting in between.
    assertThat(counting.roundTrips()).isLessThanOrEqualTo(commands().isCluster() ? 3 : 2);
  }

  @Test
  void aSaveWhoseAnswerWasLostMayBeRepeated() {
    CountingCommands losing = new CountingCommands(commands());
    PillionSessionRepository unlucky = new PillionSessionRepository(losing);
    unlucky.setNamespace(namespace);
    PillionSession session = unlucky.createSession();
    session.setAttribute("a", "1");
    for (int step = 0; step < 3; step++) {
      if (step == 1) {
        session.setAttribute("a", "2");
        session.setAttribute("b", "2");
      } else if (step == 2) {
        session.changeSessionId();
        session.removeAttribute("b");
      }
      losing.loseNextAnswer();
      assertThatThrownBy(() -> unlucky.save(session)).isInstanceOf(ConnectionException.class);
      unlucky.save(session);
      assertThat(load(session.getId()).<String>getAttribute("a")).isEqualTo(step == 0 ? "1" : "2");
    }
    assertThat(load(session.getId()).getAttributeNames()).containsExactly("a");
    assertThat(unlucky.lostSaves()).isZero();
  }
}
