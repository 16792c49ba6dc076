package io.pillion.engine.persistence;

/**
 * The numbers of the RDB format, up to version 12, as Redis and Valkey write them: what a file's
 * parts begin with ({@code OP_}), and how values are encoded ({@code TYPE_}).
 */
final class RdbFormat {
  /** What redis-server 7.0 reads, and so what is written. */
  static final int VERSION = 10;

  /**
   * Written when hashes have fields with a time to live, and Redis shall read them; also the newest
   * of Redis that is read.
   */
  static final int VERSION_WITH_FIELD_TTLS = 12;

  /**
   * What Valkey has written since its version 9, and what is written for it when hashes have fields
   * with a time to live: numbers of types mean other things there.
   */
  static final int VERSION_OF_VALKEY = 80;

  static final int OP_SLOT_INFO = 244;
  static final int OP_FUNCTION = 245;
  static final int OP_FUNCTION_PRE_RELEASE = 246;
  static final int OP_MODULE_AUX = 247;
  static final int OP_IDLE = 248;
  static final int OP_FREQUENCY = 249;
  static final int OP_AUX = 250;
  static final int OP_RESIZE_DB = 251;
  static final int OP_EXPIRE_MILLIS = 252;
  static final int OP_EXPIRE_SECONDS = 253;
  static final int OP_SELECT_DB = 254;
  static final int OP_END = 255;

  static final int TYPE_STRING = 0;
  static final int TYPE_LIST = 1;
  static final int TYPE_SET = 2;
  static final int TYPE_ZSET = 3;
  static final int TYPE_HASH = 4;
  static final int TYPE_ZSET_2 = 5;
  static final int TYPE_MODULE_PRE_RELEASE = 6;
  static final int TYPE_MODULE = 7;
  static final int TYPE_HASH_ZIPMAP = 9;
  static final int TYPE_LIST_ZIPLIST = 10;
  static final int TYPE_SET_INTSET = 11;
  static final int TYPE_ZSET_ZIPLIST = 12;
  static final int TYPE_HASH_ZIPLIST = 13;
  static final int TYPE_LIST_QUICKLIST = 14;
  static final int TYPE_STREAM_LISTPACKS = 15;
  static final int TYPE_HASH_LISTPACK = 16;
  static final int TYPE_ZSET_LISTPACK = 17;
  static final int TYPE_LIST_QUICKLIST_2 = 18;
  static final int TYPE_STREAM_LISTPACKS_2 = 19;
  static final int TYPE_SET_LISTPACK = 20;
  static final int TYPE_STREAM_LISTPACKS_3 = 21;
  static final int TYPE_HASH_TTLS_PRE_RELEASE = 22;
  static final int TYPE_HASH_TTLS_LISTPACK_PRE_RELEASE = 23;
  static final int TYPE_HASH_TTLS = 24;
  static final int TYPE_HASH_TTLS_LISTPACK = 25;

  /** What 22 is in Valkey: fields with deadlines; its lower byte is what a file has. */
  static final int TYPE_HASH_OF_VALKEY = 256 + TYPE_HASH_TTLS_PRE_RELEASE;

  /** The nodes of {@link #TYPE_LIST_QUICKLIST_2}. */
  static final int NODE_PLAIN = 1;

  static final int NODE_PACKED = 2;

  // The first byte of a length: its two upper bits.
  static final int LENGTH_6_BITS = 0;
  static final int LENGTH_14_BITS = 1;
  static final int LENGTH_LONGER = 2;
  static final int LENGTH_ENCODED = 3;
  static final int LENGTH_32_BITS = 0x80;
  static final int LENGTH_64_BITS = 0x81;

  // What follows LENGTH_ENCODED in the lower six bits: a string that is no plain run of bytes.
  static final int STRING_INT8 = 0;
  static final int STRING_INT16 = 1;
  static final int STRING_INT32 = 2;
  static final int STRING_LZF = 3;

  private RdbFormat() {}

  /** Whether there is a version of this number that is understood. */
  static boolean isKnown(int version) {
    return (version >= 1 && version <= VERSION_WITH_FIELD_TTLS) || version == VERSION_OF_VALKEY;
  }

  /** The type that a number stands for in a version. */
  static int typeIn(int version, int number) {
    return version == VERSION_OF_VALKEY && number == TYPE_HASH_TTLS_PRE_RELEASE
        ? TYPE_HASH_OF_VALKEY
        : number;
  }
}
