package io.pillion.engine.scripting;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.protocol.Numbers;
import io.pillion.engine.protocol.OutgoingReply;
import io.pillion.engine.scripting.lua.LuaState;
import io.pillion.engine.scripting.lua.LuaString;
import io.pillion.engine.scripting.lua.LuaTable;
import io.pillion.engine.scripting.lua.Nil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The reply to a command of a script, as values of Lua: in protocol version 2 numbers, strings,
 * tables, false for no value; in version 3 tables with one field tell doubles, maps, sets and their
 * like apart.
 *
 * <p>What a command writes is kept flat, a header before its elements; {@link #take} folds it.
 */
final class LuaReply implements OutgoingReply {
  private final LuaState lua;
  private final List<Object> flat = new ArrayList<>();
  private int version = 2;

  private enum Kind {
    ARRAY,
    MAP,
    SET
  }

  private record Header(Kind kind, int elements) {}

  LuaReply(LuaState lua) {
    this.lua = lua;
  }

  /** The one reply written; none is left. */
  Object take() {
    try {
      return flat.isEmpty() ? Nil.NIL : fold(new int[] {0});
    } finally {
      flat.clear();
    }
  }

  private Object fold(int[] at) {
    Object first = flat.get(at[0]++);
    if (!(first instanceof Header header)) {
      return first;
    }
    return switch (header.kind()) {
      case ARRAY -> {
        LuaTable table = lua.table(header.elements(), 0);
        for (int i = 1; i <= header.elements(); i++) {
          table.set(i, fold(at));
        }
        yield table;
      }
      case MAP -> {
        LuaTable map = lua.table(0, header.elements());
        for (int i = 0; i < header.elements(); i++) {
          Object key = fold(at);
          Object value = fold(at);
          if (key != Nil.NIL) {
            map.set(key, value);
          }
        }
        yield single("map", map);
      }
      case SET -> {
        LuaTable set = lua.table(0, header.elements());
        for (int i = 0; i < header.elements(); i++) {
          Object member = fold(at);
          if (member != Nil.NIL) {
            set.set(member, true);
          }
        }
        yield single("set", set);
      }
    };
  }

  private LuaTable single(String field, Object value) {
    LuaTable table = lua.table(0, 1);
    table.set(field, value);
    return table;
  }

  private LuaString string(String text) {
    return lua.string(text.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public int version() {
    return version;
  }

  @Override
  public void version(int newVersion) {
    version = newVersion;
  }

  /** Whether its script has nested calls deeply. */
  boolean isDeep() {
    return lua.isDeep();
  }

  @Override
  public void ok() {
    simple("OK");
  }

  @Override
  public void simple(String status) {
    flat.add(single("ok", string(status)));
  }

  @Override
  public void error(String message) {
    LuaTable error = ServerLibrary.error(lua, message);
    error.set("ignore_error_stats_update", true);
    flat.add(error);
  }

  @Override
  public void integer(long value) {
    flat.add((double) value);
  }

  @Override
  public void bulk(byte[] array, int offset, int length) {
    lua.budget().charge(32 + length);
    flat.add(LuaString.of(array, offset, offset + length));
  }

  @Override
  public void bulk(Arena arena, long address, int length) {
    lua.budget().charge(32 + length);
    flat.add(LuaString.of(arena.toByteArray(address, length)));
  }

  @Override
  public void nil() {
    flat.add(version < 3 ? false : Nil.NIL);
  }

  @Override
  public void nilArray() {
    nil();
  }

  @Override
  public void bool(boolean value) {
    flat.add(version < 3 ? (Object) (value ? 1.0 : 0.0) : (Object) value);
  }

  @Override
  public void number(double value) {
    flat.add(version < 3 ? string(Numbers.format(value)) : single("double", value));
  }

  @Override
  public void number(String digits) {
    flat.add(version < 3 ? string(digits) : single("double", Double.parseDouble(digits)));
  }

  @Override
  public void bigNumber(String digits) {
    flat.add(version < 3 ? string(digits) : single("big_number", string(digits)));
  }

  @Override
  public void verbatim(String format, String text) {
    if (version < 3) {
      flat.add(string(text));
    } else {
      LuaTable content = lua.table(0, 2);
      content.set("format", string(format));
      content.set("string", string(text));
      flat.add(single("verbatim_string", content));
    }
  }

  @Override
  public void array(int count) {
    flat.add(new Header(Kind.ARRAY, count));
  }

  @Override
  public void map(int pairs) {
    flat.add(mapHeader(pairs));
  }

  private Header mapHeader(int pairs) {
    return version < 3 ? new Header(Kind.ARRAY, 2 * pairs) : new Header(Kind.MAP, pairs);
  }

  @Override
  public void set(int count) {
    flat.add(setHeader(count));
  }

  private Header setHeader(int count) {
    return new Header(version < 3 ? Kind.ARRAY : Kind.SET, count);
  }

  @Override
  public void push(int count) {
    array(count);
  }

  @Override
  public int deferred() {
    array(0);
    return flat.size() - 1;
  }

  @Override
  public void resolveArray(int mark, int count) {
    flat.set(mark, new Header(Kind.ARRAY, count));
  }

  @Override
  public void resolveMap(int mark, int pairs) {
    flat.set(mark, mapHeader(pairs));
  }

  @Override
  public void resolveSet(int mark, int count) {
    flat.set(mark, setHeader(count));
  }

  @Override
  public int position() {
    return flat.size();
  }

  @Override
  public void rewind(int position) {
    flat.subList(position, flat.size()).clear();
  }

  @Override
  public OutgoingReply fresh() {
    return new LuaReply(lua);
  }

  @Override
  public void append(OutgoingReply other) {
    // Scripts get no pushes.
  }

  @Override
  public void notice(String line) {
    // Nor what MONITOR shows.
  }

  @Override
  public void answer(byte[] resp) {
    throw new UnsupportedOperationException("scripts are not forwarded piece by piece");
  }

  @Override
  public void raw(byte[] bytes, int offset, int length) {
    // Nor what replicas are sent.
  }
}
