package io.pillion.engine.command;

import io.pillion.engine.world.Disk;
import java.io.IOException;

/** What Linux counts for this process. */
final class ProcessTimes {
  private static final double TICKS_PER_SECOND = 100;

  /** The place of the time spent in the system, counted from the end of the program's name. */
  private static final int SYSTEM_TIME_FIELD = 12;

  private ProcessTimes() {}

  /** How long the system worked for this process, in seconds; 0 where nobody says. */
  static double systemSeconds(Disk disk) {
    try {
      String line = disk.read("/proc/self/stat");
      String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
      return Long.parseLong(fields[SYSTEM_TIME_FIELD]) / TICKS_PER_SECOND;
    } catch (IOException | RuntimeException e) {
      return 0; // not a Linux
    }
  }
}
