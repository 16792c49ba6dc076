package io.pillion.cache;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InvalidClassException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The JDK's own serialization, behind a {@link SerializationFilter}. */
public final class JdkCodec implements ValueCodec {
  static final int ID = 16;

  private final SerializationFilter filter;
  private final @Nullable ClassLoader classLoader;

  /**
   * A codec behind this filter.
   *
   * @param classLoader where classes are looked up; null means the thread's context class loader
   */
  public JdkCodec(SerializationFilter filter, @Nullable ClassLoader classLoader) {
    this.filter = filter;
    this.classLoader = classLoader;
  }

  @Override
  public int id() {
    return ID;
  }

  @Override
  public byte[] encode(Object value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    List<Class<?>> written = new ArrayList<>();
    try (ObjectOutputStream out = new NotingStream(bytes, written)) {
      out.writeObject(value);
    } catch (IOException e) {
      throw new CodecException(
          value.getClass().getName() + " cannot be serialized (" + e + "): implement Serializable",
          e);
    }
    // Only now: a failed attempt also writes the classes of its exception.
    written.forEach(filter::learn);
    return bytes.toByteArray();
  }

  @Override
  public Object decode(byte[] bytes) {
    @Nullable String[] refused = new @Nullable String[1];
    try (ObjectInputStream in = new LoadingStream(new ByteArrayInputStream(bytes), classLoader)) {
      in.setObjectInputFilter(filter.toInputFilter(refused));
      Object value = in.readObject();
      if (value == null) {
        throw new CodecException("A serialized null is not a value", null);
      }
      return value;
    } catch (InvalidClassException e) {
      throw new CodecException(
          refused[0] == null
              ? "A stored value no longer fits its class: " + e.getMessage()
              : "Refused to deserialize "
                  + refused[0]
                  + ": if the application stores it, name it in pillion.serialization.allow"
                  + " (a class, package.* or package.**)",
          e);
    } catch (ClassNotFoundException e) {
      throw new CodecException("A stored value needs the missing class " + e.getMessage(), e);
    } catch (IOException | RuntimeException e) {
      if (e instanceof CodecException ours) {
        throw ours;
      }
      throw new CodecException("A stored value is not a serialized object: " + e, e);
    }
  }

  /** Notes which classes are written. */
  private static final class NotingStream extends ObjectOutputStream {
    private final List<Class<?>> written;

    NotingStream(OutputStream out, List<Class<?>> written) throws IOException {
      super(out);
      this.written = written;
    }

    @Override
    protected void annotateClass(Class<?> type) {
      written.add(type);
    }

    @Override
    protected void annotateProxyClass(Class<?> type) throws IOException {
      throw new IOException("dynamic proxies are not stored");
    }
  }

  /** Finds classes where the cache's users have them. */
  private static final class LoadingStream extends ObjectInputStream {
    private final @Nullable ClassLoader classLoader;

    LoadingStream(InputStream in, @Nullable ClassLoader classLoader) throws IOException {
      super(in);
      this.classLoader =
          classLoader == null ? Thread.currentThread().getContextClassLoader() : classLoader;
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description)
        throws IOException, ClassNotFoundException {
      try {
        return Class.forName(description.getName(), /* initialize= */ false, classLoader);
      } catch (ClassNotFoundException notThere) {
        return super.resolveClass(description);
      }
    }

    @Override
    protected Class<?> resolveProxyClass(String[] interfaces) throws IOException {
      throw new InvalidClassException(Proxy.class.getName(), "dynamic proxies are not read");
    }
  }
}
