package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.util.List;

/** The libraries of functions, which are kept in the RDB beside the data. */
public interface Functions {
  /** Where there are none: what is loaded is forgotten. */
  Functions NONE =
      new Functions() {
        @Override
        public List<Bytes> sources() {
          return List.of();
        }

        @Override
        public void clear() {}

        @Override
        public Trial trial() {
          return source -> {};
        }

        @Override
        public void load(Bytes source, boolean replace) {}
      };

  /** The source of each library, from {@code #!} on. */
  List<Bytes> sources();

  /** Forgets all libraries. */
  void clear();

  /** Begins to find out whether libraries could be loaded if there were no others. */
  Trial trial();

  /** Libraries that are looked at one after the other, and of which nothing stays. */
  @FunctionalInterface
  interface Trial {
    /**
     * Looks at one more.
     *
     * @throws IllegalArgumentException when it could not be loaded behind those before; the message
     *     says why
     */
    void add(Bytes source);
  }

  /**
   * Adds a library.
   *
   * @param replace whether one of the same name gives way; else it is an error
   * @throws IllegalArgumentException when it cannot be: its name is taken, it does not compile; the
   *     message says so
   */
  void load(Bytes source, boolean replace);
}
