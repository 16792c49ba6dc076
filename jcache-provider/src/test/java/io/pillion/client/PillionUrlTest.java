package io.pillion.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class PillionUrlTest {

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", "  ", "embedded:", "embedded://", "embedded:/", "embedded:///"})
  void nothingMeansTheDefaultEngineOfThisJvm(@Nullable String text) {
    PillionUrl url = PillionUrl.parse(text);
    assertThat(url.kind()).isEqualTo(PillionUrl.Kind.EMBEDDED);
    assertThat(url.embeddedName()).isEmpty();
    assertThat(url).isEqualTo(PillionUrl.embedded(""));
  }

  @Test
  void embeddedEnginesHaveNames() {
    assertThat(PillionUrl.parse("embedded:orders").embeddedName()).isEqualTo("orders");
    assertThatThrownBy(() -> PillionUrl.parse("embedded:a b"))
        .isInstanceOf(PillionUrlException.class);
  }

  @Test
  void oneServerHasEverythingInItsPlace() {
    PillionUrl url = PillionUrl.parse("rediss://app:p%40ss@cache.example:7000/5?timeout=500ms");
    assertThat(url.kind()).isEqualTo(PillionUrl.Kind.STANDALONE);
    assertThat(url.tls()).isTrue();
    assertThat(url.endpoints()).containsExactly(new PillionUrl.Endpoint("cache.example", 7000));
    assertThat(url.user()).isEqualTo("app");
    assertThat(url.password()).isEqualTo("p@ss");
    assertThat(url.database()).isEqualTo(5);
    assertThat(url.timeout()).isEqualTo(Duration.ofMillis(500));
    assertThat(url.connectTimeout()).isEqualTo(PillionUrl.DEFAULT_TIMEOUT);
  }

  @Test
  void hostsMayBeAddresses() {
    assertThat(PillionUrl.parse("redis://[::1]:7000").endpoints())
        .containsExactly(new PillionUrl.Endpoint("::1", 7000));
    assertThat(PillionUrl.parse("redis://[::1]").toString()).isEqualTo("redis://[::1]:6379");
    assertThat(PillionUrl.parse("REDIS://10.0.0.1/").endpoints())
        .containsExactly(new PillionUrl.Endpoint("10.0.0.1", 6379));
  }

  @Test
  void passwordsMayComeAloneOrAfterAColon() {
    assertThat(PillionUrl.parse("redis://:secret@h").password()).isEqualTo("secret");
    assertThat(PillionUrl.parse("redis://secret@h").password()).isEqualTo("secret");
    assertThat(PillionUrl.parse("redis://secret@h").user()).isNull();
    assertThat(PillionUrl.parse("redis://u:a:b@/c@h").password()).isEqualTo("a:b@/c");
  }

  @Test
  void severalHostsAreACluster() {
    PillionUrl url = PillionUrl.parse("redis://a:1,b:2,c");
    assertThat(url.kind()).isEqualTo(PillionUrl.Kind.CLUSTER);
    assertThat(url.endpoints()).hasSize(3);
    assertThat(PillionUrl.parse("redis://a?mode=cluster").kind())
        .isEqualTo(PillionUrl.Kind.CLUSTER);
    assertThatThrownBy(() -> PillionUrl.parse("redis://a,b/1"))
        .isInstanceOf(PillionUrlException.class)
        .hasMessageContaining("database 1");
  }

  @Test
  void sentinelsNameThePrimaryAtTheEnd() {
    PillionUrl url =
        PillionUrl.parse("redis-sentinel://pw@a,b:26380/2?sentinelPassword=spw#mymaster");
    assertThat(url.kind()).isEqualTo(PillionUrl.Kind.SENTINEL);
    assertThat(url.sentinelMaster()).isEqualTo("mymaster");
    assertThat(url.endpoints().get(0).port()).isEqualTo(26379);
    assertThat(url.database()).isEqualTo(2);
    assertThat(url.sentinelPassword()).isEqualTo("spw");
    assertThat(url.toString()).doesNotContain("pw");
    assertThatThrownBy(() -> PillionUrl.parse("redis-sentinel://a"))
        .isInstanceOf(PillionUrlException.class)
        .hasMessageContaining("#mymaster");
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix:///run/p.sock", "redis-socket:///run/p.sock", "unix:/run/p.sock"})
  void socketsHaveAPath(String text) {
    PillionUrl url = PillionUrl.parse(text);
    assertThat(url.kind()).isEqualTo(PillionUrl.Kind.SOCKET);
    assertThat(url.socketPath()).isEqualTo("/run/p.sock");
  }

  @Test
  void socketsTakeAPasswordAndADatabase() {
    PillionUrl url = PillionUrl.parse("redis-socket://u:secret@/run/p.sock?database=3&timeout=1s");
    assertThat(url.password()).isEqualTo("secret");
    assertThat(url.database()).isEqualTo(3);
    assertThat(url.toString()).isEqualTo("redis-socket://u:***@/run/p.sock?database=3");
    assertThatThrownBy(() -> PillionUrl.parse("unix://relative.sock"))
        .isInstanceOf(PillionUrlException.class)
        .hasMessageContaining("absolute path");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://h",
        "localhost",
        "localhost:6379",
        "user:secret@h",
        "redis:h",
        "redis://",
        "redis://h:port",
        "redis://h:0",
        "redis://h:65536",
        "redis://h/x",
        "redis://h/-1",
        "redis://u:sec%zz@h",
        "redis://u:%ff@h",
        "redis://h#master",
        "redis://h?tiemout=2s",
        "redis://h?timeout=0",
        "redis://h?timeout=soon",
        "redis://h?verifyPeer=maybe",
        "redis://h?mode=sharded",
        "redis://[::1",
        "redis://a,,b"
      })
  void whatCannotBeMeantIsRefusedAndNeverShowsASecret(String text) {
    assertThatThrownBy(() -> PillionUrl.parse(text))
        .isInstanceOf(PillionUrlException.class)
        .hasMessageNotContaining("secret")
        .hasMessageNotContaining("sec%")
        .hasMessageNotContaining("sec/")
        .hasMessageEndingWith(".");
  }

  @Test
  void anUnknownSchemeIsAnsweredWithTheKnownOnes() {
    assertThatThrownBy(() -> PillionUrl.parse("memcached://u:hidden@h"))
        .isInstanceOf(PillionUrlException.class)
        .hasMessage(
            "Unknown scheme \"memcached\" in the Pillion URL; known are embedded:, redis://,"
                + " rediss://, redis-socket://, unix://, redis-sentinel://, rediss-sentinel://.");
  }

  @ParameterizedTest
  @CsvSource({"250,PT0.25S", "250ms,PT0.25S", "2s,PT2S", "3m,PT3M", "1h,PT1H", "PT1.5S,PT1.5S"})
  void timesAreWrittenAsPeopleDo(String text, Duration expected) {
    assertThat(PillionUrl.parse("redis://h?timeout=" + text).timeout()).isEqualTo(expected);
  }
}
