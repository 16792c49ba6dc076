package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.GEO;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.MOVABLE_KEYS;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.OW;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.command.GeoHash.Position;
import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.util.List;

/**
 * Geo indexes: sorted sets whose scores are positions ({@link GeoHash}). What is near a position is
 * found by {@link GeoSearch}.
 */
final class GeoCommands {
  private static final Bytes ZADD = Bytes.of("ZADD");

  private final SortedSetCommands sortedSets;

  GeoCommands(SortedSetCommands sortedSets) {
    this.sortedSets = sortedSets;
  }

  /** Declares the group's commands. */
  void declare(CommandTable table) {
    table.group(CommandGroup.GEO);
    declareMembers(table);
    declareSearches(table);
    declareOlderSearches(table);
  }

  private void declareMembers(CommandTable table) {
    table
        .command("GEOADD", this::geoadd)
        .arity(-5)
        .flags(WRITE, DENYOOM)
        .acl(GEO)
        .keys(1, 1, 1, RW, UPDATE)
        .since("3.2.0")
        .complexity("O(log(N)) per member")
        .summary("Adds members with their positions, or moves them.")
        .syntax(
            "key [NX | XX] [CH] longitude latitude member [longitude latitude member" + " ...]");
    table
        .command("GEODIST", this::geodist)
        .arity(-4)
        .flags(READONLY)
        .acl(GEO)
        .keys(1, 1, 1, RO, ACCESS)
        .since("3.2.0")
        .complexity("O(1)")
        .summary("Returns the distance between two members.")
        .syntax("key member member [M | KM | FT | MI]");
    table
        .command("GEOHASH", this::geohash)
        .arity(-2)
        .flags(READONLY)
        .acl(GEO)
        .keys(1, 1, 1, RO, ACCESS)
        .since("3.2.0")
        .complexity("O(1) per member")
        .summary("Returns the positions of members as geohashes.")
        .syntax("key [member [member ...]]");
    table
        .command("GEOPOS", this::geopos)
        .arity(-2)
        .flags(READONLY)
        .acl(GEO)
        .keys(1, 1, 1, RO, ACCESS)
        .since("3.2.0")
        .complexity("O(1) per member")
        .summary("Returns the longitudes and latitudes of members.")
        .syntax("key [member [member ...]]");
  }

  private void declareSearches(CommandTable table) {
    table
        .command("GEOSEARCH", call -> search(call, GeoSearch.Form.GEOSEARCH))
        .arity(-7)
        .flags(READONLY)
        .acl(GEO)
        .keys(1, 1, 1, RO, ACCESS)
        .since("6.2.0")
        .complexity("O(N+log(M)), N members near the area of M")
        .summary("Returns the members within a circle or a box.")
        .syntax(
            "key <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS"
                + " radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>>"
                + " [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]");
    table
        .command("GEOSEARCHSTORE", call -> search(call, GeoSearch.Form.GEOSEARCHSTORE))
        .arity(-8)
        .flags(WRITE, DENYOOM)
        .acl(GEO)
        .keys(1, 1, 1, OW, UPDATE)
        .keys(2, 2, 1, RO, ACCESS)
        .since("6.2.0")
        .complexity("O(N+log(M)), N members near the area of M")
        .summary("Stores the members within a circle or a box.")
        .syntax(
            "destination source <FROMMEMBER member | FROMLONLAT longitude latitude>"
                + " <BYRADIUS radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT"
                + " | MI>> [ASC | DESC] [COUNT count [ANY]] [STOREDIST]");
  }

  private void declareOlderSearches(CommandTable table) {
    table
        .command("GEORADIUS", call -> search(call, GeoSearch.Form.GEORADIUS))
        .arity(-6)
        .flags(WRITE, DENYOOM, MOVABLE_KEYS)
        .acl(GEO)
        .keys(1, 1, 1, RO, ACCESS)
        .keys(KeySpec.after("STORE", 6, OW, UPDATE))
        .keys(KeySpec.after("STOREDIST", 6, OW, UPDATE))
        .since("3.2.0")
        .complexity("O(N+log(M)), N members near the area of M")
        .summary("Returns or stores the members within a circle around a position.")
        .syntax(
            "key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST]"
                + " [WITHHASH] [COUNT count [ANY]] [ASC | DESC] [STORE key | STOREDIST"
                + " key]");
    table
        .command("GEORADIUS_RO", call -> search(call, GeoSearch.Form.GEORADIUS_RO))
        .arity(-6)
        .flags(READONLY)
        .acl(GEO)
        .keys(1, 1, 1, RO, ACCESS)
        .since("3.2.10")
        .complexity("O(N+log(M)), N members near the area of M")
        .summary("Returns the members within a circle around a position.")
        .syntax(
            "key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST]"
                + " [WITHHASH] [COUNT count [ANY]] [ASC | DESC]");
    table
        .command("GEORADIUSBYMEMBER", call -> search(call, GeoSearch.Form.GEORADIUSBYMEMBER))
        .arity(-5)
        .flags(WRITE, DENYOOM, MOVABLE_KEYS)
        .acl(GEO)
        .keys(1, 1, 1, RO, ACCESS)
        .keys(KeySpec.after("STORE", 5, OW, UPDATE))
        .keys(KeySpec.after("STOREDIST", 5, OW, UPDATE))
        .since("3.2.0")
        .complexity("O(N+log(M)), N members near the area of M")
        .summary("Returns or stores the members within a circle around a member.")
        .syntax(
            "key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH]"
                + " [COUNT count [ANY]] [ASC | DESC] [STORE key | STOREDIST key]");
    table
        .command("GEORADIUSBYMEMBER_RO", call -> search(call, GeoSearch.Form.GEORADIUSBYMEMBER_RO))
        .arity(-5)
        .flags(READONLY)
        .acl(GEO)
        .keys(1, 1, 1, RO, ACCESS)
        .since("3.2.10")
        .complexity("O(N+log(M)), N members near the area of M")
        .summary("Returns the members within a circle around a member.")
        .syntax(
            "key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH]"
                + " [COUNT count [ANY]] [ASC | DESC]");
  }

