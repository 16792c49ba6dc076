package io.pillion.engine.command;

import io.pillion.engine.command.GeoHash.Cell;
import io.pillion.engine.command.GeoHash.Position;
import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import io.pillion.engine.protocol.Reply;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A search for the members of a geo index within an area: its words, and what it finds. */
final class GeoSearch {
  /** The command whose words are read. */
  enum Form {
    GEORADIUS,
    GEORADIUS_RO,
    GEORADIUSBYMEMBER,
    GEORADIUSBYMEMBER_RO,
    GEOSEARCH,
    GEOSEARCHSTORE;

    private boolean isByMember() {
      return this == GEORADIUSBYMEMBER || this == GEORADIUSBYMEMBER_RO;
    }

    private boolean mayStore() {
      return this == GEORADIUS || this == GEORADIUSBYMEMBER;
    }

    private boolean isOlder() {
      return this != GEOSEARCH && this != GEOSEARCHSTORE;
    }
  }

  private enum Order {
    NONE,
    NEAREST_FIRST,
    FARTHEST_FIRST
  }

  /**
   * A member found.
   *
   * @param distance metres from the center
   */
  record Found(Bytes member, double score, Position position, double distance) {}

  private final Args args;
  private final Form form;
  private final @Nullable SortedSetValue set;
  private @Nullable Bytes target;
  private boolean storesDistances;
  private @Nullable Position center;
  private boolean fromMember;
  private boolean fromPosition;
  private boolean isCircle;
  private boolean isBox;
  private double radius;
  private double width;
  private double height;
  private double unit = 1;
  private boolean withDistance;
  private boolean withHash;
  private boolean withPosition;
  private boolean any;
  private long count;
  private Order order = Order.NONE;

  /**
   * Reads the words, and the index that they are about.
   *
   * @throws CommandException when they make no sense
   */
  GeoSearch(Call call, Form form) {
    this.args = call.args();
    this.form = form;
    set = SortedSets.findToRead(call, call.arg(form == Form.GEOSEARCHSTORE ? 2 : 1));
    parseOptions(parseArea());
    check();
  }

  // --- the words

  /** Reads what comes before the options; returns where those begin. */
  private int parseArea() {
    if (form == Form.GEOSEARCH) {
      return 2;
    }
    if (form == Form.GEOSEARCHSTORE) {
      target = args.get(1);
      return 3;
    }
    if (!form.isByMember()) {
      center = position(args, 2);
      parseRadius(4);
      return 6;
    }
    // Without an index Redis does not even look at the radius.
    if (set != null) {
      center = positionOf(set, args.get(2));
      parseRadius(3);
    }
    return 5;
  }

  private void parseOptions(int first) {
    for (int i = first; i < args.count(); i++) {
      int behind = args.count() - i - 1;
      if (args.is(i, "WITHDIST")) {
        withDistance = true;
      } else if (args.is(i, "WITHHASH")) {
        withHash = true;
      } else if (args.is(i, "WITHCOORD")) {
        withPosition = true;
      } else if (args.is(i, "ANY")) {
        any = true;
      } else if (args.is(i, "ASC")) {
        order = Order.NEAREST_FIRST;
      } else if (args.is(i, "DESC")) {
        order = Order.FARTHEST_FIRST;
      } else if (args.is(i, "COUNT") && behind >= 1) {
        count = args.integer(++i);
        if (count <= 0) {
          throw Errors.err("COUNT must be > 0");
        }
      } else if (form.isOlder()) {
        i += parseStore(i, behind);
      } else {
        i += parseSearchOption(i, behind);
      }
    }
  }

  /** Returns how many words belong to the one at an index. */
  private int parseStore(int at, int behind) {
    boolean distances = args.is(at, "STOREDIST");
    if (!form.mayStore() || behind < 1 || !(distances || args.is(at, "STORE"))) {
      throw Errors.syntax();
    }
    target = args.get(at + 1);
    storesDistances = distances;
    return 1;
  }

  private int parseSearchOption(int at, int behind) {
    if (args.is(at, "FROMMEMBER") && behind >= 1 && !fromPosition) {
      if (set != null) {
        center = positionOf(set, args.get(at + 1));
      }
      fromMember = true;
      return 1;
    }
    if (args.is(at, "FROMLONLAT") && behind >= 2 && !fromMember) {
      center = position(args, at + 1);
      fromPosition = true;
      return 2;
    }
    if (args.is(at, "BYRADIUS") && behind >= 2 && !isBox) {
      parseRadius(at + 1);
      return 2;
    }
    if (args.is(at, "BYBOX") && behind >= 3 && !isCircle) {
      parseBox(at + 1);
      return 3;
    }
    if (form == Form.GEOSEARCHSTORE && args.is(at, "STOREDIST")) {
      storesDistances = true;
      return 0;
    }
    throw Errors.syntax();
  }

