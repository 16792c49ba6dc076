package io.pillion.engine.scripting.lua;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A table: an array for the keys from 1 on without gaps, and a hash for all others.
 *
 * <p>The hash keeps its entries in the order they came, in two arrays; an open index of positions
 * finds them. An entry whose value became nil stays until the hash grows, so that a traversal may
 * clear entries as it goes. What grows is charged to the budget of the state that the table was
 * made for, before it grows.
 */
public final class LuaTable {
  private static final Object[] NONE = {};
  private static final int[] NO_INDEX = {};

  /** A slot and the boxed number that is likely in it. */
  static final int BYTES_PER_SLOT = 20;

  /** Key, value and index of an entry. */
  static final int BYTES_PER_ENTRY = 40;

  static final int BYTES = 64;

  private final @Nullable Budget budget;
  private Object[] array = NONE;
  private int count;
  private Object[] keys = NONE;
  private Object[] values = NONE;
  private int[] index = NO_INDEX;
  private int used;
  private @Nullable LuaTable metatable;
  private boolean readonly;
  int mark;

  /** A table that is charged to nobody. */
  public LuaTable() {
    budget = null;
  }

  /** A table that is charged to a budget. */
  LuaTable(Budget budget, int arraySize, int hashSize) {
    this.budget = budget;
    budget.charge(BYTES + (long) arraySize * BYTES_PER_SLOT);
    if (arraySize > 0) {
      array = new Object[arraySize];
    }
    if (hashSize > 0) {
      rehash(hashSize);
    }
  }

  /** Its metatable, or null. */
  public @Nullable LuaTable metatable() {
    return metatable;
  }

  /** Gives it a metatable, or takes it. */
  public void metatable(@Nullable LuaTable newMetatable) {
    metatable = newMetatable;
  }

  /** Whether scripts cannot change it. */
  boolean isReadonly() {
    return readonly;
  }

  /** Says whether scripts can change it. */
  public void readonly(boolean yes) {
    readonly = yes;
  }

  void checkWritable() {
    if (readonly) {
      throw LuaState.readonlyError();
    }
  }

  // --- reading

  /** The value of a key without metamethods; nil where there is none. */
  public Object get(Object key) {
    if (key instanceof LuaString string) {
      return get(string);
    }
    if (key instanceof Double number) {
      double d = number;
      int i = (int) d;
      if (i == d) {
        return get(i);
      }
    }
    int at = find(key);
    return at < 0 ? Nil.NIL : values[at];
  }

