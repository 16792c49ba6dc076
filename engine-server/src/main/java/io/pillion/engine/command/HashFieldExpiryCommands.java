package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.HASH;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.DELETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.Span;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Of the hash group, the commands by which single fields get and lose a time to live. */
final class HashFieldExpiryCommands {
  /** The latest deadline of a field, in Unix milliseconds: the year 4199. */
  private static final long LATEST = (1L << 46) - 1;

  // What HEXPIRE and its kin answer for each field.
  private static final int NO_FIELD = -2;
  private static final int NO_DEADLINE = -1;
  private static final int REFUSED = 0;
  private static final int DONE = 1;
  private static final int DELETED = 2;

  private static final Bytes FIELDS = Bytes.of("FIELDS");
  private static final Bytes HDEL = Bytes.of("HDEL");
  private static final Bytes HPERSIST = Bytes.of("HPERSIST");
  private static final Bytes HPEXPIREAT = Bytes.of("HPEXPIREAT");
  private static final Bytes HSETEX = Bytes.of("HSETEX");
  private static final Bytes KEEPTTL = Bytes.of("KEEPTTL");
  private static final Bytes PXAT = Bytes.of("PXAT");

  private final Hashes hashes;

  HashFieldExpiryCommands(Hashes hashes) {
    this.hashes = hashes;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.HASH);
    declareExpiry(table);
    declareRemaining(table);
    declareValues(table);
  }

  private void declareExpiry(CommandTable table) {
    String rest = " [NX | XX | GT | LT] FIELDS numfields field [field ...]";
    expiring(table, "HEXPIRE", call -> expire(call, 1000, call.now()))
        .summary("Lets fields of a hash leave after some seconds.")
        .syntax("key seconds" + rest);
    expiring(table, "HPEXPIRE", call -> expire(call, 1, call.now()))
        .summary("Lets fields of a hash leave after some milliseconds.")
        .syntax("key milliseconds" + rest);
    expiring(table, "HEXPIREAT", call -> expire(call, 1000, 0))
        .summary("Lets fields of a hash leave at a Unix time.")
        .syntax("key unix-time-seconds" + rest);
    expiring(table, "HPEXPIREAT", call -> expire(call, 1, 0))
        .summary("Lets fields of a hash leave at a Unix time in milliseconds.")
        .syntax("key unix-time-milliseconds" + rest);
    table
        .command("HPERSIST", this::hpersist)
        .arity(-5)
        .flags(WRITE, FAST)
        .acl(HASH)
        .keys(1, 1, 1, RW, UPDATE)
        .since("7.4.0")
        .complexity("O(N) in the number of fields named")
        .summary("Lets fields of a hash stay.")
        .syntax("key FIELDS numfields field [field ...]");
  }

  private static Command expiring(CommandTable table, String name, Command.Handler handler) {
    return table
        .command(name, handler)
        .arity(-6)
        .flags(WRITE, DENYOOM, FAST)
        .acl(HASH)
        .keys(1, 1, 1, RW, UPDATE)
        .since("7.4.0")
        .complexity("O(N) in the number of fields named");
  }

  private void declareRemaining(CommandTable table) {
    remaining(table, "HTTL", (deadline, now) -> (deadline - now + 999) / 1000)
        .tips("nondeterministic_output")
        .summary("Answers in how many seconds fields of a hash leave.");
    remaining(table, "HPTTL", (deadline, now) -> deadline - now)
        .tips("nondeterministic_output")
        .summary("Answers in how many milliseconds fields of a hash leave.");
    remaining(table, "HEXPIRETIME", (deadline, now) -> (deadline + 999) / 1000)
        .summary("Answers at which Unix time fields of a hash leave.");
    remaining(table, "HPEXPIRETIME", (deadline, now) -> deadline)
        .summary("Answers at which Unix time in milliseconds fields of a hash leave.");
  }

  /** How a deadline is answered. */
  @FunctionalInterface
  private interface Shown {
    long of(long deadline, long now);
  }

  private Command remaining(CommandTable table, String name, Shown shown) {
    return table
        .command(name, call -> remaining(call, shown))
        .arity(-5)
        .flags(READONLY, FAST)
        .acl(HASH)
        .keys(1, 1, 1, RO, ACCESS)
        .since("7.4.0")
        .complexity("O(N) in the number of fields named")
        .syntax("key FIELDS numfields field [field ...]");
  }

  private void declareValues(CommandTable table) {
    String times =
        "EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds";
    table
        .command("HSETEX", this::hsetex)
        .arity(-6)
        .flags(WRITE, DENYOOM, FAST)
        .acl(HASH)
        .keys(1, 1, 1, RW, UPDATE)
        .since("8.0.0")
        .complexity("O(N) in the number of fields set")
        .summary("Sets fields of a hash, and when they leave.")
        .syntax(
            "key [NX | XX] [FNX | FXX] ["
                + times
                + " | KEEPTTL] FIELDS numfields field value [field value ...]");
    table
        .command("HGETEX", this::hgetex)
        .arity(-5)
        .flags(WRITE, DENYOOM, FAST)
        .acl(HASH)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("8.0.0")
        .complexity("O(N) in the number of fields named")
        .summary("Answers the values of fields, and says when these leave, or that they stay.")
        .syntax("key [" + times + " | PERSIST] FIELDS numfields field [field ...]");
    table
        .command("HGETDEL", this::hgetdel)
        .arity(-5)
        .flags(WRITE, FAST)
        .acl(HASH)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .since("8.0.0")
        .complexity("O(N) in the number of fields named")
        .summary("Answers the values of fields and removes these.")
        .syntax("key FIELDS numfields field [field ...]");
  }

  // --- words

  private static CommandException notPositive() {
    return Errors.err("Number of fields must be a positive integer");
  }

  /** Checks {@code FIELDS numfields field ...} at an index; returns the index of the first. */
  private static int fields(Call call, int at, CommandException notPositive) {
    if (at + 1 >= call.count() || !call.args().is(at, "FIELDS")) {
      throw Errors.err("Mandatory argument FIELDS is missing or not at the right position");
    }
    long count = Counts.atLeast(call.arg(at + 1), 1, notPositive);
    if (count != call.count() - at - 2) {
      throw Errors.err("The `numfields` parameter must match the number of arguments");
    }
    return at + 2;
  }

  /** A deadline as the word at an index gives it, in Unix milliseconds. */
  private static long deadline(Call call, int at, int unitMillis, long base) {
    long amount = call.args().integer(at);
    if (amount < 0) {
      throw Errors.err("invalid expire time, must be >= 0");
    }
    if (amount > LATEST / unitMillis || amount * unitMillis > LATEST - base) {
      throw Errors.invalidExpire(call.command().fullName());
    }
    return amount * unitMillis + base;
  }

  /** When an option lets fields leave; null when the word is no such option. */
  private static @Nullable Long deadlineOption(Call call, int at) {
    Args args = call.args();
    boolean relative = args.is(at, "EX") || args.is(at, "PX");
    if (!relative && !args.is(at, "EXAT") && !args.is(at, "PXAT")) {
      return null;
    }
    if (at + 1 >= args.count()) {
      throw Errors.err("missing expire time");
    }
    int unit = args.is(at, "EX") || args.is(at, "EXAT") ? 1000 : 1;
    return deadline(call, at + 1, unit, relative ? call.now() : 0);
  }

  // --- deadlines

  /** On what condition a field gets a deadline. */
  private enum Condition {
    NONE,
    NX,
    XX,
    GT,
    LT;

    static Condition of(Args args, int at) {
      for (Condition condition : values()) {
        if (condition != NONE && args.is(at, condition.name())) {
          return condition;
        }
      }
      return NONE;
    }

    boolean allows(long before, long deadline) {
      boolean stays = before == HashValue.NEVER;
      return switch (this) {
        case NONE -> true;
        case NX -> stays;
        case XX -> !stays;
        case GT -> !stays && deadline > before;
        case LT -> stays || deadline < before;
      };
    }
  }

  private void expire(Call call, int unitMillis, long base) {
    HashValue hash = hashes.findToWrite(call);
    long deadline = deadline(call, 2, unitMillis, base);
    Condition condition = Condition.of(call.args(), 3);
    int first =
        fields(
            call,
            condition == Condition.NONE ? 3 : 4,
            Errors.err("Parameter `numFields` should be greater than 0"));
    call.reply().array(call.count() - first);
    Deadliner deadliner = new Deadliner(call, hash, deadline, condition);
    for (int i = first; i < call.count(); i++) {
      call.reply().integer(deadliner.apply(call.arg(i)));
    }
    deadliner.finish();
  }

  /** Gives fields of one hash a deadline, or takes them out when that has passed. */
  private final class Deadliner {
    private final Call call;
    private final @Nullable HashValue hash;
    private final long deadline;
    private final Condition condition;
    private final List<Bytes> updated = new ArrayList<>();
    private final List<Long> before = new ArrayList<>();
    private final List<Bytes> deleted = new ArrayList<>();

    Deadliner(Call call, @Nullable HashValue hash, long deadline, Condition condition) {
      this.call = call;
      this.hash = hash;
      this.deadline = deadline;
      this.condition = condition;
      call.database().fieldExpiry().reserve();
    }

    /** Does what is asked for to one field; returns what HEXPIRE answers for it. */
    int apply(Bytes field) {
      if (hash == null || !hash.contains(field)) {
        return NO_FIELD;
      }
      if (!condition.allows(hash.deadline(field), deadline)) {
        return REFUSED;
      }
      if (deadline <= call.now()) {
        hash.remove(field);
        deleted.add(field);
        return DELETED;
      }
      try {
        schedule(hash, field);
      } catch (OutOfArenaException full) {
        restore(hash);
        throw full;
      }
      return DONE;
    }

    void schedule(HashValue changed, Bytes field) {
      long old = changed.deadline(field);
      changed.expireAt(field, deadline);
      updated.add(field);
      before.add(old);
    }

    /** A command that fails changes nothing. */
    void restore(HashValue changed) {
      for (int i = updated.size() - 1; i >= 0; i--) {
        if (before.get(i) == HashValue.NEVER) {
          changed.persist(updated.get(i));
        } else {
          changed.expireAt(updated.get(i), before.get(i));
        }
      }
    }

    /** Says what was changed. */
    void finish() {
      call.noEffect();
      if (!updated.isEmpty()) {
        hashes.scheduleFields(call);
        call.changed(call.arg(1), EventClass.HASH, "hexpire");
        call.effect(
            words(updated, HPEXPIREAT, call.arg(1), Bytes.of(deadline), FIELDS, count(updated)));
      }
      if (!deleted.isEmpty()) {
        removed(call, hash, deleted);
      }
    }
  }

  private static Bytes count(List<Bytes> fields) {
    return Bytes.of(fields.size());
  }

  private static Bytes[] words(List<Bytes> fields, Bytes... head) {
    List<Bytes> words = new ArrayList<>(List.of(head));
    words.addAll(fields);
    return words.toArray(Bytes[]::new);
  }

  /** Says that fields were removed, and removes a hash that has none left. */
  private void removed(Call call, @Nullable HashValue hash, List<Bytes> fields) {
    call.changed(call.arg(1), EventClass.HASH, "hdel");
    call.effect(words(fields, HDEL, call.arg(1)));
    if (hash != null) {
      hashes.deleteIfEmptied(call, hash);
    }
  }

  private void hpersist(Call call) {
    HashValue hash = hashes.findToWrite(call);
    int first = fields(call, 2, notPositive());
    boolean any = false;
    call.reply().array(call.count() - first);
    for (int i = first; i < call.count(); i++) {
      if (hash == null || !hash.contains(call.arg(i))) {
        call.reply().integer(NO_FIELD);
      } else if (hash.persist(call.arg(i))) {
        any = true;
        call.reply().integer(DONE);
      } else {
        call.reply().integer(NO_DEADLINE);
      }
    }
    if (any) {
      hashes.scheduleFields(call);
      call.changed(call.arg(1), EventClass.HASH, "hpersist");
    }
  }

  private void remaining(Call call, Shown shown) {
    HashValue hash = hashes.find(call);
    int first = fields(call, 2, notPositive());
    call.reply().array(call.count() - first);
    for (int i = first; i < call.count(); i++) {
      if (hash == null || !hash.contains(call.arg(i))) {
        call.reply().integer(NO_FIELD);
        continue;
      }
      long deadline = hash.deadline(call.arg(i));
      call.reply()
          .integer(deadline == HashValue.NEVER ? NO_DEADLINE : shown.of(deadline, call.now()));
    }
  }

  // --- values with deadlines

  /** What HSETEX asks for. */
  private static final class SetQuery {
    @Nullable Boolean keyMustExist;
    @Nullable Boolean fieldsMustExist;
    @Nullable Long deadline;
    boolean keepDeadlines;
    int first;

    static SetQuery parse(Call call) {
      Args args = call.args();
      SetQuery query = new SetQuery();
      for (int i = 2; i < args.count(); i++) {
        if (args.is(i, "FIELDS")) {
          query.parseFields(call, i);
          return query;
        }
        if (args.is(i, "FNX") || args.is(i, "FXX")) {
          if (query.fieldsMustExist != null) {
            throw Errors.err("Only one of FXX or FNX arguments can be specified");
          }
          query.fieldsMustExist = args.is(i, "FXX");
        } else if (args.is(i, "NX") || args.is(i, "XX")) {
          if (query.keyMustExist != null) {
            throw Errors.err("Only one of NX or XX arguments can be specified");
          }
          query.keyMustExist = args.is(i, "XX");
        } else {
          i += query.parseExpiry(call, i);
        }
      }
      throw Errors.wrongNumberOfArguments(call.command().fullName());
    }

    /** Reads an option about deadlines; returns how many words it has beyond one. */
    private int parseExpiry(Call call, int at) {
      boolean keep = call.args().is(at, "KEEPTTL");
      boolean had = deadline != null || keepDeadlines;
      boolean isOption =
          keep
              || call.args().is(at, "EX")
              || call.args().is(at, "PX")
              || call.args().is(at, "EXAT")
              || call.args().is(at, "PXAT");
      if (!isOption) {
        throw Errors.err("unknown argument: " + Errors.shown(call.arg(at)));
      }
      if (had) {
        throw Errors.err("Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
      }
      if (keep) {
        keepDeadlines = true;
        return 0;
      }
      deadline = deadlineOption(call, at);
      return 1;
    }

    private void parseFields(Call call, int at) {
      CommandException wrongNumber = Errors.wrongNumberOfArguments(call.command().fullName());
      int left = call.count() - at - 2;
      if (left < 2) {
        throw wrongNumber;
      }
      long count = Numbers.parseLong(call.arg(at + 1), Errors.err("invalid number of fields"));
      if (count < 1 || count > Integer.MAX_VALUE) {
        throw Errors.err("invalid number of fields");
      }
      if (left % 2 != 0 || count != left / 2) {
        throw wrongNumber;
      }
      first = at + 2;
    }

    /** Whether the conditions hold for a hash as it is. */
    boolean allows(Call call, @Nullable HashValue hash) {
      if (keyMustExist != null && keyMustExist != (hash != null)) {
        return false;
      }
      for (int i = first; fieldsMustExist != null && i < call.count(); i += 2) {
        if (fieldsMustExist != (hash != null && hash.contains(call.arg(i)))) {
          return false;
        }
      }
      return true;
    }
  }

  private void hsetex(Call call) {
    SetQuery query = SetQuery.parse(call);
    HashValue hash = hashes.findToWrite(call);
    if (!query.allows(call, hash)) {
      call.reply().integer(0);
      return;
    }
    Long deadline = query.deadline;
    if (deadline != null) {
      setUntil(call, query, hash, deadline);
    } else {
      hashes.put(
          call,
          hash,
          query.first,
          query.keepDeadlines ? Hashes.Deadlines.KEEP : Hashes.Deadlines.CLEAR);
      call.changed(call.arg(1), EventClass.HASH, "hset");
      call.effect(
          query.keepDeadlines ? settingWords(call, query, KEEPTTL) : settingWords(call, query));
    }
    call.reply().integer(1);
  }

  /** Sets fields that leave at a time; takes them out when it has passed. */
  private void setUntil(Call call, SetQuery query, @Nullable HashValue found, long deadline) {
    boolean over = deadline <= call.now();
    HashValue hash = found == null ? hashes.create(call) : found;
    Deadliner deadliner = new Deadliner(call, hash, deadline, Condition.NONE);
    try {
      // Deadlines come first: to take them back needs no memory.
      for (int i = query.first; i < call.count() && !over; i += 2) {
        deadliner.schedule(hash, call.arg(i));
      }
      hashes.put(call, hash, query.first, Hashes.Deadlines.KEEP);
    } catch (OutOfArenaException full) {
      deadliner.restore(hash);
      if (found == null) {
        call.database().delete(call.arg(1));
      }
      throw full;
    }
    call.changed(call.arg(1), EventClass.HASH, "hset");
    if (over) {
      List<Bytes> fields = new ArrayList<>();
      for (int i = query.first; i < call.count(); i += 2) {
        hash.remove(call.arg(i));
        fields.add(call.arg(i));
      }
      removed(call, hash, fields);
      return;
    }
    hashes.scheduleFields(call);
    call.changed(call.arg(1), EventClass.HASH, "hexpire");
    call.effect(settingWords(call, query, PXAT, Bytes.of(deadline)));
  }

  private static Bytes[] settingWords(Call call, SetQuery query, Bytes... options) {
    List<Bytes> words = new ArrayList<>();
    words.add(HSETEX);
    words.add(call.arg(1));
    words.addAll(List.of(options));
    words.add(FIELDS);
    words.add(Bytes.of((call.count() - query.first) / 2));
    for (int i = query.first; i < call.count(); i++) {
      words.add(call.arg(i));
    }
    return words.toArray(Bytes[]::new);
  }

  private void hgetex(Call call) {
    HashValue hash = hashes.findToWrite(call);
    boolean persist = call.args().is(2, "PERSIST");
    Long deadline = persist ? null : deadlineOption(call, 2);
    int first = fields(call, persist ? 3 : deadline == null ? 2 : 4, notPositive());
    Deadliner deadliner =
        deadline == null ? null : new Deadliner(call, hash, deadline, Condition.NONE);
    List<Bytes> persisted = new ArrayList<>();
    Span span = hashes.span(call);
    call.reply().array(call.count() - first);
    for (int i = first; i < call.count(); i++) {
      Bytes field = call.arg(i);
      if (hash == null || !hash.get(field, span)) {
        call.reply().nil();
        continue;
      }
      call.reply().bulk(span);
      if (deadliner != null) {
        deadliner.apply(field);
      } else if (persist && hash.persist(field)) {
        persisted.add(field);
      }
    }
    call.noEffect();
    if (deadliner != null) {
      deadliner.finish();
    } else if (!persisted.isEmpty()) {
      hashes.scheduleFields(call);
      call.changed(call.arg(1), EventClass.HASH, "hpersist");
      call.effect(words(persisted, HPERSIST, call.arg(1), FIELDS, count(persisted)));
    }
  }

  private void hgetdel(Call call) {
    HashValue hash = hashes.findToWrite(call);
    int first = fields(call, 2, notPositive());
    List<Bytes> deleted = new ArrayList<>();
    Span span = hashes.span(call);
    call.reply().array(call.count() - first);
    for (int i = first; i < call.count(); i++) {
      if (hash != null && hash.get(call.arg(i), span)) {
        call.reply().bulk(span);
        hash.remove(call.arg(i));
        deleted.add(call.arg(i));
      } else {
        call.reply().nil();
      }
    }
    call.noEffect();
    if (!deleted.isEmpty()) {
      removed(call, hash, deleted);
    }
  }
}
