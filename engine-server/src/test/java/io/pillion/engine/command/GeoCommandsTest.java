package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Oracle;
import io.pillion.engine.testkit.TestClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Positions, distances, and what is near. */
class GeoCommandsTest {
  private static final String SYNTAX = "ERR syntax error";
  private static final String NOT_A_FLOAT = "ERR value is not a valid float";
  private static final String WRONG_UNIT =
      "ERR unsupported unit provided. please use M, KM, FT, MI";
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";

  private static void sicily(TestClient r) {
    r.line("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania").is(2);
  }

  @CommandTest
  void add(TestClient r) {
    sicily(r);
    r.line("ZRANGE g 0 -1 WITHSCORES")
        .isList("Palermo", "3479099956230698", "Catania", "3479447370796909");
    r.line("GEOADD g NX 1 1 Palermo 2 2 Roma").is(1);
    r.line("GEOADD g xx ch 1 1 Palermo 2 2 Napoli").is(1);
    r.line("GEOADD g CH 1 1 Palermo 3 3 Catania").is(1);
    r.line("GEOADD none XX 1 1 a").is(0);
    r.line("EXISTS none").is(0);
    r.line("GEOADD g 1 1 twice 2 2 twice").is(1);
    r.line("GEOADD edge 180 85.05112878 ne -180 -85.05112878 sw 180 0 e 0 85.05112878 n").is(4);
    r.line("GEOADD edge -180 85.05112878 nw 0 0 zero -0 -0 minus 1e-9 1e-9 tiny").is(4);
  }

  @CommandTest
  void addRefusesWhatIsNoPosition(TestClient r) {
    r.line("GEOADD g NX XX 1 1 a").isError(SYNTAX);
    r.line("GEOADD g 1 1 a 2").isError(SYNTAX);
    r.line("GEOADD g NX CH CH").isError(SYNTAX);
    r.line("GEOADD g 1 1").isError("ERR wrong number of arguments for 'geoadd' command");
    r.line("GEOADD g x 1 a").isError(NOT_A_FLOAT);
    r.line("GEOADD g 1 nan a").isError(NOT_A_FLOAT);
    r.line("GEOADD g 1 1 a 200 0 b")
        .isError("ERR invalid longitude,latitude pair 200.000000,0.000000");
    r.line("GEOADD g 1 -85.1 a").isError("ERR invalid longitude,latitude pair 1.000000,-85.100000");
    r.line("GEOADD g inf -1e-9 a").isError("ERR invalid longitude,latitude pair inf,-0.000000");
    r.line("GEOADD g 1e30 -0 a")
        .isError(
            "ERR invalid longitude,latitude pair 1000000000000000019884624838656.000000,-0.000000");
    r.line("EXISTS g").is(0);
  }

  @CommandTest
  void distance(TestClient r) {
    sicily(r);
    r.line("GEODIST g Palermo Catania").is("166274.1516");
    r.line("GEODIST g Palermo Catania km").is("166.2742");
    r.line("GEODIST g Palermo Catania MI").is("103.3182");
    r.line("GEODIST g Palermo Catania ft").is("545518.8700");
    r.line("GEODIST g Palermo Palermo").is("0.0000");
    r.line("GEODIST g Palermo none").isNil();
    r.line("GEODIST none a b").isNil();
    r.line("GEODIST none a b yd").isError(WRONG_UNIT);
    r.line("GEODIST g a b m m").isError(SYNTAX);
  }

  @CommandTest
  void positionsAndTexts(TestClient r) {
    sicily(r);
    r.line("GEOHASH g Palermo none Catania").isList("sqc8b49rny0", null, "sqdtr74hyu0");
    r.line("GEOHASH g").isList();
    r.line("GEOHASH none a b").isList(null, null);
    r.line("GEOPOS g Palermo Catania")
        .is(
            List.of(
                List.of("13.36138933897018433", "38.11555639549629859"),
                List.of("15.08726745843887329", "37.50266842333162032")));
    r.line("GEOPOS g").isList();
    assertThat(r.line("GEOPOS none a").elements()).hasSize(1);
    r.line("GEOPOS none a").satisfies(v -> assertThat(String.valueOf(v)).contains("IL"));
    r.hello3();
    r.line("GEOPOS none a").isList((Object) null);
    r.line("GEODIST g Palermo Catania").is("166274.1516");
    r.line("GEOPOS g Palermo").is(List.of(List.of(13.361389338970184, 38.1155563954963)));
  }

