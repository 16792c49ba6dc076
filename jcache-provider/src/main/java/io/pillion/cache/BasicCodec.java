package io.pillion.cache;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The plain types, stored as what other clients of the server would expect to see. */
enum BasicCodec implements ValueCodec {
  /** A byte array as it is. */
  RAW(0) {
    @Override
    public byte[] encode(Object value) {
      return ((byte[]) value).clone();
    }

    @Override
    public Object decode(byte[] bytes) {
      return bytes.clone();
    }
  },
  /** A string in UTF-8. */
  STRING(1) {
    @Override
    public byte[] encode(Object value) {
      return ((String) value).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public Object decode(byte[] bytes) {
      return string(bytes, 0);
    }
  },
  /** A long in decimal digits. */
  LONG(2) {
    @Override
    public byte[] encode(Object value) {
      return digits(value);
    }

    @Override
    public Object decode(byte[] bytes) {
      return Long.valueOf(text(bytes));
    }
  },
  /** An int in decimal digits. */
  INTEGER(3) {
    @Override
    public byte[] encode(Object value) {
      return digits(value);
    }

    @Override
    public Object decode(byte[] bytes) {
      return Integer.valueOf(text(bytes));
    }
  },
  /** A double as its eight bits-exact bytes. */
  DOUBLE(4) {
    @Override
    public byte[] encode(Object value) {
      return ByteBuffer.allocate(Double.BYTES).putDouble((Double) value).array();
    }

    @Override
    public Object decode(byte[] bytes) {
      return ByteBuffer.wrap(bytes).getDouble();
    }
  },
  /** True or false as 1 or 0. */
  BOOLEAN(5) {
    @Override
    public byte[] encode(Object value) {
      return new byte[] {(byte) ((Boolean) value ? '1' : '0')};
    }

    @Override
    public Object decode(byte[] bytes) {
      return bytes[0] == '1';
    }
  },
  /** The knowledge that there is no value. */
  ABSENT(6) {
    @Override
    public byte[] encode(Object value) {
      return new byte[0];
    }

    @Override
    public Object decode(byte[] bytes) {
      return AbsentValue.ABSENT;
    }
  };

  private static final BasicCodec[] BY_ID = values();

  private final int id;

  BasicCodec(int id) {
    this.id = id;
  }

  @Override
  public int id() {
    return id;
  }

  /** The codec for values of this class, or null when none of these is. */
  static @Nullable BasicCodec of(Object value) {
    if (value instanceof String string) {
      return isUnicode(string) ? STRING : null;
    }
    if (value instanceof byte[]) {
      return RAW;
    }
    if (value instanceof Long) {
      return LONG;
    }
    if (value instanceof Integer) {
      return INTEGER;
    }
    if (value instanceof Double) {
      return DOUBLE;
    }
    if (value instanceof Boolean) {
      return BOOLEAN;
    }
    return value instanceof AbsentValue ? ABSENT : null;
  }

  static @Nullable BasicCodec byId(int id) {
    return id < BY_ID.length ? BY_ID[id] : null;
  }

  /** The string that these bytes are from here on: what {@link #STRING} does, without a copy. */
  static String string(byte[] bytes, int from) {
    return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
  }

  /** Whether UTF-8 can say this string: it cannot say half of a surrogate pair. */
  static boolean isUnicode(String string) {
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      if (Character.isSurrogate(c)) {
        boolean whole =
            Character.isHighSurrogate(c)
                && i + 1 < string.length()
                && Character.isLowSurrogate(string.charAt(i + 1));
        if (!whole) {
          return false;
        }
        i++;
      }
    }
    return true;
  }

  private static byte[] digits(Object number) {
    return number.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.US_ASCII);
  }
}
