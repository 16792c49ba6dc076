package io.pillion.jcache.spec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What each operation of a cache has to do, for each key that it concerns: the tables of JSR-107
 * 1.1.1 on statistics, expiry policies, loaders and writers, and listeners, side by side.
 *
 * <p>Before the operation the key is {@code absent}, or has the value {@code old}; in {@code
 * loadable} and {@code both} (otherwise the same) the loader knows a value, {@code loaded}.
 * Operations that store, store {@code new}. Where a table leaves a case open, the reference
 * implementation decides; where its parts disagree, the remark says what was chosen.
 *
 * <p>Counts are of hits, misses, puts and removals. The loader is called if the cache reads
 * through, by {@code loadAll} if there is one; the writer if the cache writes through. In the rows
 * of a key that is loadable, or both, the loader is called; without it the rows of absent and old
 * count.
 */
final class ReferenceTable {
  private static final String TABLE =
      """
      operation                 | before   | answer | counts      | event   | policy   | loader  | writer    | after

      containsKey               | absent   | false  |             |         |          |         |           |
      containsKey               | old      | true   |             |         |          |         |           | old

      get                       | absent   | null   | miss        |         |          | load    |           |
      get                       | loadable | loaded | miss        | CREATED | creation | load    |           | loaded
      get                       | old      | old    | hit         |         | access   |         |           | old

      getAll                    | absent   | null   | miss        |         |          | loadAll |           |
      getAll                    | loadable | loaded | miss        | CREATED | creation | loadAll |           | loaded
      getAll                    | old      | old    | hit         |         | access   |         |           | old

      getAndPut                 | absent   | null   | miss put    | CREATED | creation |         | write     | new
      getAndPut                 | old      | old    | hit put     | UPDATED | update   |         | write     | new

      getAndRemove              | absent   | null   | miss        |         |          |         | delete    |
      getAndRemove              | old      | old    | hit removal | REMOVED |          |         | delete    |

      getAndReplace             | absent   | null   | miss        |         |          |         |           |
      getAndReplace             | old      | old    | hit put     | UPDATED | update   |         | write     | new

      put                       | absent   |        | put         | CREATED | creation |         | write     | new
      put                       | old      |        | put         | UPDATED | update   |         | write     | new

      putAll                    | absent   |        | put         | CREATED | creation |         | writeAll  | new
      putAll                    | old      |        | put         | UPDATED | update   |         | writeAll  | new

      putIfAbsent               | absent   | true   | miss put    | CREATED | creation |         | write     | new
      putIfAbsent               | old      | false  | hit         |         |          |         |           | old

      remove                    | absent   | false  |             |         |          |         | delete    |
      remove                    | old      | true   | removal     | REMOVED |          |         | delete    |

      remove(old)               | absent   | false  | miss        |         |          |         |           |
      remove(old)               | old      | true   | hit removal | REMOVED |          |         | delete    |
      remove(other)             | old      | false  | hit         |         | access   |         |           | old

      replace                   | absent   | false  | miss        |         |          |         |           |
      replace                   | old      | true   | hit put     | UPDATED | update   |         | write     | new

      replace(old)              | absent   | false  | miss        |         |          |         |           |
      replace(old)              | old      | true   | hit put     | UPDATED | update   |         | write     | new
      replace(other)            | old      | false  | hit         |         | access   |         |           | old

      removeAll(keys)           | absent   |        |             |         |          |         | deleteAll |
      removeAll(keys)           | old      |        | removal     | REMOVED |          |         | deleteAll |

      removeAll                 | absent   |        |             |         |          |         |           |
      removeAll                 | old      |        | removal     | REMOVED |          |         | deleteAll |

      clear                     | absent   |        |             |         |          |         |           |
      clear                     | old      |        |             |         |          |         |           |

      iterator                  | absent   | null   |             |         |          |         |           |
      iterator                  | old      | old    | hit         |         | access   |         |           | old

      iterator, remove          | absent   | null   |             |         |          |         |           |
      iterator, remove          | old      | old    | hit removal | REMOVED | access   |         | delete    |

      loadAll(keep)             | absent   |        |             |         |          | loadAll |           |
      loadAll(keep)             | loadable |        |             | CREATED | creation | loadAll |           | loaded
      loadAll(keep)             | old      |        |             |         |          |         |           | old
      loadAll(keep)             | both     |        |             |         |          |         |           | old

      loadAll(replace)          | absent   |        |             |         |          | loadAll |           |
      loadAll(replace)          | loadable |        |             | CREATED | creation | loadAll |           | loaded
      loadAll(replace)          | old      |        |             |         |          | loadAll |           | old
      loadAll(replace)          | both     |        |             | UPDATED | update   | loadAll |           | loaded

      invoke nothing            | absent   | null   | miss        |         |          |         |           |
      invoke nothing            | old      | null   | hit         |         |          |         |           | old

      invoke exists             | absent   | false  | miss        |         |          |         |           |
      invoke exists             | old      | true   | hit         |         |          |         |           | old

      invoke get                | absent   | null   | miss        |         |          | load    |           |
      invoke get                | loadable | loaded | miss        | CREATED | creation | load    |           | loaded
      invoke get                | old      | old    | hit         |         | access   |         |           | old

      invoke set                | absent   | null   | miss put    | CREATED | creation |         | write     | new
      invoke set                | old      | null   | hit put     | UPDATED | update   |         | write     | new

      invoke get, set           | absent   | null   | miss put    | CREATED | creation | load    | write     | new
      invoke get, set           | loadable | loaded | miss put    | CREATED | creation | load    | write     | new
      invoke get, set           | old      | old    | hit put     | UPDATED | update   |         | write     | new

      invoke set, get           | absent   | new    | miss put    | CREATED | creation |         | write     | new
      invoke set, get           | old      | new    | hit put     | UPDATED | update   |         | write     | new

      invoke remove             | absent   | null   | miss        |         |          |         | delete    |
      invoke remove             | old      | null   | hit removal | REMOVED |          |         | delete    |

      # What was set only here never was; what was loaded is in the database and is deleted there.
      invoke set, remove        | absent   | null   | miss        |         |          |         |           |
      invoke set, remove        | old      | null   | hit removal | REMOVED |          |         | delete    |
      invoke get, remove        | absent   | null   | miss        |         |          | load    | delete    |
      invoke get, remove        | loadable | loaded | miss        |         |          | load    | delete    |
      invoke get, remove        | old      | old    | hit removal | REMOVED |          |         | delete    |

      invoke remove, set        | absent   | null   | miss put    | CREATED | creation |         | write     | new
      invoke remove, set        | old      | null   | hit put     | UPDATED | update   |         | write     | new

      invoke remove, get        | absent   | null   | miss        |         |          |         | delete    |
      invoke remove, get        | old      | null   | hit removal | REMOVED |          |         | delete    |

      invoke set, throw         | absent   | EntryProcessorException | miss |  |         |         |           |
      invoke set, throw         | old      | EntryProcessorException | hit  |  |         |         |           | old

      invokeAll get             | absent   | null   | miss        |         |          | load    |           |
      invokeAll get             | loadable | loaded | miss        | CREATED | creation | load    |           | loaded
      invokeAll get             | old      | old    | hit         |         | access   |         |           | old

      invokeAll set             | absent   | null   | miss put    | CREATED | creation |         | write     | new
      invokeAll set             | old      | null   | hit put     | UPDATED | update   |         | write     | new

      invokeAll remove          | absent   | null   | miss        |         |          |         | delete    |
      invokeAll remove          | old      | null   | hit removal | REMOVED |          |         | delete    |
      """;