  // --- members

  private void geoadd(Call call) {
    Args args = call.args();
    boolean onlyNew = false;
    boolean onlyOld = false;
    boolean countChanges = false;
    int first = 2;
    for (; first < args.count(); first++) {
      if (args.is(first, "NX")) {
        onlyNew = true;
      } else if (args.is(first, "XX")) {
        onlyOld = true;
      } else if (args.is(first, "CH")) {
        countChanges = true;
      } else {
        break;
      }
    }
    int words = args.count() - first;
    if (words == 0 || words % 3 != 0 || (onlyNew && onlyOld)) {
      throw Errors.syntax();
    }
    double[] scores = new double[words / 3];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = GeoHash.score(GeoSearch.position(args, first + 3 * i));
    }
    boolean changed = sortedSets.add(call, onlyNew, onlyOld, countChanges, first, 3, scores);
    if (changed && call.wantsEffects()) {
      call.effect(asZadd(args, first, scores));
    }
  }

  private static Bytes[] asZadd(Args args, int first, double[] scores) {
    Bytes[] words = new Bytes[first + 2 * scores.length];
    words[0] = ZADD;
    for (int i = 1; i < first; i++) {
      words[i] = args.get(i);
    }
    for (int i = 0; i < scores.length; i++) {
      words[first + 2 * i] = Bytes.of((long) scores[i]);
      words[first + 2 * i + 1] = args.get(first + 3 * i + 2);
    }
    return words;
  }

  private void geodist(Call call) {
    if (call.count() > 5) {
      throw Errors.syntax();
    }
    double unit = call.count() == 5 ? GeoSearch.unit(call.arg(4)) : 1;
    SortedSetValue set = SortedSets.find(call, call.arg(1));
    if (set == null || !set.seek(call.arg(2))) {
      call.reply().nil();
      return;
    }
    Position from = GeoHash.position(set.score());
    if (!set.seek(call.arg(3))) {
      call.reply().nil();
      return;
    }
    double distance = GeoArea.distance(from, GeoHash.position(set.score()));
    call.reply().bulk(Numbers.formatFixed(distance / unit, 4));
  }

  private void geohash(Call call) {
    SortedSetValue set = SortedSets.find(call, call.arg(1));
    call.reply().array(call.count() - 2);
    for (int i = 2; i < call.count(); i++) {
      if (set != null && set.seek(call.arg(i))) {
        call.reply().bulk(GeoHash.text(set.score()));
      } else {
        call.reply().nil();
      }
    }
  }

  private void geopos(Call call) {
    SortedSetValue set = SortedSets.find(call, call.arg(1));
    call.reply().array(call.count() - 2);
    for (int i = 2; i < call.count(); i++) {
      if (set != null && set.seek(call.arg(i))) {
        GeoSearch.reply(call.reply(), GeoHash.position(set.score()));
      } else {
        call.reply().nilArray();
      }
    }
  }

  // --- searches

  private static void search(Call call, GeoSearch.Form form) {
    GeoSearch search = new GeoSearch(call, form);
    List<GeoSearch.Found> found = search.run();
    Bytes target = search.target();
    if (target == null) {
      call.reply().array(found.size());
      for (GeoSearch.Found each : found) {
        search.reply(call.reply(), each);
      }
      return;
    }
    try (UnkeyedSortedSet result = new UnkeyedSortedSet(call)) {
      for (GeoSearch.Found each : found) {
        result.value().put(each.member(), search.storedScore(each));
      }
      boolean older = form == GeoSearch.Form.GEORADIUS || form == GeoSearch.Form.GEORADIUSBYMEMBER;
      result.store(target, older ? "georadiusstore" : "geosearchstore");
    }
  }
}
