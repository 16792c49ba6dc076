package io.pillion.session;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InvalidClassException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Java serialization behind a list of allowed classes.
 *
 * <p>Reading a serialized object runs code of the classes it names; whoever can write to the engine
 * would choose them. So only classes on the list are read. They are checked when a value is
 * <em>written</em> as well: an attribute that could not be read back is refused where the
 * programmer sees it, not lost on the next request.
 */
public final class JdkAttributeCodec implements AttributeCodec {
  /** What every application needs: values of the JDK, and what Spring keeps in a session. */
  private static final List<String> ALWAYS =
      List.of(
          "java.lang.*",
          "java.util.*",
          "java.util.concurrent.*",
          "java.util.concurrent.atomic.*",
          "java.math.*",
          "java.time.**",
          "java.net.URI",
          "java.net.Inet*",
          "java.sql.Date",
          "java.sql.Time",
          "java.sql.Timestamp",
          "org.springframework.security.**",
          "org.springframework.session.**",
          "org.springframework.web.servlet.FlashMap",
          "org.springframework.util.*");

  private static final String LIMITS = "maxdepth=64;maxrefs=1000000;maxarray=10000000";
  private static final Pattern CLASS_PATTERN =
      Pattern.compile("[\\p{javaJavaIdentifierPart}.]+(\\.\\*{1,2}|\\*)?");

  private final ObjectInputFilter filter;

  /**
   * A codec for these classes and those that are always allowed (values of the JDK, Spring
   * Security, Spring Session).
   *
   * @param patterns class names ({@code com.shop.Cart}), packages ({@code com.shop.*}) or packages
   *     with all below them ({@code com.shop.**})
   * @throws IllegalArgumentException when one is none of these
   */
  public JdkAttributeCodec(Collection<String> patterns) {
    StringBuilder text = new StringBuilder(LIMITS);
    ALWAYS.forEach(pattern -> text.append(';').append(pattern));
    for (String pattern : patterns) {
      String stripped = pattern.strip();
      if (!CLASS_PATTERN.matcher(stripped).matches()) {
        throw new IllegalArgumentException(
            "Not a class, package.* or package.**, as allowed session classes are written: "
                + stripped);
      }
      text.append(';').append(stripped);
    }
    filter = ObjectInputFilter.Config.createFilter(text.append(";!*").toString());
  }

  /** A codec for these classes, packages and packages with all below them. */
  public static JdkAttributeCodec allowing(String... patterns) {
    return new JdkAttributeCodec(List.of(patterns));
  }

  @Override
  public byte id() {
    return 1;
  }

  @Override
  public byte[] encode(Object value) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (ObjectOutputStream stream = new CheckedOutput(bytes)) {
      stream.writeObject(value);
    }
    return bytes.toByteArray();
  }

  @Override
  public Object decode(byte[] bytes) throws IOException, ClassNotFoundException {
    try (ObjectInputStream stream = new LoadingInput(new ByteArrayInputStream(bytes))) {
      stream.setObjectInputFilter(filter);
      Object value = stream.readObject();
      if (value == null) {
        throw new InvalidClassException("null is not the value of an attribute");
      }
      return value;
    }
  }

  /** Refuses to write what {@link #filter} would refuse to read. */
  private final class CheckedOutput extends ObjectOutputStream {
    CheckedOutput(OutputStream out) throws IOException {
      super(out);
    }

    @Override
    protected void annotateClass(Class<?> type) throws IOException {
      check(type);
      super.annotateClass(type);
    }

    @Override
    protected void annotateProxyClass(Class<?> type) throws IOException {
      check(type);
      super.annotateProxyClass(type);
    }

    private void check(Class<?> type) throws InvalidClassException {
      if (filter.checkInput(new Described(type)) == ObjectInputFilter.Status.REJECTED) {
        throw new InvalidClassException(
            type.getName(),
            "is not an allowed class, so it could not be read back; allow it or its package"
                + " (in Spring Boot: pillion.serialization.allow)");
      }
    }
  }

  /**
   * Finds classes where the application's code is: with devtools that is not this class' loader.
   */
  private static final class LoadingInput extends ObjectInputStream {
    LoadingInput(InputStream in) throws IOException {
      super(in);
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description)
        throws IOException, ClassNotFoundException {
      ClassLoader loader = Thread.currentThread().getContextClassLoader();
      if (loader != null) {
        try {
          return Class.forName(description.getName(), /* initialize= */ false, loader);
        } catch (ClassNotFoundException e) {
          return super.resolveClass(description);
        }
      }
      return super.resolveClass(description);
    }
  }

  private record Described(Class<?> type) implements ObjectInputFilter.FilterInfo {
    @Override
    public @Nullable Class<?> serialClass() {
      return type;
    }

    @Override
    public long arrayLength() {
      return -1;
    }

    @Override
    public long depth() {
      return 1;
    }

    @Override
    public long references() {
      return 1;
    }

    @Override
    public long streamBytes() {
      return 0;
    }
  }
}
