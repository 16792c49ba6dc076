package io.pillion.engine.datatype;

/** Keeps what a walk in order has to show before its turn has come. */
public interface PartKeeper {
  /** Keeps what is shown while an action runs; returns the number under which it is kept. */
  int keep(Runnable action);

  /** Now is the turn of what is kept under a number. */
  void show(int kept);
}
