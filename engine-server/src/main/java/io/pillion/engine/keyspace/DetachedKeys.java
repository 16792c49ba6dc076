package io.pillion.engine.keyspace;

/**
 * The keys that a database had when it was emptied, kept because somebody has not taken them all
 * down yet. Nobody else can reach them. Under the engine lock.
 */
public final class DetachedKeys {
  private final KeyIndex index;
  private final Discarded discarded;

  DetachedKeys(KeyIndex index, Discarded discarded) {
    this.index = index;
    this.discarded = discarded;
  }

  /**
   * Visits some keys from a cursor on, as {@link Database#scan} does.
   *
   * @return where to go on, or 0 when all were seen
   */
  public long scan(long cursor, int count, Database.KeyVisitor visitor) {
    return index.scan(cursor, count, visitor::visit);
  }

  /** They are needed no more: their memory is given back bit by bit. Once. */
  public void release() {
    discarded.add(index);
  }
}
