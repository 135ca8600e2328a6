package dev.millrace;

import dev.millrace.KindBody.Work;
import dev.millrace.node.Body.Verdict;
import dev.millrace.store.Ending;
import dev.millrace.store.Storage;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What each shape of a handler makes of a job. */
final class Works {

    /** How long a job is put off that found no connection. */
    private static final Duration NO_CONNECTION = Duration.ofSeconds(2);

    private Works() {}

    /** {@code handle}: what it returns is the result. */
    static <J> Work result(Class<J> type, Handler<? super J, ?> code) {
        return (job, attempt, judge) ->
                new Verdict.ToFlush(judge.decided(done(code.handle(type.cast(job), attempt)), attempt.number()));
    }

    /** {@code reduce}: it is given the parts beside, and what it returns is the result. */
    static <J, C> Work reduction(Class<J> type, Handler.Reducer<? super J, C, ?> code, Engine engine) {
        var parts = KindType.partOf(type);
        return (job, attempt, judge) -> {
            var given = new KeptParts<C>(engine, attempt.job(), parts);
            return new Verdict.ToFlush(
                    judge.decided(done(code.reduce(type.cast(job), given, attempt)), attempt.number()));
        };
    }

    /** {@code decide}: what it returns is the outcome. */
    static <J> Work outcome(Class<J> type, Handler.Decide<? super J, ?> code) {
        return (job, attempt, judge) -> {
            var outcome = code.decide(type.cast(job), attempt);
            if (outcome == null)
                throw new MillraceException(
                        "The handler returned null instead of an outcome. Return Outcome.done(…), retry(…), snooze(…), cancel(…) or discard(…).");
            return attempt.verdict(judge.decided(outcome, attempt.number()));
        };
    }

    /** {@code transact}: its writes and its outcome are one commit. That no connection is to be had is not the job's fault. */
    static <J> Work transaction(Class<J> type, Handler.Transact<? super J, ?> code, Storage storage) {
        return (job, attempt, judge) -> {
            Connection open;
            try {
                open = begin(storage);
            } catch (MillraceException | SQLException none) {
                return new Verdict.ToFlush(postponed(none, judge));
            }
            attempt.held().heartbeat(); // its time begins now
            try (var tx = open) {
                try {
                    return committed(tx, code.handle(type.cast(job), tx), attempt, judge);
                } catch (Throwable failed) {
                    rollBack(tx, failed);
                    throw failed;
                }
            }
        };
    }

    private static Connection begin(Storage storage) throws SQLException {
        var tx = storage.connection();
        try {
            tx.setAutoCommit(false);
            return tx;
        } catch (SQLException | RuntimeException broken) {
            try (tx) {
                throw broken;
            }
        }
    }

    private static Ending postponed(Exception none, Judge judge) {
        return new Ending.Snoozed(
                Retry.spread(NO_CONNECTION, judge.world().random()),
                Bounds.shown("No connection was free for its transaction: " + none.getMessage()));
    }

    /** Commits what the handler wrote if, and only if, its job is done. */
    private static Verdict committed(Connection tx, @Nullable Object result, HeldAttempt attempt, Judge judge)
            throws SQLException {
        var ending = judge.decided(done(result), attempt.number());
        if (!(ending instanceof Ending.Done) || attempt.cancelled()) {
            tx.rollback();
            return new Verdict.ToFlush(ending);
        }
        attempt.held().complete(tx, ending);
        try {
            tx.commit();
            return new Verdict.Committed(ending);
        } catch (SQLException failed) {
            if (!mayHaveCommitted(failed)) throw failed;
            return attempt.unlessCommitted(
                    Failures.of(failed, "the connection was lost during the commit", attempt.number()));
        }
    }

    private static Outcome<?> done(@Nullable Object result) {
        return new Outcome.Done<>(result);
    }

    /** Only a server that answered is known to have refused: a lost connection (08) or a server that went away (57P) is no answer. */
    private static boolean mayHaveCommitted(SQLException failed) {
        var state = failed.getSQLState();
        return state == null || state.startsWith("08") || state.startsWith("57P");
    }

    private static void rollBack(Connection tx, Throwable because) {
        try {
            tx.rollback();
        } catch (SQLException lost) {
            because.addSuppressed(lost); // nothing was committed either way
        }
    }
}
