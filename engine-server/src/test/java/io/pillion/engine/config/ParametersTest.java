package io.pillion.engine.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.config.Parameters.OutputLimit;
import io.pillion.engine.config.Parameters.Setting;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParametersTest {
  private final Parameters parameters = new Parameters();

  private void change(String... namesAndValues) {
    List<Setting> settings = new ArrayList<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      settings.add(new Setting(namesAndValues[i], namesAndValues[i + 1]));
    }
    parameters.change(settings, /* local= */ true);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "maxmemory|abc|argument must be a memory value",
        "maxmemory|-1|argument must be a memory value",
        "maxmemory|1.5gb|argument must be a memory value",
        "appendonly|maybe|argument must be 'yes' or 'no'",
        "appendfsync|x|argument(s) must be one of the following: everysec, always, no",
        "hz|x|argument couldn't be parsed into an integer",
        "hz|-4|argument must be between 0 and 2147483647 inclusive",
        "timeout|3mb|argument couldn't be parsed into an integer",
        "port|70000|argument must be between 0 and 65535 inclusive",
        "databases|4|can't set immutable config",
        "dir|/|can't set protected config",
        "save|1|Invalid save parameters",
        "save|a b|Invalid save parameters",
        "save|0 1|Invalid save parameters",
        "client-output-buffer-limit|normal|Wrong number of arguments in buffer limit"
            + " configuration.",
        "client-output-buffer-limit|foo 1 2 3|Invalid client class specified in buffer limit"
            + " configuration.",
        "client-output-buffer-limit|normal -1 0 0|Error in hard, soft or soft_seconds setting in"
            + " buffer limit configuration.",
        "notify-keyspace-events|Kx9|Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
        "oom-score-adj-values|1 2|wrong number of arguments",
        "oom-score-adj-values|0 1 9999|Invalid oom-score-adj-values, elements must be between"
            + " -2000 and 2000.",
        "maxmemory-clients|101%|percentage argument must be less or equal to 100",
        "maxmemory-clients|1b%|argument must be a memory or percent value",
        "maxclients|0|argument must be between 1 and 4294967295 inclusive",
        "shutdown-on-sigterm|save nosave|shutdown options SAVE and NOSAVE can't be used"
            + " simultaneously",
        "shutdown-on-sigterm|x|argument(s) must be one of the following: default, save, nosave,"
            + " now, force",
        "proc-title-template|{nope}|template format is invalid or contains unknown variables",
        "proto-max-bulk-len|1|argument must be between 1048576 and 9223372036854775807 inclusive",
        "latency-tracking-info-percentiles|101|latency-tracking-info-percentiles parameters should"
            + " sit between [0.0,100.0]",
      })
  void refusesInRedisWords(String name, String value, String reason) {
    assertThatThrownBy(() -> change(name, value))
        .isInstanceOfSatisfying(
            ConfigException.class,
            e ->
                assertThat(e.errorReply())
                    .isEqualTo(
                        "ERR CONFIG SET failed (possibly related to argument '"
                            + name
                            + "') - "
                            + reason));
  }

  @Test
  void unknownAndDuplicateNames() {
    assertThatThrownBy(() -> change("nosuch", "1"))
        .isInstanceOfSatisfying(
            ConfigException.class,
            e ->
                assertThat(e.errorReply())
                    .isEqualTo(
                        "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"));
    assertThatThrownBy(() -> change("maxmemory", "1", "MAXMEMORY", "2"))
        .hasMessage("duplicate parameter");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "maxmemory|100mb|104857600",
        "maxmemory|100MB|104857600",
        "maxmemory|1k|1000",
        "MaxMemory-Clients|5%|5%",
        "hash-max-ziplist-value|1kb|1024",
        "shutdown-on-sigterm|force NOSAVE|nosave force",
        "notify-keyspace-events|KEA|AKE",
        "notify-keyspace-events|g$lshzxetdK|AK",
        "save|100 1 200 2|100 1 200 2",
        "appendonly|YES|yes",
        "oom-score-adj|relative|relative",
        "latency-tracking-info-percentiles|50.0 99.99|50 99.99",
        "maxmemory-policy|ALLKEYS-LRU|allkeys-lru",
      })
  void bringsValuesIntoTheirUsualForm(String name, String value, String text) {
    change(name, value);
    assertThat(parameters.text(name)).isEqualTo(text);
  }

  @Test
  void anAliasIsTheSameParameter() {
    change("slave-priority", "7");
    assertThat(parameters.number("replica-priority")).isEqualTo(7);
    assertThat(Parameters.visibleNames())
        .contains("slave-priority", "replica-priority", "lua-time-limit")
        .doesNotContain("key-load-delay");
    assertThat(parameters.number("key-load-delay")).isZero();
  }

  @Test
  void outputLimitsChangeOnlyTheNamedClass() {
    change("client-output-buffer-limit", "replica 1mb 2 3");
    assertThat(parameters.text("client-output-buffer-limit"))
        .isEqualTo("normal 0 0 0 slave 1048576 2 3 pubsub 33554432 8388608 60");
    assertThat(parameters.outputLimit("slave")).isEqualTo(new OutputLimit(1 << 20, 2, 3));
  }

  @Test
  void changesAllOrNothing() {
    assertThatThrownBy(() -> change("maxmemory", "5mb", "hz", "x")).hasMessageContaining("integer");
    assertThat(parameters.number("maxmemory")).isZero();
  }

  @Test
  void aListenerThatRefusesTakesEverythingBack() {
    List<Long> heard = new ArrayList<>();
    parameters.onChange(() -> heard.add(parameters.number("maxmemory")), "maxmemory");
    parameters.onChange(
        () -> {
          if (parameters.number("port") == 1) {
            throw new ConfigException("Unable to listen on this port. Check server logs.");
          }
        },
        "port");
    assertThatThrownBy(() -> change("maxmemory", "5mb", "port", "1"))
        .isInstanceOfSatisfying(
            ConfigException.class,
            e -> assertThat(e.errorReply()).contains("(possibly related to argument 'port')"));
    assertThat(parameters.number("maxmemory")).isZero();
    assertThat(parameters.number("port")).isEqualTo(6379);
    assertThat(heard).containsExactly(5L << 20, 0L);
  }

  @Test
  void anUnchangedValueIsNotTold() {
    List<String> heard = new ArrayList<>();
    parameters.onChange(() -> heard.add("hz"), "hz");
    change("hz", "10");
    assertThat(heard).isEmpty();
  }

  @Test
  void protectedOnesNeedPermission() {
    parameters.set("enable-protected-configs", "local");
    change("dbfilename", "other.rdb");
    assertThat(parameters.text("dbfilename")).isEqualTo("other.rdb");
    assertThatThrownBy(
            () -> parameters.change(List.of(new Setting("dbfilename", "x")), /* local= */ false))
        .hasMessage("can't set protected config");
  }
}