  private void parseRadius(int at) {
    radius = Numbers.parseDouble(args.get(at), Errors.err("need numeric radius"));
    if (radius < 0) {
      throw Errors.err("radius cannot be negative");
    }
    unit = unit(args.get(at + 1));
    radius *= unit;
    isCircle = true;
  }

  private void parseBox(int at) {
    width = Numbers.parseDouble(args.get(at), Errors.err("need numeric width"));
    height = Numbers.parseDouble(args.get(at + 1), Errors.err("need numeric height"));
    if (width < 0 || height < 0) {
      throw Errors.err("height or width cannot be negative");
    }
    unit = unit(args.get(at + 2));
    width *= unit;
    height *= unit;
    isBox = true;
  }

  private void check() {
    if (target != null && (withDistance || withHash || withPosition)) {
      String what = form == Form.GEOSEARCHSTORE ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS";
      throw Errors.err(what + " is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
    }
    String name = Errors.shown(args.get(0));
    if (!form.isOlder() && !fromMember && !fromPosition) {
      throw Errors.err("exactly one of FROMMEMBER or FROMLONLAT can be specified for " + name);
    }
    if (!form.isOlder() && !isCircle && !isBox) {
      throw Errors.err("exactly one of BYRADIUS and BYBOX can be specified for " + name);
    }
    if (any && count == 0) {
      throw Errors.err("the ANY argument requires COUNT argument");
    }
  }

  /** Metres in a unit, by its name. */
  static double unit(Bytes name) {
    return switch (name.toString().toLowerCase(Locale.ROOT)) {
      case "m" -> 1;
      case "km" -> 1000;
      case "ft" -> 0.3048;
      case "mi" -> 1609.34;
      default -> throw Errors.err("unsupported unit provided. please use M, KM, FT, MI");
    };
  }

  /** The longitude at an index, and the latitude behind it. */
  static Position position(Args args, int at) {
    Position position = new Position(args.number(at), args.number(at + 1));
    if (!position.isOnMap()) {
      throw Errors.err(
          "invalid longitude,latitude pair "
              + Numbers.formatFixed(position.longitude(), 6)
              + ","
              + Numbers.formatFixed(position.latitude(), 6));
    }
    return position;
  }

  private static Position positionOf(SortedSetValue set, Bytes member) {
    if (!set.seek(member)) {
      throw Errors.err("could not decode requested zset member");
    }
    return GeoHash.position(set.score());
  }

  // --- the search

  /** Where the result is to be stored, or null when it is the reply. */
  @Nullable Bytes target() {
    return target;
  }

  /** What is found, in order, as much as was asked for. */
  List<Found> run() {
    List<Found> found = new ArrayList<>();
    if (set == null || center == null) {
      return found;
    }
    GeoArea area = isCircle ? GeoArea.circle(center, radius) : GeoArea.box(center, width, height);
    long limit = any ? count : Long.MAX_VALUE;
    for (Cell cell : area.cells()) {
      if (found.size() < limit) {
        collect(set, area, cell, limit, found);
      }
    }
    boolean nearestFirst = order == Order.NEAREST_FIRST || (count > 0 && !any);
    if (order == Order.FARTHEST_FIRST) {
      found.sort(Comparator.comparingDouble(Found::distance).reversed());
    } else if (nearestFirst) {
      found.sort(Comparator.comparingDouble(Found::distance));
    }
    return count > 0 && count < found.size() ? found.subList(0, (int) count) : found;
  }

  private static void collect(
      SortedSetValue set, GeoArea area, Cell cell, long limit, List<Found> found) {
    int from = set.countBelow(cell.firstScore(), /* orEqual= */ false);
    int left = set.countBelow(cell.endScore(), /* orEqual= */ false) - from;
    if (left <= 0) {
      return;
    }
    SortedSetValue.Entries entries = set.byRank(from, /* reverse= */ false);
    for (; left > 0 && found.size() < limit && entries.next(); left--) {
      double score = entries.score();
      Position position = GeoHash.position(score);
      double distance = area.distanceWithin(position);
      if (!Double.isNaN(distance)) {
        found.add(new Found(entries.member().toBytes(), score, position, distance));
      }
    }
  }

  /** The score with which a member is stored. */
  double storedScore(Found found) {
    return storesDistances ? found.distance() / unit : found.score();
  }

  /** Replies a member, with what was asked for beside it. */
  void reply(Reply reply, Found found) {
    int parts = 1 + (withDistance ? 1 : 0) + (withHash ? 1 : 0) + (withPosition ? 1 : 0);
    if (parts > 1) {
      reply.array(parts);
    }
    reply.bulk(found.member());
    if (withDistance) {
      reply.bulk(Numbers.formatFixed(found.distance() / unit, 4));
    }
    if (withHash) {
      reply.integer((long) found.score());
    }
    if (withPosition) {
      reply(reply, found.position());
    }
  }

  /** Replies a longitude and a latitude. */
  static void reply(Reply reply, Position position) {
    reply.array(2);
    reply.number(LongDouble.of(position.longitude()).toString());
    reply.number(LongDouble.of(position.latitude()).toString());
  }
}
