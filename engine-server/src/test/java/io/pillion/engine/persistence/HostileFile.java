package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * RDB files whose parts follow each other as they should, with a check sum that is right, but with
 * values of {@link HostilePayload}, keys twice, counts that nothing follows, moments that never
 * come, libraries of functions that do not compile, and data of modules.
 */
final class HostileFile {
  private static final int RARITY = 40;
  private static final String[] LIBRARIES = {
    "#!lua name=l\nredis.register_function('f', function() return 1 end)",
    "#!lua name=l\nredis.register_function('f',",
    "#!lua name=m\nredis.register_function('F', function() return 2 end)",
    "no library",
    ""
  };

  private final Random random;
  private final HostilePayload values;
  private final RdbOutput out;

  HostileFile(Random random, HostilePayload values) {
    this.random = random;
    this.values = values;
    out = new RdbOutput(null, random.nextBoolean());
  }

  private boolean wrong() {
    return random.nextInt(RARITY) == 0;
  }

  private void count(long right) {
    if (wrong()) {
      out.putByte(RdbFormat.LENGTH_64_BITS);
      out.putLong(random.nextLong() >>> random.nextInt(64));
    } else {
      out.putLength(right);
    }
  }

  /** The next one, whole. */
  byte[] next() {
    byte[] magic = "REDIS0012".getBytes(StandardCharsets.US_ASCII);
    out.putBytes(magic, 0, magic.length);
    out.putByte(RdbFormat.OP_AUX);
    out.putString(Bytes.of("redis-ver"));
    out.putString(Bytes.of("7.2.4"));
    if (random.nextInt(8) == 0) {
      library(random.nextInt(3) == 0 ? random.nextInt(LIBRARIES.length) : 0);
      if (random.nextInt(4) == 0) {
        library(random.nextInt(3));
      }
    }
    if (random.nextInt(8) == 0) {
      moduleData();
    }
    out.putByte(RdbFormat.OP_SELECT_DB);
    count(random.nextInt(2));
    int keys = random.nextInt(8);
    out.putByte(RdbFormat.OP_RESIZE_DB);
    count(keys);
    count(0);
    for (int i = 0; i < keys; i++) {
      key(wrong() ? 0 : i);
    }
    out.putByte(RdbFormat.OP_END);
    byte[] body = out.bytes().toByteArray();
    out.putLong(Crc64.update(0, body, 0, body.length));
    return out.bytes().toByteArray();
  }

  private void library(int which) {
    out.putByte(RdbFormat.OP_FUNCTION);
    out.putString(Bytes.of(LIBRARIES[which]));
  }

  private void moduleData() {
    out.putByte(RdbFormat.OP_MODULE_AUX);
    out.putLength(random.nextLong());
    out.putLength(2);
    out.putLength(1);
    for (int i = random.nextInt(4); i > 0; i--) {
      count(2);
      count(random.nextInt(100));
    }
    count(0);
  }

  private void key(int number) {
    if (random.nextInt(4) == 0) {
      out.putByte(RdbFormat.OP_EXPIRE_MILLIS);
      out.putLong(wrong() ? random.nextLong() : 4_000_000_000_000L);
    }
    if (random.nextInt(8) == 0) {
      out.putByte(RdbFormat.OP_FREQUENCY);
      out.putByte(random.nextInt(256));
    }
    if (random.nextInt(8) == 0) {
      out.putByte(RdbFormat.OP_IDLE);
      count(random.nextInt(1000));
    }
    byte[] value = values.next();
    while (values.version() != RdbFormat.VERSION_WITH_FIELD_TTLS) {
      value = values.next();
    }
    out.putByte(value[0]);
    out.putString(Bytes.of("key" + number));
    out.putBytes(value, 1, value.length - 1);
  }
}
