package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.DANGEROUS;
import static io.pillion.engine.dispatch.AclCategory.LIST;
import static io.pillion.engine.dispatch.AclCategory.SET;
import static io.pillion.engine.dispatch.AclCategory.SORTEDSET;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.OW;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.datatype.ListValue;
import io.pillion.engine.datatype.SetValue;
import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Span;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** SORT and SORT_RO: the elements of a list, set or sorted set in another order. */
final class SortCommands {
  private static final Bytes DEL = Bytes.of("DEL");
  private static final Bytes RPUSH = Bytes.of("RPUSH");
  private static final int PUSHED_AT_ONCE = 512;

  void declare(CommandTable table) {
    table.group(CommandGroup.GENERIC);
    String options =
        " [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]";
    table
        .command("SORT", call -> sort(call, /* mayStore= */ true))
        .arity(-2)
        .flags(WRITE, DENYOOM)
        .acl(SET, SORTEDSET, LIST, DANGEROUS)
        .keys(1, 1, 1, RO, ACCESS)
        .keys(KeySpec.unknown(words -> 0, RO, ACCESS))
        .keys(KeySpec.unknown(SortCommands::destination, OW, UPDATE))
        .since("1.0.0")
        .complexity("O(N+M*log(M)), N elements of which M are answered; O(N) when not sorted")
        .summary("Sorts the elements of a list, a set or a sorted set, and may store them.")
        .syntax("key" + options + " [STORE destination]");
    table
        .command("SORT_RO", call -> sort(call, /* mayStore= */ false))
        .arity(-2)
        .flags(READONLY)
        .acl(SET, SORTEDSET, LIST, DANGEROUS)
        .keys(1, 1, 1, RO, ACCESS)
        .keys(KeySpec.unknown(words -> 0, RO, ACCESS))
        .since("7.0.0")
        .complexity("O(N+M*log(M)), N elements of which M are answered; O(N) when not sorted")
        .summary("Answers the elements of a list, a set or a sorted set in another order.")
        .syntax("key" + options);
  }

  /** The index of the key after STORE, the last one if there are several; 0 when there is none. */
  private static int destination(Args args) {
    int found = 0;
    for (int i = 2; i < args.count(); i++) {
      if (args.is(i, "LIMIT")) {
        i += 2;
      } else if (args.is(i, "GET") || args.is(i, "BY")) {
        i++;
      } else if (args.is(i, "STORE") && i + 1 < args.count()) {
        found = ++i;
      }
    }
    return found;
  }

  /** Which keys are looked at depends on the elements: whoever asks must be allowed any. */
  private static void requireAllKeys(Call call, String option) {
    if (!call.mayReadAllKeys()) {
      throw Errors.err(option + " option of SORT denied due to insufficient ACL permissions.");
    }
  }

  /** What the words ask for. */
  private static final class Query {
    boolean descending;
    boolean alphabetic;
    boolean unsorted;
    long offset;
    long limit = -1;
    @Nullable SortPattern by;
    @Nullable Bytes destination;

    /** What to answer of each element; null stands for the element itself. */
    final List<@Nullable SortPattern> gets = new ArrayList<>();

    static Query parse(Call call, boolean mayStore) {
      Args args = call.args();
      Query query = new Query();
      for (int i = 2; i < args.count(); i++) {
        int left = args.count() - 1 - i;
        if (args.is(i, "ASC")) {
          query.descending = false;
        } else if (args.is(i, "DESC")) {
          query.descending = true;
        } else if (args.is(i, "ALPHA")) {
          query.alphabetic = true;
        } else if (args.is(i, "LIMIT") && left >= 2) {
          query.offset = args.integer(++i);
          query.limit = args.integer(++i);
        } else if (mayStore && args.is(i, "STORE") && left >= 1) {
          query.destination = args.get(++i);
        } else if (args.is(i, "BY") && left >= 1) {
          SortPattern by = SortPattern.of(args.get(++i));
          if (by.prefix() != null) {
            requireAllKeys(call, "BY");
          }
          query.by = by;
          // A key that is the same for all elements gives no order.
          query.unsorted |= by.prefix() == null;
        } else if (args.is(i, "GET") && left >= 1) {
          Bytes pattern = args.get(++i);
          requireAllKeys(call, "GET");
          query.gets.add(
              pattern.length() == 1 && pattern.get(0) == '#' ? null : SortPattern.of(pattern));
        } else {
          throw Errors.syntax();
        }
      }
      if (query.gets.isEmpty()) {
        query.gets.add(null);
      }
      return query;
    }
  }

  private static void sort(Call call, boolean mayStore) {
    Query query = Query.parse(call, mayStore);
    long record = call.findToRead(call.arg(1));
    ValueType type = record == 0 ? ValueType.LIST : call.database().type(record);
    if (type != ValueType.LIST && type != ValueType.SET && type != ValueType.ZSET) {
      throw Errors.wrongType();
    }
    if (query.unsorted
        && type == ValueType.SET
        && (query.destination != null || call.engine().scriptHost().isRunning())) {
      // What is stored, or a script sees, must not depend on the order in which a set happens to be
      // kept.
      query.unsorted = false;
      query.alphabetic = true;
      query.by = null;
    }
    int size = record == 0 ? 0 : size(call, record, type);
    int start = (int) Math.min(Math.max(query.offset, 0), size);
    int count = (int) Math.min(query.limit < 0 ? size : query.limit, size - start);
    boolean ordered = query.unsorted && type != ValueType.SET;
    SortElements elements = new SortElements(call.arena(), ordered ? count : size);
    if (record != 0) {
      load(call, record, type, ordered ? start : 0, ordered && query.descending, elements);
    }
    if (!query.unsorted) {
      order(call, query, elements);
    }
    int from = ordered ? 0 : start;
    if (query.destination == null) {
      answer(call, query, elements, from, count);
    } else {
      store(call, query, query.destination, elements, from, count);
    }
  }

