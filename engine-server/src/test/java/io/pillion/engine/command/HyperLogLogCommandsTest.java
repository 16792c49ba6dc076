package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.Oracle;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The strings are compared byte by byte, and by DEBUG DIGEST, with the real server's. */
final class HyperLogLogCommandsTest {
  private static final String NOT_ONE = "WRONGTYPE Key is not a valid HyperLogLog string value.";
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String BROKEN = "INVALIDOBJ Corrupted HLL object detected";

  /** The letters, the encoding, and a cardinality that is not known. */
  private static final String SPARSE = "HYLL\1\0\0\0\0\0\0\0\0\0\0\u0080";

  private static final String DENSE = "HYLL\0\0\0\0\0\0\0\0\0\0\0\u0080";

  private static void add(TestClient r, String key, String prefix, int from, int to) {
    for (int i = from; i < to; i += 50) {
      List<Object> words = new ArrayList<>(List.of("PFADD", key));
      for (int j = i; j < Math.min(to, i + 50); j++) {
        words.add(prefix + j);
      }
      r.call(words.toArray());
    }
  }

  @CommandTest
  void anEmptyOne(TestClient r) {
    r.call("PFCOUNT", "k").is(0);
    r.call("PFADD", "k").is(1);
    r.call("GET", "k").is(SPARSE + "\u007f\u00ff");
    r.call("PFADD", "k").is(0);
    r.call("OBJECT", "ENCODING", "k").is("raw");
    r.call("TYPE", "k").isStatus("string");
    r.call("PFCOUNT", "k").is(0);
    r.call("GET", "k").is(SPARSE.replace('\u0080', '\0') + "\u007f\u00ff");
    r.call("PFMERGE", "merged").isOk();
    r.call("GET", "merged").is(SPARSE + "\u007f\u00ff");
  }

  @CommandTest
  void addAndCount(TestClient r) {
    r.call("PFADD", "k", "a", "b", "c", "d", "e", "f", "g").is(1);
    r.call("PFCOUNT", "k").is(7);
    r.call("PFADD", "k", "a", "g").is(0);
    r.call("PFADD", "k", "", "\0\u00ff", "12345678", "123456789", "x".repeat(1000)).is(1);
    r.call("PFCOUNT", "k").is(12);
    r.call("PFCOUNT", "k", "nothing").is(12);
    r.call("EXPIRE", "k", 1000);
    r.call("PFADD", "k", "more").is(1);
    r.call("TTL", "k").isBetween(990, 1000);
    r.call("PERSIST", "k").is(1);
  }

  @CommandTest
  void growsFromSparseToDense(TestClient r) {
    add(r, "k", "e", 0, 500);
    r.call("PFCOUNT", "k").isBetween(480, 520);
    r.call("GETRANGE", "k", 4, 4).is("\1");
    add(r, "k", "e", 500, 5000);
    r.call("GETRANGE", "k", 4, 4).is("\0");
    r.call("STRLEN", "k").is(12304);
    r.call("PFCOUNT", "k").isBetween(4850, 5150);
    add(r, "k", "e", 5000, 60_000);
    r.call("PFCOUNT", "k").isBetween(58_500, 61_500);
    r.call("PFADD", "k", "e1", "e59999").is(0);
  }

  @CommandTest
  void sparseMaxBytesIsKept(TestClient r, TestServer server) {
    server.config("hll-sparse-max-bytes", "0");
    r.call("PFADD", "none").is(1);
    r.call("STRLEN", "none").is(18);
    r.call("PFADD", "none", "a").is(1);
    r.call("STRLEN", "none").is(12304);
    server.config("hll-sparse-max-bytes", "30");
    add(r, "few", "e", 0, 4);
    r.call("STRLEN", "few").isBetween(19, 30);
    add(r, "few", "e", 4, 20);
    r.call("STRLEN", "few").is(12304);
    server.config("hll-sparse-max-bytes", "16000");
    add(r, "many", "e", 0, 5000);
    r.call("STRLEN", "many").isBetween(3001, 12303);
    r.call("PFCOUNT", "many").isBetween(4850, 5150);
    // Effects are the words as sent, which give other bytes where the limit is another.
    r.ok("FLUSHALL");
  }

