package io.pillion.engine.datatype;

/** How much of a large value may still be freed in this step: about one for each block. */
public final class Portion {
  private int left;

  /**
   * @param blocks how many blocks to free at most, roughly
   */
  public Portion(int blocks) {
    left = blocks;
  }

  /** Whether there is nothing left of it. */
  public boolean isUsedUp() {
    return left <= 0;
  }

  /** Takes some of it. */
  public void use(int blocks) {
    left -= blocks;
  }
}
