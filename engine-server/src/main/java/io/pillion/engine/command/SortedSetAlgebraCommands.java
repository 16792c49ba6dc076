package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.SORTEDSET;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.MOVABLE_KEYS;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.OW;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.datatype.SetValue;
import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Unions, intersections and differences of sorted sets. Plain sets may take part: their members
 * have score 1.
 */
final class SortedSetAlgebraCommands {
  /** How the inputs are combined. */
  private enum Operation {
    UNION,
    INTERSECTION,
    DIFFERENCE
  }

  /** How the scores of one member are combined. */
  private enum Aggregate {
    SUM,
    MIN,
    MAX;

    double of(double left, double right) {
      return switch (this) {
        // The sum of both infinities is no number; Redis calls it 0.
        case SUM -> zeroIfNaN(left + right);
        case MIN -> right < left ? right : left;
        case MAX -> right > left ? right : left;
      };
    }
  }

  /** Declares this family; it belongs to the group of the sorted sets. */
  void declare(CommandTable table) {
    declareReads(table);
    declareStores(table);
  }

  private void declareReads(CommandTable table) {
    table
        .command("ZUNION", call -> read(call, Operation.UNION))
        .arity(-3)
        .flags(READONLY, MOVABLE_KEYS)
        .acl(SORTEDSET)
        .keys(KeySpec.counted(1, RO, ACCESS))
        .since("6.2.0")
        .complexity("O(N*log(M)), N members altogether and M in the result")
        .summary("Returns the members of any of the sets.")
        .syntax(
            "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]"
                + " [WITHSCORES]");
    table
        .command("ZINTER", call -> read(call, Operation.INTERSECTION))
        .arity(-3)
        .flags(READONLY, MOVABLE_KEYS)
        .acl(SORTEDSET)
        .keys(KeySpec.counted(1, RO, ACCESS))
        .since("6.2.0")
        .complexity("O(N*K), N members in the smallest of K sets")
        .summary("Returns the members of all of the sets.")
        .syntax(
            "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]"
                + " [WITHSCORES]");
    table
        .command("ZDIFF", call -> read(call, Operation.DIFFERENCE))
        .arity(-3)
        .flags(READONLY, MOVABLE_KEYS)
        .acl(SORTEDSET)
        .keys(KeySpec.counted(1, RO, ACCESS))
        .since("6.2.0")
        .complexity("O(N*K), N members in the first of K sets")
        .summary("Returns the members of the first set that are in none of the others.")
        .syntax("numkeys key [key ...] [WITHSCORES]");
    table
        .command("ZINTERCARD", this::zintercard)
        .arity(-3)
        .flags(READONLY, MOVABLE_KEYS)
        .acl(SORTEDSET)
        .keys(KeySpec.counted(1, RO, ACCESS))
        .since("7.0.0")
        .complexity("O(N*K), N members in the smallest of K sets")
        .summary("Counts the members of all of the sets, up to a limit.")
        .syntax("numkeys key [key ...] [LIMIT limit]");
  }

  private void declareStores(CommandTable table) {
    table
        .command("ZUNIONSTORE", call -> store(call, Operation.UNION, "zunionstore"))
        .arity(-4)
        .flags(WRITE, DENYOOM, MOVABLE_KEYS)
        .acl(SORTEDSET)
        .keys(1, 1, 1, OW, UPDATE)
        .keys(KeySpec.counted(2, RO, ACCESS))
        .since("2.0.0")
        .complexity("O(N*log(M)), N members altogether and M in the result")
        .summary("Stores the members of any of the sets.")
        .syntax(
            "destination numkeys key [key ...] [WEIGHTS weight [weight ...]]"
                + " [AGGREGATE <SUM | MIN | MAX>]");
    table
        .command("ZINTERSTORE", call -> store(call, Operation.INTERSECTION, "zinterstore"))
        .arity(-4)
        .flags(WRITE, DENYOOM, MOVABLE_KEYS)
        .acl(SORTEDSET)
        .keys(1, 1, 1, OW, UPDATE)
        .keys(KeySpec.counted(2, RO, ACCESS))
        .since("2.0.0")
        .complexity("O(N*K), N members in the smallest of K sets")
        .summary("Stores the members of all of the sets.")
        .syntax(
            "destination numkeys key [key ...] [WEIGHTS weight [weight ...]]"
                + " [AGGREGATE <SUM | MIN | MAX>]");
    table
        .command("ZDIFFSTORE", call -> store(call, Operation.DIFFERENCE, "zdiffstore"))
        .arity(-4)
        .flags(WRITE, DENYOOM, MOVABLE_KEYS)
        .acl(SORTEDSET)
        .keys(1, 1, 1, OW, UPDATE)
        .keys(KeySpec.counted(2, RO, ACCESS))
        .since("6.2.0")
        .complexity("O(N*K), N members in the first of K sets")
        .summary("Stores the members of the first set that are in none of the others.")
        .syntax("destination numkeys key [key ...]");
  }

