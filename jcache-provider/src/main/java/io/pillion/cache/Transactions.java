package io.pillion.cache;

import java.util.function.Supplier;
import javax.sql.DataSource;

/**
 * The transactions of the threads that use a cache, as the application's framework knows them; see
 * {@link CacheSettings.Builder#transactions}.
 */
public interface Transactions {

  /** Whether this thread is in a transaction that may change something. */
  boolean isActive();

  /**
   * Who takes part in this thread's transaction for this owner. The first call in a transaction
   * makes it; a transaction that is suspended meanwhile has its own.
   */
  <P extends Participant> P participant(Object owner, Supplier<P> first);

  /** The same database, with the connection of this thread's transaction while there is one. */
  DataSource joined(DataSource dataSource);

  /** Is told how a transaction goes on, on its thread. */
  interface Participant {

    /** What may be given to {@link #rollBackTo}: the transaction has made a savepoint. */
    Object savepoint();

    /** Forgets what came after this savepoint. */
    void rollBackTo(Object savepoint);

    /** It was committed; what is thrown reaches whoever committed it. */
    void committed();

    /** It may have been committed, or not. */
    void inDoubt();

    /** It is over, committed or not. */
    void ended();
  }
}
