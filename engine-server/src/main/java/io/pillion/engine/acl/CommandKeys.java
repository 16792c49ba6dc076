package io.pillion.engine.acl;

import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import java.util.Arrays;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.IntConsumer;

/**
 * The keys among the words of one command, and what it does to them; looked for once, when the
 * first selector asks. Used again for the next command, to spare the allocation.
 */
final class CommandKeys implements IntConsumer {
  private int[] indexes = new int[16];
  private boolean[] reads = new boolean[16];
  private boolean[] writes = new boolean[16];
  private int count;
  private boolean found;
  private boolean toRead;
  private boolean toWrite;

  /** Forgets the last command. */
  void reset() {
    count = 0;
    found = false;
  }

  /** Looks for keys, unless that was done since {@link #reset}. */
  void find(Command command, Args args) {
    if (found) {
      return;
    }
    found = true;
    BiConsumer<Args, IntConsumer> finder = command.keyFinder();
    for (KeySpec spec : command.keySpecs()) {
      Set<KeySpec.Flag> does = command.keyFlags(spec, args);
      if (does.contains(KeySpec.Flag.NOT_KEY)) {
        continue;
      }
      toRead = does.contains(KeySpec.Flag.ACCESS);
      toWrite =
          does.contains(KeySpec.Flag.UPDATE)
              || does.contains(KeySpec.Flag.INSERT)
              || does.contains(KeySpec.Flag.DELETE);
      if (finder != null) {
        finder.accept(args, this);
        return;
      }
      int before = count;
      try {
        spec.forEachKey(args, this);
      } catch (CommandException e) {
        // The command will say itself what is wrong with its words.
        count = before;
      }
    }
  }

  @Override
  public void accept(int index) {
    if (count == indexes.length) {
      indexes = Arrays.copyOf(indexes, 2 * count);
      reads = Arrays.copyOf(reads, 2 * count);
      writes = Arrays.copyOf(writes, 2 * count);
    }
    indexes[count] = index;
    reads[count] = toRead;
    writes[count] = toWrite;
    count++;
  }

  int count() {
    return count;
  }

  /** Where the key is among the words. */
  int index(int i) {
    return indexes[i];
  }

  /** Whether what it holds is looked at. */
  boolean reads(int i) {
    return reads[i];
  }

  /** Whether what it holds is changed. */
  boolean writes(int i) {
    return writes[i];
  }
}
