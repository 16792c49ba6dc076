package io.pillion.engine.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Lease;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.SlabPool;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestParserTest {
  private static final int MAX_BULK = 1 << 20;

  private boolean mustAuthenticate;
  private final RequestParser.Limits limits =
      new RequestParser.Limits() {
        @Override
        public long maxBulkBytes() {
          return MAX_BULK;
        }

        @Override
        public boolean mustAuthenticate() {
          return mustAuthenticate;
        }
      };
  private final RequestParser parser = new RequestParser(limits);
  private final Args args = new Args();

  /** What a parser makes of input: commands, and at most one error at the end. */
  private static List<String> parse(RequestParser parser, Args args, byte[] input, int... cuts) {
    List<String> seen = new ArrayList<>();
    int from = 0;
    try {
      for (int i = 0; i <= cuts.length; i++) {
        int to = i < cuts.length ? cuts[i] : input.length;
        while (from < to) {
          int n = parser.reserve(to - from);
          ByteBuffer outside = parser.target();
          if (outside != null) {
            outside.put(input, from, n);
          } else if (!parser.passesOver()) {
            System.arraycopy(input, from, parser.array(), parser.position(), n);
          }
          parser.received(n);
          from += n;
          parser.ready();
        }
        while (parser.ready()) {
          parser.take(args);
          seen.add(render(args));
        }
        parser.trim();
      }
    } catch (ProtocolException e) {
      seen.add(e.text());
    }
    return seen;
  }

  private static String render(Args args) {
    List<String> words = new ArrayList<>();
    for (int i = 0; i < args.count(); i++) {
      String word = args.get(i).toString();
      words.add(word.length() <= 64 ? word : word.length() + "#" + word.hashCode());
    }
    return words.toString();
  }

  private List<String> parse(String input) {
    return parse(parser, args, input.getBytes(ISO_8859_1));
  }

  private static byte[] request(Random random, List<String> expected) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int commands = 1 + random.nextInt(4); commands > 0; commands--) {
      int count = 1 + random.nextInt(5);
      out.writeBytes(("*" + count + "\r\n").getBytes(ISO_8859_1));
      Args words = new Args();
      for (int i = 0; i < count; i++) {
        int size = random.nextInt(8) == 0 ? 30_000 + random.nextInt(9_000) : random.nextInt(40);
        byte[] word = new byte[size];
        random.nextBytes(word);
        words.add(word, 0, size);
        out.writeBytes(("$" + size + "\r\n").getBytes(ISO_8859_1));
        out.writeBytes(word);
        out.writeBytes("\r\n".getBytes(ISO_8859_1));
      }
      expected.add(render(words));
    }
    return out.toByteArray();
  }

  @Test
  void everyCutGivesTheSameCommands() {
    byte[] input =
        "*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n\r\n*0\r\n*-1\r\n  SET \"a b\" 'c'\r\n*1\r\n$0\r\n\r\n"
            .getBytes(ISO_8859_1);
    List<String> whole = parse(parser, args, input);
    assertThat(whole).containsExactly("[GET, a]", "[PING]", "[SET, a b, c]", "[]");
    for (int first = 0; first <= input.length; first++) {
      for (int second = first; second <= input.length; second++) {
        assertThat(parse(new RequestParser(limits), args, input, first, second)).isEqualTo(whole);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void randomRequestsInRandomPieces(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < 50; round++) {
      List<String> expected = new ArrayList<>();
      byte[] input = request(random, expected);
      int[] cuts = random.ints(random.nextInt(12), 0, input.length).sorted().toArray();
      assertThat(parse(parser, args, input, cuts)).isEqualTo(expected);
      assertThat(parser.heldBytes()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14})
  void damagedRequestsEndInAnErrorOrInSilenceHoweverTheyAreCut(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < 400; round++) {
      byte[] input = request(random, new ArrayList<>());
      for (int damage = 1 + random.nextInt(3); damage > 0; damage--) {
        int at = random.nextInt(Math.min(input.length, 60));
        input[at] = (byte) "*$\r\n019-x ".charAt(random.nextInt(10));
      }
      int[] cuts = random.ints(random.nextInt(6), 0, input.length).sorted().toArray();
      List<String> whole = parse(new RequestParser(limits), args, input);
      assertThat(parse(new RequestParser(limits), args, input, cuts)).isEqualTo(whole);
    }
  }

  @Test
  void aLargeWordIsReceivedIntoAnArrayOfItsOwn() {
    byte[] word = new byte[300_000];
    Arrays.fill(word, (byte) 'x');
    parse("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$300000\r\n");
    int from = 0;
    while (from < word.length) {
      int n = parser.reserve(Math.min(1000, word.length - from));
      System.arraycopy(word, from, parser.array(), parser.position(), n);
      parser.received(n);
      from += n;
      assertThat(parser.ready()).isFalse();
    }
    assertThat(parser.array()).hasSizeLessThan(10_000);
    int n = parser.reserve(2);
    parser.received(n);
    assertThat(parser.ready()).isTrue();
    parser.take(args);
    assertThat(args.get(2)).isEqualTo(Bytes.of(word));
    assertThat(args.get(2).array()).hasSizeLessThan(2 * word.length);
    assertThat(args.get(1).toString()).isEqualTo("k");
  }

  @ParameterizedTest
  @ValueSource(longs = {21, 22, 23, 24})
  void parsersThatShareBuffersDoNotMixUpTheirBytes(long seed) {
    Random random = new Random(seed);
    BufferPool shared = new BufferPool();
    List<RequestParser> parsers = new ArrayList<>();
    List<byte[]> inputs = new ArrayList<>();
    List<List<String>> expected = new ArrayList<>();
    List<List<String>> seen = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      parsers.add(new RequestParser(limits, shared));
      expected.add(new ArrayList<>());
      seen.add(new ArrayList<>());
      ByteArrayOutputStream input = new ByteArrayOutputStream();
      for (int bursts = 0; bursts < 20; bursts++) {
        input.writeBytes(request(random, expected.get(i)));
        input.writeBytes(manyWords(random.nextInt(3000), expected.get(i)));
      }
      inputs.add(input.toByteArray());
    }
    int[] at = new int[6];
    for (int left = 6; left > 0; ) {
      int i = random.nextInt(6);
      byte[] input = inputs.get(i);
      if (at[i] == input.length) {
        continue;
      }
      int to = Math.min(input.length, at[i] + 1 + random.nextInt(80_000));
      seen.get(i).addAll(parse(parsers.get(i), args, Arrays.copyOfRange(input, at[i], to)));
      at[i] = to;
      left -= to == input.length ? 1 : 0;
    }
    assertThat(seen).isEqualTo(expected);
  }

  private static byte[] manyWords(int count, List<String> expected) {
    StringBuilder out = new StringBuilder("*" + (count + 1) + "\r\n$5\r\nRPUSH\r\n");
    List<String> words = new ArrayList<>(List.of("RPUSH"));
    for (int i = 0; i < count; i++) {
      String word = "word" + i;
      words.add(word);
      out.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
    }
    expected.add(words.toString());
    return out.toString().getBytes(ISO_8859_1);
  }

  @ParameterizedTest
  @ValueSource(ints = {40_000, 1_000_000, 64 << 20})
  void aLargeWordIsSeldomCopiedAsItGrows(int size) {
    RequestParser large = new RequestParser(bulkOf(size));
    byte[] piece = new byte[64 << 10];
    parse(large, args, ("*2\r\n$3\r\nGET\r\n$" + size + "\r\n").getBytes(ISO_8859_1));
    long copied = 0;
    byte[] before = large.array();
    for (int from = 0; from < size; ) {
      int n = large.reserve(Math.min(piece.length, size - from));
      if (large.array() != before) {
        before = large.array();
        copied += large.position();
      }
      System.arraycopy(piece, 0, large.array(), large.position(), n);
      large.received(n);
      from += n;
      large.ready();
    }
    assertThat(copied).isLessThan(size * 3L / 10);
    assertThat(large.reservedBytes()).isBetween((long) size, 2L * size);
  }

  /** Large words are received into an arena, however the input is cut. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void largeWordsAreReceivedOutsideTheHeap(long seed) throws Exception {
    Random random = new Random(seed);
    ByteArrayOutputStream input = new ByteArrayOutputStream();
    for (int i = 0; i < 12; i++) {
      int words = 1 + random.nextInt(4);
      input.write(("*" + words + "\r\n").getBytes(ISO_8859_1));
      for (int w = 0; w < words; w++) {
        byte[] word = new byte[random.nextInt(3) == 0 ? random.nextInt(MAX_BULK) : 10];
        Arrays.fill(word, (byte) ('a' + random.nextInt(26)));
        input.write(("$" + word.length + "\r\n").getBytes(ISO_8859_1));
        input.write(word);
        input.write("\r\n".getBytes(ISO_8859_1));
      }
    }
    byte[] bytes = input.toByteArray();
    int[] cuts = random.ints(200, 0, bytes.length).sorted().toArray();
    List<String> expected = parse(new RequestParser(limits), args, bytes, cuts);
    try (Arena arena = new Arena(SlabPool.shared(), 32 << 20)) {
      RequestParser lent = new RequestParser(lendingFrom(arena, MAX_BULK));
      assertThat(parse(lent, args, bytes, cuts)).isEqualTo(expected);
      // What is under way when the connection ends is given back, too.
      byte[] unfinished = Arrays.copyOf("*9\r\n$1\r\nx\r\n$70000\r\n".getBytes(ISO_8859_1), 60_000);
      parse(lent, args, unfinished);
      assertThat(arena.usedBytes()).isPositive();
      lent.close();
      arena.takeBack();
      assertThat(arena.usedBytes()).isZero();
    }
  }

  @Test
  void aLargeWordWithoutRoomIsPassedOver() {
    try (Arena arena = new Arena(SlabPool.shared(), 1 << 20)) {
      RequestParser lent = new RequestParser(lendingFrom(arena, /* maxHeapWordBytes= */ 0));
      String large = "*2\r\n$4\r\nECHO\r\n$1048576\r\n" + "x".repeat(1 << 20) + "\r\n";
      List<Boolean> refused = new ArrayList<>();
      byte[] input = (large + "*1\r\n$4\r\nPING\r\n").getBytes(ISO_8859_1);
      for (int from = 0; from < input.length; ) {
        int n = lent.reserve(Math.min(50_000, input.length - from));
        ByteBuffer outside = lent.target();
        if (outside != null) {
          outside.put(input, from, n);
        } else if (!lent.passesOver()) {
          System.arraycopy(input, from, lent.array(), lent.position(), n);
        }
        lent.received(n);
        from += n;
        while (lent.ready()) {
          lent.take(args);
          refused.add(args.hasLarge());
        }
      }
      assertThat(refused).containsExactly(true, false);
      assertThat(args.toString()).startsWith("PING");
      arena.takeBack();
      assertThat(arena.usedBytes()).isZero();
    }
  }

  private RequestParser.Limits lendingFrom(Arena arena, long maxHeapWordBytes) {
    return new RequestParser.Limits() {
      @Override
      public long maxBulkBytes() {
        return limits.maxBulkBytes();
      }

      @Override
      public boolean mustAuthenticate() {
        return false;
      }

      @Override
      public @Nullable Lease lend(int keyLength, int bytes) {
        try {
          arena.takeBack();
          return arena.allocateLeased(16 + keyLength, bytes);
        } catch (OutOfArenaException full) {
          return null;
        }
      }

      @Override
      public long maxHeapWordBytes() {
        return maxHeapWordBytes;
      }
    };
  }

  private static RequestParser.Limits bulkOf(int size) {
    return new RequestParser.Limits() {
      @Override
      public long maxBulkBytes() {
        return size;
      }

      @Override
      public boolean mustAuthenticate() {
        return false;
      }
    };
  }

  @Test
  void announcingALargeWordTakesNoMemory() {
    parse("*2\r\n$3\r\nGET\r\n$1048576\r\nabc");
    assertThat(parser.array().length).isLessThanOrEqualTo(RequestParser.LARGE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "*3000000000\\r\\n|invalid multibulk length",
        "*blabla\\r\\n|invalid multibulk length",
        "*\\r\\n|invalid multibulk length",
        "*01\\r\\n|invalid multibulk length",
        "*99999999999999999999\\r\\n|invalid multibulk length",
        "*3\\r\\n$3\\r\\nSET\\r\\n$1\\r\\nx\\r\\nfooz\\r\\n|expected '$', got 'f'",
        "*1\\r\\nfoo\\r\\n|expected '$', got 'f'",
        "*3\\r\\n$3\\r\\nSET\\r\\n$1\\r\\nx\\r\\n$blabla\\r\\n|invalid bulk length",
        "*1\\r\\n$-10\\r\\n|invalid bulk length",
        "*1\\r\\n$2000000000\\r\\n|invalid bulk length",
        "*1\\r\\n$1048577\\r\\n|invalid bulk length",
        "*1\\r\\n$9223372036854775807\\r\\n|invalid bulk length",
        "SET k \"unbalanced\\r\\n|unbalanced quotes in request",
        "SET k \"a\"b\\r\\n|unbalanced quotes in request",
      })
  void complainsInRedisWords(String input, String error) {
    assertThat(parse("PING\r\n" + input.replace("\\r\\n", "\r\n")))
        .containsExactly("[PING]", "ERR Protocol error: " + error);
  }

  @Test
  void linesThatDoNotEnd() {
    String endless = "x".repeat(70_000);
    assertThat(parse(endless)).containsExactly("ERR Protocol error: too big inline request");
    assertThat(parse(new RequestParser(limits), args, ("*" + endless).getBytes(ISO_8859_1)))
        .containsExactly("ERR Protocol error: too big mbulk count string");
    assertThat(parse(new RequestParser(limits), args, ("*1\r\n$" + endless).getBytes(ISO_8859_1)))
        .containsExactly("ERR Protocol error: too big bulk count string");
  }

  @Test
  void littleIsTakenFromStrangers() {
    mustAuthenticate = true;
    assertThat(parse("*10\r\n")).isEmpty();
    assertThat(parse(new RequestParser(limits), args, "*11\r\n".getBytes(ISO_8859_1)))
        .containsExactly("ERR Protocol error: unauthenticated multibulk length");
    assertThat(parse("$16384\r\n")).isEmpty();
    assertThat(parse(new RequestParser(limits), args, "*1\r\n$16385\r\n".getBytes(ISO_8859_1)))
        .containsExactly("ERR Protocol error: unauthenticated bulk length");
  }

  @Test
  void limitsAreAskedAnewOnceACommandWasTaken() {
    mustAuthenticate = true;
    byte[] input = "AUTH x\r\n*11\r\n".getBytes(ISO_8859_1);
    int n = parser.reserve(input.length);
    System.arraycopy(input, 0, parser.array(), parser.position(), n);
    parser.received(n);
    assertThat(parser.ready()).isTrue();
    parser.take(args);
    mustAuthenticate = false;
    assertThat(parser.ready()).isFalse();
  }

  // What Netty's own codec got wrong in 2026, as requests.

  @Test
  void cve44250NestedArraysAreNoWords() {
    assertThat(parse("*1\r\n".repeat(100_000)))
        .containsExactly("ERR Protocol error: expected '$', got '*'");
  }

  @Test
  void cve50011AHeaderAllocatesNothing() {
    assertThat(parse("*2147483647\r\n")).isEmpty();
    assertThat(parser.heldBytes()).isLessThan(100);
  }

  @Test
  void cve44890AMissingLineBreakAfterAWordIsSkippedAsRedisDoes() {
    assertThat(parse("*1\r\n$4\r\nPINGxxPING\r\n")).containsExactly("[PING]", "[PING]");
  }

  @Test
  void cve48006WhatWasReceivedInsideAnArrayIsHeldAndNoMore() {
    assertThat(parse("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n")).isEmpty();
    assertThat(parser.ready()).isFalse();
    assertThat(parser.heldBytes()).isEqualTo("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n".length());
  }

  @Test
  void cve42586LineBreaksInWordsStayInWords() {
    assertThat(parse("*2\r\n$4\r\nECHO\r\n$11\r\na\r\n+OK\r\nb\r\n\r\n"))
        .containsExactly("[ECHO, a\r\n+OK\r\nb\r\n]");
  }

  @Test
  void cve2026_27623AnEmptyRequestLeavesNoState() {
    assertThat(parse("*0\r\nPING\r\n\r\n*1\r\n$4\r\nPING\r\n*-1\r\n\r\nPING\r\n"))
        .containsExactly("[PING]", "[PING]", "[PING]");
  }

  @Test
  void aProtocolErrorIsCheap() {
    assertThatThrownBy(
            () -> {
              parser.reserve(4);
              System.arraycopy("*x\r\n".getBytes(ISO_8859_1), 0, parser.array(), 0, 4);
              parser.received(4);
              parser.ready();
            })
        .isInstanceOf(ProtocolException.class)
        .hasNoCause()
        .satisfies(e -> assertThat(e.getStackTrace()).isEmpty());
  }
}
