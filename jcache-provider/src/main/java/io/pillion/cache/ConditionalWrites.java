package io.pillion.cache;

import io.pillion.client.Command;
import io.pillion.client.CommandException;
import io.pillion.client.Commands;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Compare-and-set and compare-and-delete in the words that the server has: {@code SET … IFEQ} with
 * {@code DELEX} (Pillion, Redis 8.4) or {@code DELIFEQ} (Valkey 9), else a script. Which one is
 * found by COMMAND INFO, never by version: what has either of the two deletes also has IFEQ.
 */
final class ConditionalWrites {
  private static final String SET_SCRIPT =
      "if redis.call('GET',KEYS[1])==ARGV[1] then"
          + " redis.call('SET',KEYS[1],unpack(ARGV,2)) return 1 end return 0";
  private static final String DELETE_SCRIPT =
      "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end return 0";

  private final Commands commands;
  private volatile @Nullable Form known;

  ConditionalWrites(Commands commands) {
    this.commands = commands;
  }

  /** Runs the operation, and once more with another form if the server does not know this one. */
  CompletionStage<Boolean> retryWhenForgotten(Function<Form, CompletionStage<Boolean>> operation) {
    Form form = form();
    CompletionStage<Boolean> first = operation.apply(form);
    if (form == Form.SCRIPT) {
      return first;
    }
    return first
        .handle(
            (done, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedFuture(done);
              }
              if (!isUnknown(failure)) {
                return CompletableFuture.<Boolean>failedFuture(failure);
              }
              // The server behind this address is another one than at the start.
              known = Form.SCRIPT;
              return operation.apply(Form.SCRIPT).toCompletableFuture();
            })
        .thenCompose(stage -> stage);
  }

  private static boolean isUnknown(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    if (!(cause instanceof CommandException)) {
      return false;
    }
    String message = String.valueOf(cause.getMessage());
    return message.startsWith("ERR syntax error") || message.startsWith("ERR unknown command");
  }

  /** How this server says it; asks it when that is not known yet, and waits. */
  Form form() {
    Form form = known;
    if (form == null) {
      Set<String> has = commands.supported(Set.of("DELEX", "DELIFEQ"));
      form =
          has.contains("DELEX") ? Form.DELEX : has.contains("DELIFEQ") ? Form.DELIFEQ : Form.SCRIPT;
      known = form;
    }
    return form;
  }

  /** How a server says it. */
  enum Form {
    /** {@code DELEX key IFEQ value}. */
    DELEX {
      @Override
      Command compareAndDelete(byte[] key, byte[] expected) {
        return Command.of("DELEX").arg(key).arg("IFEQ").arg(expected);
      }
    },
    /** {@code DELIFEQ key value}. */
    DELIFEQ {
      @Override
      Command compareAndDelete(byte[] key, byte[] expected) {
        return Command.of("DELIFEQ").arg(key).arg(expected);
      }
    },
    /** As WriteQueue's own script reads it. */
    QUEUED {
      @Override
      Command compareAndDelete(byte[] key, byte[] expected) {
        return Command.of("CAD").arg(key).arg(expected);
      }

      @Override
      Command compareAndSet(byte[] key, byte[] expected, byte[] value, List<String> lifetime) {
        Command set = Command.of("CAS").arg(key).arg(expected).arg(value);
        lifetime.forEach(set::arg);
        return set;
      }
    },
    /** Lua. */
    SCRIPT {
      @Override
      Command compareAndDelete(byte[] key, byte[] expected) {
        return Command.of("EVAL", DELETE_SCRIPT, "1").arg(key).arg(expected).keyAt(2);
      }

      @Override
      Command compareAndSet(byte[] key, byte[] expected, byte[] value, List<String> lifetime) {
        Command eval = Command.of("EVAL", SET_SCRIPT, "1").arg(key).arg(expected).arg(value);
        lifetime.forEach(eval::arg);
        return eval.keyAt(2);
      }
    };

    abstract Command compareAndDelete(byte[] key, byte[] expected);

    Command compareAndSet(byte[] key, byte[] expected, byte[] value, List<String> lifetime) {
      Command set = Command.of("SET").arg(key).arg(value).arg("IFEQ").arg(expected);
      lifetime.forEach(set::arg);
      return set;
    }
  }
}