  private static void read(Call call, Operation operation) {
    Request request = new Request(call, 1, operation, Request.Purpose.REPLY);
    try (UnkeyedSortedSet result = new UnkeyedSortedSet(call)) {
      combine(request, operation, result.value());
      SortedSets.entriesHeader(call.reply(), result.value().size(), request.withScores);
      SortedSetValue.Entries entries = result.value().byRank(0, /* reverse= */ false);
      while (entries.next()) {
        SortedSets.entry(call.reply(), entries, request.withScores);
      }
    }
  }

  private static void store(Call call, Operation operation, String event) {
    Request request = new Request(call, 2, operation, Request.Purpose.STORE);
    try (UnkeyedSortedSet result = new UnkeyedSortedSet(call)) {
      combine(request, operation, result.value());
      result.store(call.arg(1), event);
    }
  }

  private void zintercard(Call call) {
    Request request = new Request(call, 1, Operation.INTERSECTION, Request.Purpose.COUNT);
    List<Input> inputs = request.smallestFirst();
    long limit = request.limit == 0 ? Long.MAX_VALUE : request.limit;
    long[] count = {0};
    inputs
        .get(0)
        .forEach(
            (member, score) -> {
              if (isInAll(inputs, member)) {
                count[0]++;
              }
              return count[0] < limit;
            });
    call.reply().integer(count[0]);
  }

  private static boolean isInAll(List<Input> inputs, Bytes member) {
    for (int i = 1; i < inputs.size(); i++) {
      if (Double.isNaN(inputs.get(i).scoreOf(member))) {
        return false;
      }
    }
    return true;
  }

  // --- combining

  private static void combine(Request request, Operation operation, SortedSetValue result) {
    switch (operation) {
      case UNION -> unite(request, result);
      case INTERSECTION -> intersect(request, result);
      case DIFFERENCE -> subtract(request, result);
    }
  }

  // Redis combines scores from the smallest input to the largest, which shows in the rounding.

  private static void unite(Request request, SortedSetValue result) {
    for (Input input : request.smallestFirst()) {
      input.forEach(
          (member, score) -> {
            double value = input.weighted(score);
            boolean found = result.seek(member);
            result.assignExactly(found ? request.aggregate.of(result.score(), value) : value);
            return true;
          });
    }
  }

  private static void intersect(Request request, SortedSetValue result) {
    List<Input> inputs = request.smallestFirst();
    inputs
        .get(0)
        .forEach(
            (member, score) -> {
              double value = inputs.get(0).weighted(score);
              for (int i = 1; i < inputs.size(); i++) {
                double other = inputs.get(i).scoreOf(member);
                if (Double.isNaN(other)) {
                  return true;
                }
                // Not a number only becomes 0 in the sum, unlike in a union: so does Redis.
                value = request.aggregate.of(value, inputs.get(i).weight * other);
              }
              put(result, member, value);
              return true;
            });
  }

  private static void subtract(Request request, SortedSetValue result) {
    List<Input> inputs = request.inputs;
    inputs
        .get(0)
        .forEach(
            (member, score) -> {
              for (int i = 1; i < inputs.size(); i++) {
                if (!Double.isNaN(inputs.get(i).scoreOf(member))) {
                  return true;
                }
              }
              put(result, member, score);
              return true;
            });
  }

  private static void put(SortedSetValue result, Bytes member, double score) {
    result.seek(member);
    result.assignExactly(score);
  }

  private static double zeroIfNaN(double value) {
    return Double.isNaN(value) ? 0 : value;
  }

  // --- what is asked for

