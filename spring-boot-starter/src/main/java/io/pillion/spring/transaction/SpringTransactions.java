package io.pillion.spring.transaction;

import io.pillion.cache.Transactions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.IdentityHashMap;
import java.util.Objects;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.util.ClassUtils;

/** The transactions that Spring has bound to threads, whoever manages them. */
final class SpringTransactions implements Transactions {
  private static final boolean JDBC =
      ClassUtils.isPresent(
          "org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy",
          SpringTransactions.class.getClassLoader());

  @Override
  public boolean isActive() {
    return TransactionSynchronizationManager.isSynchronizationActive()
        && TransactionSynchronizationManager.isActualTransactionActive()
        && !TransactionSynchronizationManager.isCurrentTransactionReadOnly();
  }

  @Override
  @SuppressWarnings("unchecked") // an owner always asks for the same type
  public <P extends Participant> P participant(Object owner, Supplier<P> first) {
    Enlisted enlisted = (Enlisted) TransactionSynchronizationManager.getResource(owner);
    if (enlisted == null) {
      enlisted = new Enlisted(owner, first.get());
      TransactionSynchronizationManager.bindResource(owner, enlisted);
      TransactionSynchronizationManager.registerSynchronization(enlisted);
    }
    return (P) enlisted.participant;
  }

  @Override
  public DataSource joined(DataSource dataSource) {
    return JDBC ? Joined.of(dataSource) : dataSource;
  }

  /**
   * The connection of the thread's transaction; outside of one, the data source's own, so that it
   * is known who has to commit where connections do not do so by themselves. Apart, as Spring's
   * JDBC support may not be there.
   */
  private static final class Joined extends TransactionAwareDataSourceProxy {
    Joined(DataSource target) {
      super(target);
    }

    static DataSource of(DataSource dataSource) {
      DataSource target =
          dataSource instanceof TransactionAwareDataSourceProxy proxy
              ? Objects.requireNonNull(proxy.getTargetDataSource())
              : dataSource;
      return new Joined(target);
    }

    @Override
    public Connection getConnection() throws SQLException {
      return TransactionSynchronizationManager.isActualTransactionActive()
          ? super.getConnection()
          : obtainTargetDataSource().getConnection();
    }
  }

  /** A participant, as Spring tells it of its transaction. */
  private static final class Enlisted implements TransactionSynchronization {
    private final Object owner;
    private final Participant participant;
    private final Object beginning;
    private final IdentityHashMap<Object, Object> savepoints = new IdentityHashMap<>();
    private boolean wasTold;

    Enlisted(Object owner, Participant participant) {
      this.owner = owner;
      this.participant = participant;
      this.beginning = participant.savepoint();
    }

    @Override
    public void suspend() {
      TransactionSynchronizationManager.unbindResource(owner);
    }

    @Override
    public void resume() {
      TransactionSynchronizationManager.bindResource(owner, this);
    }

    @Override
    public void savepoint(Object savepoint) {
      savepoints.put(savepoint, participant.savepoint());
    }

    @Override
    public void savepointRollback(Object savepoint) {
      // One that is not known was made before this took part.
      @Nullable Object then = savepoints.get(savepoint);
      participant.rollBackTo(Objects.requireNonNullElse(then, beginning));
    }

    @Override
    public void afterCommit() {
      wasTold = true;
      participant.committed();
    }

    @Override
    public void afterCompletion(int status) {
      TransactionSynchronizationManager.unbindResourceIfPossible(owner);
      try {
        if (status == STATUS_UNKNOWN) {
          participant.inDoubt();
        } else if (status == STATUS_COMMITTED && !wasTold) {
          // Another's work after the commit made this take part, too late to be told then.
          participant.committed();
        }
      } finally {
        participant.ended();
      }
    }
  }
}