  @CommandTest
  void mergeAndCountTogether(TestClient r) {
    add(r, "small", "e", 0, 30);
    add(r, "middle", "e", 20, 300);
    add(r, "large", "e", 200, 9000);
    r.call("PFCOUNT", "small", "middle").isBetween(290, 310);
    r.call("PFCOUNT", "small", "middle", "none", "large").isBetween(8800, 9200);
    r.call("PFMERGE", "sparse", "small", "none", "middle").isOk();
    r.call("PFCOUNT", "sparse").is(r.call("PFCOUNT", "small", "middle"));
    r.call("GETRANGE", "sparse", 4, 4).is("\1");
    r.call("PFMERGE", "small", "large").isOk();
    r.call("GETRANGE", "small", 4, 4).is("\0");
    r.call("PFCOUNT", "small", "middle").is(r.call("PFCOUNT", "small", "large", "sparse"));
    r.call("PFMERGE", "large", "middle").isOk();
    r.call("PFMERGE", "middle").isOk();
  }

  @CommandTest
  void otherValuesAreRefused(TestClient r) {
    r.ok("SET", "text", "hello");
    r.ok("SET", "number", "1234567890123456789");
    r.ok("SET", "almost", "HYLK" + SPARSE.substring(4) + "\u007f\u00ff");
    r.ok("SET", "encoding", "HYLL\2" + SPARSE.substring(5) + "\u007f\u00ff");
    r.ok("SET", "short", SPARSE.substring(1));
    r.ok("SET", "dense short", DENSE + "\0".repeat(12287));
    r.ok("SET", "dense long", DENSE + "\0".repeat(12289));
    r.call("PFADD", "good", "a").is(1);
    for (String key :
        List.of("text", "number", "almost", "encoding", "short", "dense short", "dense long")) {
      r.call("PFADD", key).isError(NOT_ONE);
      r.call("PFADD", key, "a").isError(NOT_ONE);
      r.call("PFCOUNT", key).isError(NOT_ONE);
      r.call("PFCOUNT", "good", key).isError(NOT_ONE);
      r.call("PFMERGE", key, "good").isError(NOT_ONE);
      r.call("PFMERGE", "new", "good", key).isError(NOT_ONE);
    }
    r.call("RPUSH", "list", "a");
    r.call("PFADD", "list", "a").isError(WRONG_TYPE);
    r.call("PFCOUNT", "list").isError(WRONG_TYPE);
    r.call("PFCOUNT", "good", "list").isError(WRONG_TYPE);
    r.call("PFMERGE", "list").isError(WRONG_TYPE);
    r.call("PFMERGE", "good", "list").isError(WRONG_TYPE);
    r.line("PFADD").isError("ERR wrong number of arguments for 'pfadd' command");
    r.line("PFCOUNT").isError("ERR wrong number of arguments for 'pfcount' command");
    r.line("PFMERGE").isError("ERR wrong number of arguments for 'pfmerge' command");
    r.call("EXISTS", "new").is(0);
  }

  @CommandTest
  void brokenRunsAreRefused(TestClient r) {
    r.call("PFADD", "good", "a").is(1);
    for (String runs : List.of("", "\u007f\u00fe", "\u007f\u00ff\u007f\u00ff", "\u0080", "\0")) {
      r.ok("SET", "k", SPARSE + runs);
      r.call("PFCOUNT", "k").isError(BROKEN);
      r.call("PFCOUNT", "good", "k").isError(BROKEN);
      r.call("PFMERGE", "new", "k").isError(BROKEN);
      r.call("PFMERGE", "good", "k").isError(BROKEN);
      r.call("GET", "k").is(SPARSE + runs);
    }
    r.ok("SET", "k", SPARSE + "\u0080");
    r.call("PFADD", "k", "a").isError(BROKEN);
    r.call("EXISTS", "new").is(0);
    // What the header says is believed, and what no hash can give is counted all the same.
    r.ok("SET", "k", SPARSE.replace('\u0080', '\0') + "\u0080");
    r.call("PFCOUNT", "k").is(0);
    r.ok("SET", "k", DENSE + "\u00ff".repeat(12288));
    r.call("PFCOUNT", "k").is(Long.MIN_VALUE);
    r.call("PFADD", "k", "a").is(0);
  }