  /** What one of these commands is asked for, its inputs looked up. */
  private static final class Request {
    /** What is done with the result. */
    enum Purpose {
      REPLY,
      STORE,
      COUNT
    }

    final List<Input> inputs = new ArrayList<>();
    Aggregate aggregate = Aggregate.SUM;
    boolean withScores;
    long limit;

    Request(Call call, int at, Operation operation, Purpose purpose) {
      Args args = call.args();
      long keys = args.integer(at);
      if (keys < 1) {
        throw Errors.err(
            "at least 1 input key is needed for '" + call.command().fullName() + "' command");
      }
      if (keys > args.count() - (at + 1)) {
        throw Errors.syntax();
      }
      for (int i = at + 1; i <= at + keys; i++) {
        inputs.add(Input.find(call, args.get(i)));
      }
      boolean weighs = operation != Operation.DIFFERENCE && purpose != Purpose.COUNT;
      for (int i = at + 1 + inputs.size(); i < args.count(); i++) {
        int behind = args.count() - i - 1;
        if (weighs && args.is(i, "WEIGHTS") && behind >= inputs.size()) {
          i = parseWeights(args, i);
        } else if (weighs && args.is(i, "AGGREGATE") && behind >= 1) {
          aggregate = parseAggregate(args.get(++i));
        } else if (purpose == Purpose.REPLY && args.is(i, "WITHSCORES")) {
          withScores = true;
        } else if (purpose == Purpose.COUNT && args.is(i, "LIMIT") && behind >= 1) {
          limit = Counts.atLeast(args.get(++i), 0, Errors.err("LIMIT can't be negative"));
        } else {
          throw Errors.syntax();
        }
      }
    }

    private int parseWeights(Args args, int keyword) {
      int at = keyword;
      for (Input input : inputs) {
        input.weight =
            Numbers.parseDouble(args.get(++at), Errors.err("weight value is not a float"));
      }
      return at;
    }

    private static Aggregate parseAggregate(Bytes word) {
      for (Aggregate aggregate : Aggregate.values()) {
        if (word.equalsIgnoreCase(aggregate.name())) {
          return aggregate;
        }
      }
      throw Errors.syntax();
    }

    List<Input> smallestFirst() {
      List<Input> sorted = new ArrayList<>(inputs);
      sorted.sort(Comparator.comparingLong(Input::size));
      return sorted;
    }
  }

  /** Is shown members; false to see no more. */
  @FunctionalInterface
  private interface Visitor {
    boolean visit(Bytes member, double score);
  }

  /** A sorted set, a set, or nothing. */
  private static final class Input {
    private final @Nullable SortedSetValue sorted;
    private final @Nullable SetValue plain;
    double weight = 1;

    private Input(@Nullable SortedSetValue sorted, @Nullable SetValue plain) {
      this.sorted = sorted;
      this.plain = plain;
    }

    static Input find(Call call, Bytes key) {
      Database database = call.database();
      long record = call.findToRead(key);
      if (record == 0) {
        return new Input(null, null);
      }
      TypeLimits limits = call.keyspace().settings().types;
      ValueType type = database.type(record);
      if (type == ValueType.ZSET) {
        return new Input(SortedSets.view(call, record), null);
      }
      if (type == ValueType.SET) {
        return new Input(null, new SetValue(call.arena(), database.rootCell(record), limits));
      }
      throw Errors.wrongType();
    }

    long size() {
      return sorted != null ? sorted.size() : plain != null ? plain.size() : 0;
    }

    double weighted(double score) {
      return zeroIfNaN(weight * score);
    }

    /** The score of a member; not a number when it is not in here. */
    double scoreOf(Bytes member) {
      if (sorted != null) {
        return sorted.seek(member) ? sorted.score() : Double.NaN;
      }
      return plain != null && plain.contains(member) ? 1 : Double.NaN;
    }

    void forEach(Visitor visitor) {
      boolean more = true;
      if (sorted != null) {
        SortedSetValue.Entries entries = sorted.byRank(0, /* reverse= */ false);
        while (more && entries.next()) {
          more = visitor.visit(entries.member().toBytes(), entries.score());
        }
      } else if (plain != null) {
        SetValue.Members members = plain.members();
        while (more && members.next()) {
          more = visitor.visit(members.member().bytes(), 1);
        }
      }
    }
  }
}