  @CommandTest
  void search(TestClient r) {
    sicily(r);
    r.line("GEOADD g 12.758489 38.788135 edge1 17.241510 38.788135 edge2").is(2);
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC").isList("Catania", "Palermo");
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHDIST")
        .is(
            List.of(
                List.of("Catania", "56.4413"),
                List.of("Palermo", "190.4424"),
                List.of("edge2", "279.7403"),
                List.of("edge1", "279.7405")));
    r.line("GEOSEARCH g FROMMEMBER Palermo BYRADIUS 170 KM DESC")
        .isList("Catania", "edge1", "Palermo");
    r.line("GEOSEARCH g FROMMEMBER Palermo BYRADIUS 0 m WITHCOORD WITHDIST WITHHASH")
        .is(
            List.of(
                List.of(
                    "Palermo",
                    "0.0000",
                    3479099956230698L,
                    List.of("13.36138933897018433", "38.11555639549629859"))));
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 500 km COUNT 1").isList("Catania");
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 500 km COUNT 2 DESC").isList("edge1", "edge2");
    assertThat(r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 500 km COUNT 1 ANY").texts())
        .hasSize(1);
    r.line("GEOSEARCH none FROMMEMBER x BYRADIUS 1 m").isList();
    r.line("GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 1 m").isList();
  }

  @CommandTest
  void searchRefuses(TestClient r) {
    sicily(r);
    r.line("GEOSEARCH g FROMLONLAT 15 37 ASC DESC WITHDIST")
        .isError("ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH");
    r.line("geoSearch g BYRADIUS 1 m ASC DESC")
        .isError("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geoSearch");
    r.line("GEOSEARCH g FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 1 m").isError(SYNTAX);
    r.line("GEOSEARCH g FROMMEMBER Palermo FROMLONLAT 15 37 BYRADIUS 1 m").isError(SYNTAX);
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 1 m BYRADIUS 1 m").isError(SYNTAX);
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m BYBOX 1 1 m").isError(SYNTAX);
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m STOREDIST").isError(SYNTAX);
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m STORE x").isError(SYNTAX);
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m ANY")
        .isError("ERR the ANY argument requires COUNT argument");
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m COUNT 0").isError("ERR COUNT must be > 0");
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m COUNT x")
        .isError("ERR value is not an integer or out of range");
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS x m").isError("ERR need numeric radius");
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS -1 m").isError("ERR radius cannot be negative");
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 yd").isError(WRONG_UNIT);
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYBOX x 1 m").isError("ERR need numeric width");
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 x m").isError("ERR need numeric height");
    r.line("GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 -1 m")
        .isError("ERR height or width cannot be negative");
    r.line("GEOSEARCH g FROMMEMBER none BYRADIUS 1 m")
        .isError("ERR could not decode requested zset member");
    r.line("GEORADIUS g 200 0 x m")
        .isError("ERR invalid longitude,latitude pair 200.000000,0.000000");
    r.line("GEORADIUSBYMEMBER none a x y").isList();
    r.line("GEORADIUS_RO g 15 37 200 km STORE x").isError(SYNTAX);
    r.line("GEORADIUSBYMEMBER_RO g Palermo 200 km STOREDIST x").isError(SYNTAX);
    r.line("GEORADIUS g 15 37 200 km STORE x WITHDIST")
        .isError(
            "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD"
                + " options");
    r.line("GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 1 m WITHCOORD")
        .isError(
            "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
    r.ok("SET", "s", "v");
    for (String line :
        List.of(
            "GEOADD s 1 1 a",
            "GEODIST s a b",
            "GEOHASH s a",
            "GEOPOS s a",
            "GEORADIUS s x x x x",
            "GEORADIUSBYMEMBER s x x x",
            "GEOSEARCH s x x x x x x",
            "GEOSEARCHSTORE d s x x x x x x")) {
      r.line(line).isError(WRONG_TYPE);
    }
  }

  @CommandTest
  void store(TestClient r) {
    sicily(r);
    r.line("GEOSEARCHSTORE a g FROMLONLAT 15 37 BYRADIUS 200 km").is(2);
    r.line("GEORADIUS g 15 37 200 km STORE b").is(2);
    r.line("GEORADIUSBYMEMBER g Palermo 100 km STORE c").is(1);
    r.line("GEORADIUS g 15 37 200 km STOREDIST c STORE d COUNT 1").is(1);
    r.line("GEOSEARCHSTORE a g FROMLONLAT 0 0 BYRADIUS 1 km").is(0);
    r.line("EXISTS a").is(0);
    r.ok("SET", "b", "a string");
    r.line("GEORADIUSBYMEMBER none x 1 km STORE b").is(0);
    r.line("EXISTS b").is(0);
    r.line("COMMAND GETKEYS GEORADIUS k 1 2 3 km STORE d").isList("k", "d");
    r.line("COMMAND GETKEYS GEOSEARCHSTORE d k FROMLONLAT 1 2 BYRADIUS 3 km").isList("d", "k");
  }

  /** The last of a distance's 17 digits is the C library's. */
  @CommandTest(deterministic = false)
  void storeDistances(TestClient r) {
    sicily(r);
    r.line("GEOSEARCHSTORE a g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST").is(2);
    r.line("GEORADIUS g 15 37 200 mi STOREDIST b").is(2);
    assertThat(r.line("ZRANGE a 0 -1").texts()).containsExactly("Catania", "Palermo");
    assertThat(score(r, "a", "Catania")).isEqualTo("56.44125787");
    assertThat(score(r, "a", "Palermo")).isEqualTo("190.44242985");
    assertThat(score(r, "b", "Palermo")).isEqualTo("118.33573381");
  }

  private static String score(TestClient r, String key, String member) {
    double score = Double.parseDouble(r.call("ZSCORE", key, member).text());
    return String.format(Locale.ROOT, "%.8f", score);
  }

  /** Whatever a sorted set has as scores, geo commands make something of it. */
  @Test
  void anyScoreIsSomePosition() {
    Oracle.withBoth(
        (ours, oracle) -> {
          List<String> lines = new ArrayList<>();
          List<String> scores =
              List.of(
                  "0", "1", "-1", "-2.5", "inf", "-inf", "1e18", "9.3e18", "1e19", "1e300", "0.7");
          for (String score : scores) {
            lines.add("ZADD z " + score + " m" + score);
          }
          for (String score : scores) {
            lines.add("GEOPOS z m" + score);
            lines.add("GEOHASH z m" + score);
            lines.add("GEODIST z m" + score + " m0");
          }
          same(lines, ours, oracle);
        });
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void searchesFindWhatTheOracleFinds(long seed) {
    Oracle.withBoth(
        (ours, oracle) -> {
          Random random = new Random(seed);
          List<String> lines = new ArrayList<>();
          for (int i = 0; i < 500; i++) {
            lines.add("GEOADD g " + position(random) + " m" + i);
          }
          for (int i = 0; i < 1500; i++) {
            lines.add(search(random));
          }
          lines.add("ZRANGE g 0 -1 WITHSCORES");
          for (int i = 0; i < 500; i++) {
            lines.add("GEOHASH g m" + i);
            lines.add("GEOPOS g m" + i);
            lines.add("GEODIST g m" + i + " m" + random.nextInt(500));
          }
          same(lines, ours, oracle);
          assertThat(ours.call("DEBUG", "DIGEST").text())
              .isEqualTo(oracle.call("DEBUG", "DIGEST").text());
        });
  }

  private static void same(List<String> lines, TestClient ours, TestClient oracle) {
    List<String> differences = new ArrayList<>();
    for (String line : lines) {
      Object mine = ours.line(line).value();
      Object theirs = oracle.line(line).value();
      if (!String.valueOf(mine).equals(String.valueOf(theirs))) {
        differences.add(line + ": ours " + mine + ", theirs " + theirs);
      }
    }
    assertThat(differences).isEmpty();
  }

  /** Anywhere, in a town, at the antimeridian, or near a pole. */
  private static String position(Random random) {
    double longitude = random.nextDouble() * 360 - 180;
    double latitude = random.nextDouble() * 170 - 85;
    switch (random.nextInt(4)) {
      case 0 -> {
        longitude = 13.4 + random.nextDouble() / 10;
        latitude = 52.5 + random.nextDouble() / 10;
      }
      case 1 -> longitude = Math.copySign(180 - random.nextDouble() / 2, longitude);
      case 2 -> latitude = Math.copySign(85.05 - random.nextDouble() / 2, latitude);
      default -> {}
    }
    if (random.nextInt(20) == 0) {
      longitude = Math.copySign(180, longitude);
    }
    if (random.nextInt(20) == 0) {
      latitude = Math.copySign(85.05112878, latitude);
    }
    return String.format(Locale.ROOT, "%.8f %.8f", longitude, latitude);
  }

  private static String search(Random random) {
    String from =
        random.nextBoolean()
            ? "FROMMEMBER m" + random.nextInt(500)
            : "FROMLONLAT " + position(random);
    String by =
        random.nextBoolean()
            ? "BYRADIUS " + size(random)
            : "BYBOX " + size(random) + " " + size(random);
    String unit = List.of("m", "km", "ft", "mi").get(random.nextInt(4));
    String count = random.nextInt(3) == 0 ? " COUNT " + (1 + random.nextInt(20)) : "";
    String any = !count.isEmpty() && random.nextBoolean() ? " ANY" : "";
    String order = List.of("", " ASC", " DESC").get(random.nextInt(3));
    String with = List.of("", " WITHDIST", " WITHCOORD WITHHASH").get(random.nextInt(3));
    return "GEOSEARCH g " + from + " " + by + " " + unit + count + any + order + with;
  }

  private static String size(Random random) {
    return String.format(Locale.ROOT, "%.3f", Math.pow(10, random.nextDouble() * 8 - 0.5));
  }
}
