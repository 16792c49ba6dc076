package io.pillion.engine.scripting.lua;

import org.jspecify.annotations.Nullable;

/** An opaque value: {@code cjson.null}, or what newproxy makes. Equal only to itself. */
public final class Userdata {
  private final @Nullable String address;
  private @Nullable LuaTable metatable;

  /**
   * A new one.
   *
   * @param address what tostring shows for its address; null for one of its own
   */
  Userdata(@Nullable String address) {
    this.address = address;
  }

  @Nullable String address() {
    return address;
  }

  @Nullable LuaTable metatable() {
    return metatable;
  }

  void metatable(@Nullable LuaTable newMetatable) {
    metatable = newMetatable;
  }
}