  /** Runs that count more registers than an int can (CVE-2025-32023). */
  @CommandTest(oursOnly = true)
  void runsBeyondCountingAreRefused(TestClient r) {
    r.call("PFADD", "good", "a").is(1);
    r.ok("SET", "k", SPARSE + "\u007f\u00ff".repeat(140_000) + "\u0083".repeat(9));
    r.call("PFADD", "k", "a").isError(BROKEN);
    r.call("PFCOUNT", "k").isError(BROKEN);
    r.call("PFCOUNT", "k", "good").isError(BROKEN);
    r.call("PFMERGE", "good", "k").isError(BROKEN);
    r.call("PFMERGE", "k", "good").isError(BROKEN);
  }

  @CommandTest(oursOnly = true)
  void effects(TestClient r, TestServer server) {
    EngineServer engine = (EngineServer) server;
    r.call("PFADD", "k", "a").is(1);
    r.call("PFADD", "k", "a").is(0);
    r.call("PFCOUNT", "k").is(1);
    r.call("PFCOUNT", "k").is(1);
    r.call("PFCOUNT", "k", "l").is(1);
    r.call("PFMERGE", "l", "k").isOk();
    assertThat(engine.effects().stream().map(Object::toString))
        .containsExactly("PFADD k a", "PFCOUNT k", "PFMERGE l k");
  }

  @CommandTest
  void aCountThatIsKeptIsAChangeToWatchers(TestClient r, TestServer server) {
    r.call("PFADD", "k", "a");
    r.ok("WATCH", "k");
    server.client().call("PFCOUNT", "k").is(1);
    r.ok("MULTI");
    r.call("GET", "k").isQueued();
    r.call("EXEC").isNilArray();
    r.ok("WATCH", "k");
    server.client().call("PFCOUNT", "k").is(1);
    r.ok("MULTI");
    r.call("PFCOUNT", "k").isQueued();
    r.call("EXEC").isList(1);
  }

  /** Strings with bytes changed, cut off and added: an answer or the error, and never a bug. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void mutatedStringsAreSurvived(long seed) {
    Random random = new Random(seed);
    Oracle.withOursAndAnyOracle(
        (ours, oracle) -> {
          add(ours, "sparse", "s", 0, 200);
          add(ours, "tiny", "t", 0, 3);
          add(ours, "dense", "d", 0, 4000);
          List<String> strings = new ArrayList<>();
          for (String key : List.of("sparse", "tiny", "dense")) {
            strings.add(ours.call("GET", key).text());
          }
          for (int i = 0; i < 1500; i++) {
            String mutant = mutant(random, strings.get(i % 3));
            ours.ok("SET", "k", mutant);
            Answer count = ours.call("PFCOUNT", "k");
            if (oracle != null) {
              oracle.ok("SET", "k", mutant);
              oracle.call("PFCOUNT", "k").is(count);
              oracle.call("GET", "k").is(ours.call("GET", "k"));
            }
            for (Object[] words :
                new Object[][] {
                  {"PFADD", "k", "a" + i, "b" + i},
                  {"PFCOUNT", "k", "sparse"},
                  {"PFMERGE", "copy", "k"},
                  {"PFMERGE", "k", "tiny"},
                  {"PFADD", "k", "c" + i},
                  {"PFCOUNT", "k"}
                }) {
              Answer answer = ours.call(words);
              if (answer.value() instanceof Answer.Failure failure) {
                assertThat(failure.text())
                    .as(Arrays.toString(words) + " on mutant " + i)
                    .isIn(NOT_ONE, BROKEN);
              }
            }
            assertThat(ours.call("STRLEN", "k").integer()).isLessThan(40_000);
          }
        });
  }

  private static String mutant(Random random, String string) {
    StringBuilder mutant = new StringBuilder(string);
    for (int i = random.nextInt(4); i >= 0 && mutant.length() > 0; i--) {
      // Mostly behind the header, where the registers are.
      int least = random.nextInt(8) == 0 ? 0 : Math.min(15, mutant.length() - 1);
      int at = least + random.nextInt(mutant.length() - least);
      switch (random.nextInt(5)) {
        case 0 -> mutant.setLength(at);
        case 1 -> mutant.insert(at, (char) random.nextInt(256));
        case 2 -> mutant.deleteCharAt(at);
        case 3 -> mutant.append((char) random.nextInt(256));
        default -> mutant.setCharAt(at, (char) random.nextInt(256));
      }
    }
    return mutant.toString();
  }
}
