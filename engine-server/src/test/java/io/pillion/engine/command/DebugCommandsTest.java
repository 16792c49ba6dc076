package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import java.util.List;

/** DEBUG, as far as test suites and clients use it. */
final class DebugCommandsTest {
  private static String unknown(String subcommand) {
    return "ERR unknown subcommand or wrong number of arguments for '"
        + subcommand
        + "'. Try DEBUG HELP.";
  }

  @CommandTest
  void whatIsAcceptedWithoutEffect(TestClient r) {
    for (String words :
        List.of(
            "QUICKLIST-PACKED-THRESHOLD 100b",
            "SET-DISABLE-DENY-SCRIPTS 0",
            "PAUSE-CRON 0",
            "CHANGE-REPL-ID",
            "REPLYBUFFER PEAK-RESET-TIME never",
            "REPLYBUFFER PEAK-RESET-TIME reset",
            "REPLYBUFFER RESIZING 1",
            "LOG hello")) {
      r.line("DEBUG " + words).isOk();
    }
    r.line("DEBUG REPLYBUFFER FOO 1").isError(unknown("REPLYBUFFER"));
    r.line("DEBUG CHANGE-REPL-ID 1").isError(unknown("CHANGE-REPL-ID"));
    r.line("DEBUG PAUSE-CRON").isError(unknown("PAUSE-CRON"));
    r.line("DEBUG NONSENSE").isError(unknown("NONSENSE"));
  }

  @CommandTest
  void tables(TestClient r) {
    r.ok("SET", "k", "v");
    assertThat(r.call("DEBUG", "HTSTATS", "0").text())
        .contains("[Dictionary HT]\nHash table 0 stats (main hash table):\n table size: ")
        .contains(" number of elements: 1\n")
        .contains("[Expires HT]\n");
    r.call("DEBUG", "HTSTATS", "99").isError("ERR Out of range database");
    r.call("DEBUG", "HTSTATS-KEY", "k")
        .isError(
            "ERR The value stored at the specified key is not represented using an hash table");
    r.call("DEBUG", "HTSTATS-KEY", "none").isError("ERR no such key");
    r.call("SADD", "s", "a".repeat(100)).is(1);
    assertThat(r.call("DEBUG", "HTSTATS-KEY", "s").text()).contains(" number of elements: 1\n");
    r.call("DEBUG", "SDSLEN", "s").isError("ERR Not an sds encoded string.");
    assertThat(String.valueOf(r.call("DEBUG", "SDSLEN", "k").value()))
        .contains("key_sds_len:1, key_sds_avail:")
        .contains(", val_sds_len:1, val_sds_avail:");
    r.call("DEBUG", "LISTPACK", "k").isErrorLike("ERR Not a listpack encoded object.");
    r.call("HSET", "h", "f", "1").is(1);
    r.call("DEBUG", "LISTPACK", "h").isStatus("Listpack structure printed on stdout");
  }

  @CommandTest
  @Since(valkey = "8.0.0")
  void attributesAndPushes(TestClient r) {
    r.call("DEBUG", "PROTOCOL", "attrib").is("Some real reply following the attribute");
    r.call("DEBUG", "PROTOCOL", "push").isError("ERR RESP2 is not supported by this command");
    r.hello3();
    r.call("DEBUG", "PROTOCOL", "push").is("Some real reply following the push reply");
    assertThat(r.push().elements()).isEqualTo(List.of("server-cpu-usage", 42L));
    r.call("DEBUG", "PROTOCOL", "nonsense")
        .isError(
            "ERR Wrong protocol type name. Please use one of the following:"
                + " string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
  }

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void dictResizing(TestClient r) {
    r.ok("DEBUG", "DICT-RESIZING", "1");
  }

  @CommandTest
  void clientEviction(TestClient r) {
    r.call("DEBUG", "CLIENT-EVICTION").isError("ERR maxmemory-clients is disabled.");
  }

  @CommandTest
  void aKeyWhoseTimeHasComeIsLookedAtAndStays(TestClient r) {
    r.ok("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    r.ok("SET", "k", "v", "PX", "1");
    r.ok("DEBUG", "SLEEP", "0.01");
    assertThat(String.valueOf(r.call("DEBUG", "OBJECT", "k").value())).contains("Value at:");
    assertThat(String.valueOf(r.call("DEBUG", "SDSLEN", "k").value())).contains("key_sds_len:1");
    r.call("DBSIZE").is(1);
    r.call("EXISTS", "k").is(0);
    r.call("DBSIZE").is(0);
    r.call("DEBUG", "OBJECT", "k").isError("ERR no such key");
    r.ok("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  }
}