  // --- what there is to sort

  private static int size(Call call, long record, ValueType type) {
    long cell = call.database().rootCell(record);
    TypeLimits limits = call.keyspace().settings().types;
    return switch (type) {
      case LIST -> (int) new ListValue(call.arena(), cell, limits).size();
      case SET -> (int) new SetValue(call.arena(), cell, limits).size();
      default -> new SortedSetValue(call.arena(), cell, limits).size();
    };
  }

  /** Fills the elements, from one on, as many as they have room for. */
  private static void load(
      Call call, long record, ValueType type, int from, boolean reverse, SortElements elements) {
    long cell = call.database().rootCell(record);
    TypeLimits limits = call.keyspace().settings().types;
    int room = elements.room();
    switch (type) {
      case LIST -> {
        ListValue.Elements all = new ListValue(call.arena(), cell, limits).elements(from, reverse);
        while (elements.count() < room && all.next()) {
          if (all.isInteger()) {
            elements.add(all.integer());
          } else {
            elements.add(all.span());
          }
        }
      }
      case SET -> {
        SetValue.Members all = new SetValue(call.arena(), cell, limits).members();
        while (all.next()) {
          if (all.member().isInteger()) {
            elements.add(all.member().integer());
          } else {
            elements.add(all.member().span());
          }
        }
      }
      default -> {
        SortedSetValue.Entries all =
            new SortedSetValue(call.arena(), cell, limits).byRank(from, reverse);
        while (elements.count() < room && all.next()) {
          elements.add(all.member());
        }
      }
    }
  }

  private static void order(Call call, Query query, SortElements elements) {
    SortPattern by = query.by;
    if (!query.alphabetic) {
      boolean numbers =
          by == null
              ? elements.weighByOwnNumber()
              : elements.weighByNumber((element, weight) -> by.find(call, element, weight));
      if (!numbers) {
        throw Errors.err("One or more scores can't be converted into double");
      }
      elements.sortByNumber(query.descending);
    } else if (by == null) {
      elements.sortByElement(query.descending);
    } else {
      elements.weighByText((element, weight) -> by.find(call, element, weight));
      elements.sortByText(query.descending);
    }
  }

  // --- what becomes of it

  private static void answer(Call call, Query query, SortElements elements, int from, int count) {
    long answers = (long) count * query.gets.size();
    if (answers > Integer.MAX_VALUE) {
      throw Errors.err("value is out of range");
    }
    Span found = new Span(call.arena());
    call.reply().array((int) answers);
    for (int i = from; i < from + count; i++) {
      Bytes element = elements.get(i);
      for (SortPattern get : query.gets) {
        if (get == null) {
          call.reply().bulk(element);
        } else if (get.find(call, element, found)) {
          call.reply().bulk(found);
        } else {
          call.reply().nil();
        }
      }
    }
  }

  private static void store(
      Call call, Query query, Bytes destination, SortElements elements, int from, int count) {
    Arena arena = call.arena();
    long cell = arena.allocate(8);
    long root = 0;
    List<Bytes> pushed = call.wantsEffects() ? new ArrayList<>() : List.of();
    long size;
    try {
      root = ListValue.create(arena);
      arena.putLong(cell, root);
      ListValue list = new ListValue(arena, cell, call.keyspace().settings().types);
      Span found = new Span(arena);
      for (int i = from; i < from + count; i++) {
        Bytes element = elements.get(i);
        for (SortPattern get : query.gets) {
          Bytes value =
              get == null
                  ? element
                  : get.find(call, element, found) ? found.toBytes() : Bytes.EMPTY;
          list.pushTail(value);
          if (call.wantsEffects()) {
            pushed.add(value);
          }
        }
      }
      root = arena.getLong(cell);
      size = list.size();
      if (size > 0) {
        call.database().setCollection(destination, ValueType.LIST, root);
        root = 0;
      }
    } finally {
      if (root != 0) {
        ListValue.free(arena, arena.getLong(cell));
      }
      arena.free(cell);
    }
    boolean deleted = size == 0 && call.database().delete(destination);
    if (size > 0) {
      call.changed(destination, EventClass.LIST, "sortstore");
    } else if (deleted) {
      call.changed(destination, EventClass.GENERIC, "del");
    }
    call.noEffect();
    if (call.wantsEffects() && (size > 0 || deleted)) {
      sayWhatWasStored(call, destination, pushed);
    }
    call.reply().integer(size);
  }

  /**
   * The elements themselves: what other keys say about them, and whether those have expired, may be
   * different when the words are carried out again.
   */
  private static void sayWhatWasStored(Call call, Bytes destination, List<Bytes> pushed) {
    call.effect(DEL, destination);
    for (int i = 0; i < pushed.size(); i += PUSHED_AT_ONCE) {
      List<Bytes> words = new ArrayList<>(PUSHED_AT_ONCE + 2);
      words.add(RPUSH);
      words.add(destination);
      words.addAll(pushed.subList(i, Math.min(i + PUSHED_AT_ONCE, pushed.size())));
      call.effect(words.toArray(Bytes[]::new));
    }
  }
}