  private final List<Row> rows = new ArrayList<>();

  ReferenceTable() {
    TABLE
        .lines()
        .skip(1)
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .map(line -> Row.of(line.split("\\|", -1)))
        .forEach(rows::add);
  }

  /** The operations, in the table's order. */
  Set<String> operations() {
    Set<String> names = new LinkedHashSet<>();
    rows.forEach(row -> names.add(row.operation));
    return names;
  }

  /** What the operation does to a key of which there is this before; null if it is not said. */
  @Nullable Row row(String operation, String before) {
    String otherwise =
        switch (before) {
          case "loadable" -> "absent";
          case "both" -> "old";
          default -> before;
        };
    for (String one : List.of(before, otherwise)) {
      for (Row row : rows) {
        if (row.operation.equals(operation) && row.before.equals(one)) {
          return row;
        }
      }
    }
    return null;
  }

  /**
   * One line.
   *
   * @param answer for each key; empty when nothing is returned
   * @param counts the names of the counters that grow by one for each key
   * @param event the type, or empty
   * @param policy creation, update or access: what the expiry policy is asked for, or empty
   * @param loader the method that is called, or empty
   * @param writer the same
   * @param after the value, or empty for none
   */
  record Row(
      String operation,
      String before,
      String answer,
      Set<String> counts,
      String event,
      String policy,
      String loader,
      String writer,
      String after) {

    private static Row of(String[] cells) {
      String[] t = Arrays.stream(cells).map(String::strip).toArray(String[]::new);
      Set<String> counts = t[3].isEmpty() ? Set.of() : Set.of(t[3].split(" "));
      return new Row(t[0], t[1], t[2], counts, t[4], t[5], t[6], t[7], t[8]);
    }

    /** Whether it concerns several keys at once. */
    boolean isBulk() {
      return operation.matches(".*All\\b.*");
    }

    /** Whether it is done to all that is in the cache. */
    boolean isWhole() {
      return operation.startsWith("iterator")
          || operation.equals("removeAll")
          || operation.equals("clear");
    }
  }
}