  /** The value of a string. */
  public Object get(LuaString key) {
    int[] table = index;
    if (table.length == 0) {
      return Nil.NIL;
    }
    int mask = table.length - 1;
    int h = key.hashCode();
    for (int slot = (h ^ (h >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      int at = table[slot] - 1;
      if (at < 0) {
        return Nil.NIL;
      }
      Object k = keys[at];
      if (k == key || (k instanceof LuaString s && s.equals(key))) {
        return values[at];
      }
    }
  }

  /** The value of a text. */
  public Object get(String key) {
    return get(LuaString.of(key));
  }

  /** The value of an integer. */
  public Object get(int key) {
    if (key > 0 && key <= count) {
      return array[key - 1];
    }
    if (used == 0) {
      return Nil.NIL;
    }
    int at = find((double) key);
    return at < 0 ? Nil.NIL : values[at];
  }

  /** The length: how many keys from 1 on have values, where there are no gaps. */
  public int length() {
    return count;
  }

  private static int hash(Object key) {
    if (key instanceof Double number) {
      // Zero and minus zero are one key.
      long bits = Double.doubleToLongBits(number + 0.0) * 0x9E3779B97F4A7C15L;
      return (int) (bits >>> 32);
    }
    int h = key.hashCode();
    return h ^ (h >>> 16);
  }

  private static boolean same(Object a, Object b) {
    if (a == b) {
      return true;
    }
    if (a instanceof Double x) {
      return b instanceof Double y && x.doubleValue() == y.doubleValue();
    }
    return a instanceof LuaString s && s.equals(b);
  }

  private int find(Object key) {
    int[] table = index;
    if (table.length == 0) {
      return -1;
    }
    int mask = table.length - 1;
    for (int slot = hash(key) & mask; ; slot = (slot + 1) & mask) {
      int at = table[slot] - 1;
      if (at < 0 || same(keys[at], key)) {
        return at;
      }
    }
  }

  // --- writing

  /**
   * Sets the value of a key without metamethods, whether scripts may or not. The key is neither nil
   * nor not-a-number.
   */
  public void set(Object key, Object value) {
    if (key instanceof Double number) {
      double d = number;
      int i = (int) d;
      if (i == d && i > 0) {
        set(i, value);
        return;
      }
    }
    setHash(key, value);
  }

  /** Sets the value of a text. */
  public void set(String key, Object value) {
    setHash(LuaString.of(key), value);
  }

  /** Sets the value of a positive integer. */
  public void set(int key, Object value) {
    if (key <= count) {
      array[key - 1] = value;
      if (key == count && value == Nil.NIL) {
        trim();
      }
    } else if (key == count + 1) {
      if (value != Nil.NIL) {
        append(value);
      } else if (used > 0) {
        setHash((double) key, value);
      }
    } else {
      setHash((double) key, value);
    }
  }

  private void trim() {
    int n = count;
    while (n > 0 && array[n - 1] == Nil.NIL) {
      n--;
    }
    count = n;
  }

  private void append(Object value) {
    if (used > 0) {
      int at = find((double) (count + 1));
      if (at >= 0) {
        values[at] = Nil.NIL;
      }
    }
    put(value);
    while (used > 0) {
      int at = find((double) (count + 1));
      if (at < 0 || values[at] == Nil.NIL) {
        return;
      }
      put(values[at]);
      values[at] = Nil.NIL;
    }
  }

  private void put(Object value) {
    if (count == array.length) {
      int size = Math.max(4, count + (count >> 1) + 1);
      charge((long) (size - count) * BYTES_PER_SLOT);
      array = Arrays.copyOf(array, size);
    }
    array[count++] = value;
  }

  private void setHash(Object key, Object value) {
    int at = find(key);
    if (at >= 0) {
      values[at] = value;
      return;
    }
    if (value == Nil.NIL) {
      return;
    }
    if (used == keys.length) {
      int live = 0;
      for (int i = 0; i < used; i++) {
        if (values[i] != Nil.NIL) {
          live++;
        }
      }
      rehash(Math.max(4, live + (live >> 1) + 1));
    }
    keys[used] = key;
    values[used] = value;
    used++;
    place(used - 1);
  }

  private void place(int at) {
    int mask = index.length - 1;
    int slot = hash(keys[at]) & mask;
    while (index[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    index[slot] = at + 1;
  }

  /** Makes room for so many entries; forgets those without values. */
  private void rehash(int size) {
    charge((long) Math.max(0, size - keys.length) * BYTES_PER_ENTRY);
    Object[] oldKeys = keys;
    Object[] oldValues = values;
    int oldUsed = used;
    keys = new Object[size];
    values = new Object[size];
    index = new int[Integer.highestOneBit(Math.max(4, size * 2 - 1)) * 2];
    used = 0;
    for (int i = 0; i < oldUsed; i++) {
      if (oldValues[i] != Nil.NIL) {
        keys[used] = oldKeys[i];
        values[used] = oldValues[i];
        place(used);
        used++;
      }
    }
  }

  private void charge(long bytes) {
    if (budget != null) {
      budget.charge(bytes);
    }
  }

  /** Sets the values of the keys from {@code first} on, nils too: a constructor's list. */
  void setList(int first, Object[] list, int from, int n) {
    int end = first - 1 + n;
    if (first == count + 1 && used == 0) {
      if (end > array.length) {
        charge((long) (end - array.length) * BYTES_PER_SLOT);
        array = Arrays.copyOf(array, end);
      }
      System.arraycopy(list, from, array, first - 1, n);
      count = end;
      trim();
    } else if (end > count && used == 0) {
      // A nil came before: the gap stays within the array, as long as values follow.
      if (end > array.length) {
        charge((long) (end - array.length) * BYTES_PER_SLOT);
        array = Arrays.copyOf(array, end);
      }
      Arrays.fill(array, count, first - 1, Nil.NIL);
      System.arraycopy(list, from, array, first - 1, n);
      count = end;
      trim();
    } else {
      for (int i = 0; i < n; i++) {
        set(first + i, list[from + i]);
      }
    }
  }

  /** Moves the values from {@code position} on by one, to make room or to close a gap. */
  void shift(int position, int by) {
    if (by > 0) {
      put(Nil.NIL);
      System.arraycopy(array, position - 1, array, position, count - position);
    } else {
      System.arraycopy(array, position, array, position - 1, count - position);
      array[count - 1] = Nil.NIL;
      trim();
    }
  }

  // --- traversal

  /**
   * The position of the entry after a key, for {@link #keyAt} and {@link #valueAt}; -1 at the end.
   *
   * @param key nil to begin
   */
  public int after(Object key) {
    int at;
    if (key == Nil.NIL) {
      at = 0;
    } else {
      at = position(key) + 1;
    }
    return next(at);
  }

  /** The first position from one on that has a value, or -1. */
  public int next(int position) {
    int at = position;
    for (; at < count; at++) {
      if (array[at] != Nil.NIL) {
        return at;
      }
    }
    // Positions of the hash follow those that the array has room for, and so never move.
    int offset = array.length;
    for (at = Math.max(0, at - offset); at < used; at++) {
      if (values[at] != Nil.NIL) {
        return offset + at;
      }
    }
    return -1;
  }

  private int position(Object key) {
    if (key instanceof Double number) {
      double d = number;
      int i = (int) d;
      if (i == d && i > 0 && i <= array.length && (i <= count || find(key) < 0)) {
        return i - 1;
      }
    }
    int at = find(key);
    if (at < 0) {
      throw new LuaError("invalid key to 'next'");
    }
    return array.length + at;
  }

  /** The key at a position. */
  public Object keyAt(int position) {
    return position < array.length
        ? (Object) (double) (position + 1)
        : keys[position - array.length];
  }

  /** The value at a position. */
  public Object valueAt(int position) {
    return position < array.length ? array[position] : values[position - array.length];
  }

  // --- for the meter

  long sizeBytes() {
    return BYTES + (long) array.length * BYTES_PER_SLOT + (long) keys.length * BYTES_PER_ENTRY;
  }

  int slots() {
    return count + used;
  }

  void reach(Reachable reachable) {
    for (int i = 0; i < count; i++) {
      reachable.add(array[i]);
    }
    for (int i = 0; i < used; i++) {
      reachable.add(keys[i]);
      reachable.add(values[i]);
    }
    if (metatable != null) {
      reachable.add(metatable);
    }
  }
}
