package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;

final class BitmapCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String NOT_AN_INTEGER = "ERR value is not an integer or out of range";
  private static final String NO_OFFSET = "ERR bit offset is not an integer or out of range";
  private static final String NO_BIT = "ERR bit is not an integer or out of range";
  private static final String SYNTAX = "ERR syntax error";
  private static final String NO_ENCODING =
      "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but"
          + " i64 is.";

  @CommandTest
  @Since(valkey = "8.0")
  void countsToTheEndWhenNoneIsGiven(TestClient r) {
    r.ok("SET", "k", "foobar");
    r.line("BITCOUNT k 1").is(22);
    r.line("BITCOUNT k -1").is(4);
    r.line("BITCOUNT k x").isError("ERR value is not an integer or out of range");
    r.line("BITCOUNT none 0").is(0);
  }

  @CommandTest
  void setbitAndGetbit(TestClient r) {
    r.call("GETBIT", "k", 100).is(0);
    r.call("SETBIT", "k", 7, 1).is(0);
    r.call("GET", "k").is("\u0001");
    r.call("SETBIT", "k", 7, 1).is(1);
    r.call("GETBIT", "k", 7).is(1);
    r.call("SETBIT", "k", 7, 0).is(1);
    r.call("GET", "k").is("\0");
    r.call("SETBIT", "k", 24, 0).is(0);
    r.call("GET", "k").is("\0\0\0\0");
    r.call("SETBIT", "k", 16, 1).is(0);
    r.call("GET", "k").is("\0\0\u0080\0");
    r.call("GETBIT", "k", 32).is(0);
    r.call("GETBIT", "k", 4294967295L).is(0);
    r.ok("SET", "n", "12");
    r.call("GETBIT", "n", 3).is(1);
    r.call("OBJECT", "ENCODING", "n").is("int");
    r.call("SETBIT", "n", 0, 0).is(0);
    r.call("OBJECT", "ENCODING", "n").is("raw");
    r.call("PEXPIREAT", "n", 4102444800123L).is(1);
    r.call("SETBIT", "n", 900_000, 1).is(0);
    r.call("STRLEN", "n").is(112_501);
    r.call("BITCOUNT", "n").is(7);
    r.call("PEXPIRETIME", "n").is(4102444800123L);
  }

  @CommandTest
  void badBitsAndOffsets(TestClient r) {
    for (String offset : List.of("-1", "4294967296", "9223372036854775807", "x", "#1", "", "1.5")) {
      r.call("SETBIT", "k", offset, 1).isError(NO_OFFSET);
      r.call("GETBIT", "k", offset).isError(NO_OFFSET);
    }
    for (String bit : List.of("2", "-1", "x", "", "9223372036854775808")) {
      r.call("SETBIT", "k", 1, bit).isError(NO_BIT);
    }
    for (String offset : List.of("-1", "#-1", "4294967296", "#536870912", "#x", "#")) {
      r.call("BITFIELD", "k", "GET", "u8", offset).isError(NO_OFFSET);
    }
    r.call("BITFIELD", "k", "GET", "u8", "#536870911").isList(0L);
    r.call("DBSIZE").is(0);
  }

  @CommandTest
  void theLimitOfAStringsLengthIsConfigured(TestClient r, TestServer server) {
    server.config("proto-max-bulk-len", "2097152");
    r.call("SETBIT", "k", 16777216, 1).isError(NO_OFFSET);
    r.call("SETBIT", "k", 16777215, 1).is(0);
    r.call("STRLEN", "k").is(2097152);
    r.call("BITFIELD", "k", "SET", "u8", 16777216, 1).isError(NO_OFFSET);
    r.call("BITPOS", "k", 1).is(16777215);
    r.call("BITCOUNT", "k").is(1);
  }

  @CommandTest
  void anotherTypeIsRefused(TestClient r) {
    r.call("RPUSH", "list", "a");
    for (String command :
        List.of(
            "SETBIT list 0 1",
            "GETBIT list 0",
            "BITCOUNT list",
            "BITCOUNT list 0 1",
            "BITPOS list 1",
            "BITPOS list 1 0 1",
            "BITOP AND d list",
            "BITOP OR d none list",
            "BITFIELD list",
            "BITFIELD list GET u8 0",
            "BITFIELD list SET u8 0 1",
            "BITFIELD_RO list GET u8 0")) {
      r.line(command).isError(WRONG_TYPE);
    }
    r.ok("SET", "k", "v");
    r.line("BITOP NOT list k").is(1);
    r.call("GET", "list").is("\u0089");
  }

  @CommandTest
  void wrongNumbersOfArguments(TestClient r) {
    for (String command :
        List.of(
            "SETBIT k 1",
            "GETBIT k",
            "BITCOUNT",
            "BITPOS k",
            "BITOP AND d",
            "BITFIELD",
            "BITFIELD_RO")) {
      String name = command.split(" ", -1)[0].toLowerCase(Locale.ROOT);
      r.line(command).isError("ERR wrong number of arguments for '" + name + "' command");
    }
  }

  @CommandTest
  void bitcount(TestClient r) {
    r.call("BITCOUNT", "k").is(0);
    r.ok("SET", "k", "foobar");
    r.call("BITCOUNT", "k").is(26);
    r.line("BITCOUNT k 0 0").is(4);
    r.line("BITCOUNT k 1 1").is(6);
    r.line("BITCOUNT k 1 1 BYTE").is(6);
    r.line("BITCOUNT k 5 30 bit").is(17);
    r.line("BITCOUNT k -1 -1 BIT").is(0);
    r.line("BITCOUNT k -2 -1").is(7);
    r.line("BITCOUNT k -1 -2").is(0);
    r.line("BITCOUNT k -100 -200").is(0);
    r.line("BITCOUNT k -200 -100").is(4);
    r.line("BITCOUNT k 9223372036854775807 9223372036854775807").is(0);
    r.line("BITCOUNT k -9223372036854775808 9223372036854775807 BIT").is(26);
    r.line("BITCOUNT k 0 1 BITS").isError(SYNTAX);
    r.line("BITCOUNT k 0 1 BIT x").isError(SYNTAX);
    r.line("BITCOUNT k x 1").isError(NOT_AN_INTEGER);
    r.line("BITCOUNT k 0 x").isError(NOT_AN_INTEGER);
    r.ok("SET", "k", "");
    r.line("BITCOUNT k").is(0);
    r.line("BITCOUNT k 0 -1").is(0);
    r.line("BITCOUNT k 0 -1 BIT").is(0);
  }

  @CommandTest
  void bitpos(TestClient r) {
    r.line("BITPOS k 0").is(0);
    r.line("BITPOS k 1").is(-1);
    r.line("BITPOS k 0 5 6").is(0);
    r.ok("SET", "k", "\u00ff\u00f0\0");
    r.line("BITPOS k 0").is(12);
    r.line("BITPOS k 1 2").is(-1);
    r.line("BITPOS k 0 2").is(16);
    r.line("BITPOS k 1 1").is(8);
    r.line("BITPOS k 1 -2 -1").is(8);
    r.line("BITPOS k 1 9 100 BIT").is(9);
    r.line("BITPOS k 0 0 11 BIT").is(-1);
    r.line("BITPOS k 0 0 12 BIT").is(12);
    r.line("BITPOS k 0 0 0").is(-1);
    r.line("BITPOS k 1 2 1").is(-1);
    r.line("BITPOS k 1 100").is(-1);
    r.line("BITPOS k 0 100").is(-1);
    r.ok("SET", "k", "\u00ff".repeat(20));
    r.line("BITPOS k 0").is(160);
    r.line("BITPOS k 0 0").is(160);
    r.line("BITPOS k 0 3").is(160);
    r.line("BITPOS k 0 0 -1").is(-1);
    r.ok("SET", "k", "\0".repeat(20) + "\u0001");
    r.line("BITPOS k 1").is(167);
    r.line("BITPOS k 1 8").is(167);
    r.line("BITPOS k 1 0 166 BIT").is(-1);
    r.line("BITPOS k 2").isError("ERR The bit argument must be 1 or 0.");
    r.line("BITPOS k x").isError(NOT_AN_INTEGER);
    r.line("BITPOS k 1 x").isError(NOT_AN_INTEGER);
    r.line("BITPOS k 1 0 x").isError(NOT_AN_INTEGER);
    r.line("BITPOS k 1 0 1 foo").isError(SYNTAX);
    r.line("BITPOS k 1 0 1 BIT x").isError(SYNTAX);
    r.ok("SET", "k", "");
    r.line("BITPOS k 0").is(-1);
    r.line("BITPOS k 1").is(-1);
  }

  @CommandTest
  @Since("7.2.0")
  void wordsAreCheckedEvenWhenThereIsNoKey(TestClient r) {
    r.line("BITCOUNT none x 1").isError(NOT_AN_INTEGER);
    r.line("BITCOUNT none 0 1 hello").isError(SYNTAX);
    r.line("BITPOS none 0 x").isError(NOT_AN_INTEGER);
    r.line("BITPOS none 0 0 1 hello").isError(SYNTAX);
  }

  @CommandTest
  void countingAndSearchingAgreeWithABitSet(TestClient r) {
    Random random = new Random(5);
    for (int round = 0; round < 60; round++) {
      byte[] bytes = new byte[1 + random.nextInt(70)];
      if (random.nextBoolean()) {
        random.nextBytes(bytes);
      } else {
        Arrays.fill(bytes, (byte) (random.nextBoolean() ? 0 : -1));
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      }
      r.ok("SET", "k", bytes);
      int bits = bytes.length * 8;
      BitSet set = new BitSet();
      for (int i = 0; i < bits; i++) {
        set.set(i, (bytes[i / 8] >> (7 - i % 8) & 1) == 1);
      }
      int from = random.nextInt(bits);
      int to = from + random.nextInt(bits - from);
      r.call("BITCOUNT", "k", from, to, "BIT").is(set.get(from, to + 1).cardinality());
      int one = set.nextSetBit(from);
      r.call("BITPOS", "k", 1, from, to, "BIT").is(one > to ? -1 : one);
      int zero = set.nextClearBit(from);
      r.call("BITPOS", "k", 0, from, to, "BIT").is(zero > to ? -1 : zero);
    }
  }

  @CommandTest
  void bitop(TestClient r) {
    r.ok("SET", "a", "\u00ff\u000f\u0001");
    r.ok("SET", "b", "\u00aa");
    r.line("BITOP AND d a b").is(3);
    r.call("GET", "d").is("\u00aa\0\0");
    r.call("OBJECT", "ENCODING", "d").is("raw");
    r.line("bitop or d a b none").is(3);
    r.call("GET", "d").is("\u00ff\u000f\u0001");
    r.line("BITOP XOR d a b").is(3);
    r.call("GET", "d").is("U\u000f\u0001");
    r.line("BITOP NOT d a").is(3);
    r.call("GET", "d").is("\0\u00f0\u00fe");
    r.line("BITOP AND d a none").is(3);
    r.call("GET", "d").is("\0\0\0");
    r.line("BITOP OR d a").is(3);
    r.call("GET", "d").is("\u00ff\u000f\u0001");
    r.line("BITOP OR d none").is(0);
    r.call("EXISTS", "d").is(0);
    r.line("BITOP NOT d none").is(0);
    r.line("BITOP NOT d a b").isError("ERR BITOP NOT must be called with a single source key.");
    r.line("BITOP NAND d a b").isError(SYNTAX);
  }

  @CommandTest
  void bitopOntoItself(TestClient r) {
    r.ok("SET", "a", "\u000f", "PXAT", "4102444800123");
    r.ok("SET", "b", "\u00f0ab");
    r.line("BITOP OR a b a a").is(3);
    r.call("GET", "a").is("\u00ffab");
    r.call("TTL", "a").is(-1);
    r.line("BITOP XOR a a a").is(3);
    r.call("GET", "a").is("\0\0\0");
    r.line("BITOP NOT b b").is(3);
    r.call("GET", "b").is("\u000f\u009e\u009d");
    r.ok("SET", "d", "v", "PXAT", "4102444800123");
    r.line("BITOP NOT d b").is(3);
    r.call("TTL", "d").is(-1);
    r.ok("SET", "b", "b");
    r.line("BITOP AND d b").is(1);
    r.call("GET", "d").is("b");
  }

  @CommandTest
  void bitopOfLongStrings(TestClient r) {
    Random random = new Random(9);
    byte[] a = new byte[1_300_001];
    byte[] b = new byte[700_003];
    random.nextBytes(a);
    random.nextBytes(b);
    r.ok("SET", "a", a);
    r.ok("SET", "b", b);
    byte[] expected = a.clone();
    for (int i = 0; i < b.length; i++) {
      expected[i] ^= b[i];
    }
    r.line("BITOP XOR d a b").is(a.length);
    r.call("GET", "d").is(expected);
    r.line("BITOP XOR b b a").is(a.length);
    r.call("GET", "b").is(expected);
    r.call("BITCOUNT", "b").is(BitSet.valueOf(expected).cardinality());
  }

  @CommandTest
  void bitfield(TestClient r) {
    r.call("BITFIELD", "k").isList();
    r.line("BITFIELD k GET u8 0 GET i64 100").isList(0L, 0L);
    r.call("EXISTS", "k").is(0);
    r.line("BITFIELD k SET u8 0 255 GET i8 0 SET i8 0 -100 GET u8 #0").isList(0L, -1L, -1L, 156L);
    r.line("BITFIELD k INCRBY u2 100 1 INCRBY u2 100 1 INCRBY u2 100 1 INCRBY u2 100 1")
        .isList(1L, 2L, 3L, 0L);
    r.line("BITFIELD k OVERFLOW SAT INCRBY u2 102 5 INCRBY u2 102 -9 INCRBY i5 0 100")
        .isList(3L, 0L, 15L);
    r.line("BITFIELD k OVERFLOW FAIL INCRBY u2 102 5 SET u4 0 16 OVERFLOW WRAP SET u4 0 17")
        .isList(null, null, 7L);
    r.line("BITFIELD k SET i64 3 -9223372036854775808 GET i64 3 INCRBY i64 3 -1")
        .satisfies(each -> assertThat((List<?>) each).element(2).isEqualTo(Long.MAX_VALUE));
    r.line("BITFIELD k OVERFLOW SAT INCRBY i64 3 1 SET i1 0 5 SET u63 9 -1 GET u63 9 GET i1 0")
        .satisfies(each -> assertThat((List<?>) each).element(3).isEqualTo(Long.MAX_VALUE));
    r.call("STRLEN", "k").is(13);
    r.line("BITFIELD k GET u20 90 GET u8 103 GET u63 200")
        .satisfies(each -> assertThat((List<?>) each).hasSize(3));
  }

  @CommandTest
  void bitfieldThatFailsToWriteMakesRoomAllTheSame(TestClient r) {
    r.line("BITFIELD k OVERFLOW FAIL SET u8 #2 256").isList((Object) null);
    r.call("STRLEN", "k").is(3);
  }

  @CommandTest
  void bitfieldRefusesBadWords(TestClient r) {
    for (String command :
        List.of(
            "BITFIELD k FOO",
            "BITFIELD k GET u8",
            "BITFIELD k SET u8 0",
            "BITFIELD k INCRBY u8 0",
            "BITFIELD k OVERFLOW",
            "BITFIELD_RO k GET u8")) {
      r.line(command).isError(SYNTAX);
    }
    for (String type : List.of("u64", "i65", "u0", "i0", "x8", "", "u", "i-1", "u08", "U8")) {
      r.call("BITFIELD", "k", "GET", type, 0).isError(NO_ENCODING);
    }
    r.line("BITFIELD k OVERFLOW foo").isError("ERR Invalid OVERFLOW type specified");
    r.line("BITFIELD k SET u8 0 x").isError(NOT_AN_INTEGER);
    r.line("BITFIELD k SET u8 0 1 GET u64 0").isError(NO_ENCODING);
    r.line("BITFIELD_RO k SET u8 0 1").isError("ERR BITFIELD_RO only supports the GET subcommand");
    r.line("BITFIELD_RO k OVERFLOW SAT GET u8 0").isList(0L);
    r.call("DBSIZE").is(0);
  }

  @CommandTest
  void bitfieldOfEveryWidth(TestClient r) {
    for (int bits = 1; bits <= 64; bits++) {
      for (String sign : List.of("i", "u")) {
        if (bits == 64 && sign.equals("u")) {
          continue;
        }
        String type = sign + bits;
        long least = sign.equals("i") ? -1L << (bits - 1) : 0;
        long most = sign.equals("i") ? -1 - least : (1L << bits) - 1;
        r.call("DEL", "k");
        r.call("BITFIELD", "k", "SET", type, 3, least, "SET", type, 3, most).isList(0L, least);
        r.call("BITFIELD", "k", "INCRBY", type, 3, 1, "INCRBY", type, 3, -1).isList(least, most);
        r.call("BITFIELD", "k", "OVERFLOW", "SAT", "INCRBY", type, 3, Long.MAX_VALUE).isList(most);
        r.call("BITFIELD", "k", "OVERFLOW", "FAIL", "INCRBY", type, 3, 1, "GET", type, 3)
            .isList(null, most);
        r.call("BITFIELD", "k", "OVERFLOW", "SAT", "INCRBY", type, 3, -1, "GET", "u3", 0)
            .isList(most - 1, 0L);
      }
    }
  }

  @CommandTest
  void keysOfBitfield(TestClient r) {
    r.line("COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0")
        .isList(List.of("k", List.of(status("RO"), status("access"))));
    r.line("COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0 SET u8 0 1")
        .isList(List.of("k", List.of(status("RW"), status("access"), status("update"))));
    r.line("COMMAND GETKEYS BITOP AND d a b").isList("d", "a", "b");
  }

  private static Object status(String text) {
    return new Answer.Status(text);
  }
}
