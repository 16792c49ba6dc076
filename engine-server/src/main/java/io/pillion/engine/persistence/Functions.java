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
        public void check(Bytes source) {}

        @Override
        public void load(Bytes source, boolean replace) {}
      };

  /** The source of each library, from {@code #!} on. */
  List<Bytes> sources();

  /** Forgets all libraries. */
  void clear();

  /**
   * Finds out whether a library could be loaded if there were no others, and adds nothing.
   *
   * @throws IllegalArgumentException when it could not; the message says why
   */
  void check(Bytes source);

  /**
   * Adds a library.
   *
   * @param replace whether one of the same name gives way; else it is an error
   * @throws IllegalArgumentException when it cannot be: its name is taken, it does not compile; the
   *     message says so
   */
  void load(Bytes source, boolean replace);
}
