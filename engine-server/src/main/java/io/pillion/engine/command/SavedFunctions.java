package io.pillion.engine.command;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.persistence.Functions;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.scripting.FunctionLibraries;
import java.util.List;

/** The libraries of functions as files keep them. */
final class SavedFunctions implements Functions {
  private final FunctionLibraries libraries;

  SavedFunctions(FunctionLibraries libraries) {
    this.libraries = libraries;
  }

  @Override
  public List<Bytes> sources() {
    return libraries.libraries().stream().map(library -> Bytes.of(library.code())).toList();
  }

  @Override
  public void clear() {
    libraries.flush();
  }

  @Override
  public Trial trial() {
    FunctionLibraries.Trial trial = libraries.trial();
    return source -> {
      try {
        trial.add(source.toByteArray());
      } catch (CommandException e) {
        throw new IllegalArgumentException(e.text(), e);
      }
    };
  }

  @Override
  public void load(Bytes source, boolean replace) {
    try {
      libraries.load(source.toByteArray(), replace);
    } catch (CommandException e) {
      throw new IllegalArgumentException(e.text(), e);
    }
  }
}
