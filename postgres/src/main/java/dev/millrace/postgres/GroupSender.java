package dev.millrace.postgres;

import dev.millrace.store.GroupCommit;
import dev.millrace.store.NewJob;
import dev.millrace.store.Payload;
import dev.millrace.store.StoreException.CommitUnknown;
import dev.millrace.world.World;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Sends the single jobs of many callers in few transactions, as {@link GroupCommit} decides. A caller who finds little under way sends his
 * own job himself. Those who gathered are sent by a thread of this class, never by one of them: an interrupted virtual thread loses its
 * connection, and with it the jobs of all others. They wait for it, and an interrupt waits with them.
 *
 * <p>Each learns the fate of his own job alone. If a shared transaction was not carried out, whatever the reason, each tries again by
 * himself, and hears his own error. If nobody knows whether it was, nobody tries again.
 */
final class GroupSender implements AutoCloseable {

    /** While one waits for the disk the other is on its way. */
    private static final int TRANSACTIONS = 2;

    private static final int MOST = 1_000;
    private static final long HEAVIEST = 1 << 20;
    private static final int IDLE_SECONDS = 10;

    /** Who has waited for so long goes beside whatever he waits for. */
    private static final Duration SLOW = Duration.ofMillis(200);

    /** After a crowd was answered, at least: far less than the transaction takes in which they may share. */
    private static final Duration PAUSE = Duration.ofNanos(20_000);

    private final Transaction transaction;
    private final World world;
    private final GroupCommit<Caller> group =
            new GroupCommit<>(TRANSACTIONS, MOST, HEAVIEST, caller -> weight(caller.job()));
    private final ThreadPoolExecutor senders;

    /** Takes jobs in one transaction: all or none. */
    interface Transaction {

        /**
         * Takes them.
         *
         * @return whether they were taken; if not, each may be tried by itself
         * @throws CommitUnknown if they were taken or not, and which is not known
         */
        boolean take(List<NewJob> jobs);
    }

    /** What became of a shared transaction. */
    private enum Fate {
        TAKEN,
        NOT_TAKEN
    }

    private record Caller(NewJob job, CompletableFuture<Fate> fate) {}

    GroupSender(Transaction transaction, World world) {
        this.transaction = transaction;
        this.world = world;
        var names = new AtomicInteger();
        senders = new ThreadPoolExecutor(
                TRANSACTIONS, TRANSACTIONS, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
                    var thread = new Thread(work, "millrace-enqueue-" + names.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        senders.allowCoreThreadTimeOut(true);
    }

    private static long weight(NewJob job) {
        return job.payload() instanceof Payload.Text(var text) ? text.length() : 0;
    }

    /**
     * Sends one job, and returns when it is durable.
     *
     * @return whether it was taken; if not, try it in a transaction of its own
     * @throws CommitUnknown if it was taken or not, and which is not known
     */
    boolean send(NewJob job) {
        var caller = new Caller(job, new CompletableFuture<>());
        if (!group.goesAtOnce(caller)) return fate(caller) == Fate.TAKEN;
        try {
            return transaction.take(List.of(job));
        } finally {
            handOver();
        }
    }

    /** An interrupt waits with him: whatever became of his job, he hears it. */
    private Fate fate(Caller caller) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return caller.fate.get(SLOW.toMillis(), TimeUnit.MILLISECONDS);
                } catch (TimeoutException slow) {
                    start(group.overtake()); // a transaction that hangs must not stop all others of the process
                } catch (InterruptedException later) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException shared) {
            if (shared.getCause() instanceof CommitUnknown unknown) // one of his own: others may add to theirs
            throw new CommitUnknown(String.valueOf(unknown.getMessage()), unknown);
            throw new IllegalStateException(shared.getCause());
        } finally {
            if (interrupted) Thread.currentThread().interrupt();
        }
    }

    private void handOver() {
        start(group.next(1));
    }

    private void start(List<Caller> first) {
        for (var together = first; !together.isEmpty(); together = group.next(together.size())) {
            var these = together;
            try {
                senders.execute(() -> sendAll(these));
                return;
            } catch (RejectedExecutionException | OutOfMemoryError noThread) { // nothing was sent
                for (var caller : these) caller.fate.complete(Fate.NOT_TAKEN);
            }
        }
    }

    /** On a thread of its own: these, and whoever has gathered meanwhile. */
    private void sendAll(List<Caller> first) {
        for (var together = first; !together.isEmpty(); together = group.next(together.size())) {
            sendTogether(together);
            if (together.size() >= GroupCommit.CROWD) pause();
        }
    }

    /** Many of those who were just answered come back at once with their next. */
    private void pause() {
        try {
            world.sleep(PAUSE);
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt(); // nobody here does that; those who gathered still go
        }
    }

    private void sendTogether(List<Caller> together) {
        try {
            boolean taken = transaction.take(together.stream().map(Caller::job).toList());
            for (var caller : together) caller.fate.complete(taken ? Fate.TAKEN : Fate.NOT_TAKEN);
        } catch (CommitUnknown unknown) {
            for (var caller : together) caller.fate.completeExceptionally(unknown);
        } catch (RuntimeException refused) {
            for (var caller : together) caller.fate.complete(Fate.NOT_TAKEN);
        } catch (Error broken) { // such as no memory: nobody knows how far it came
            var unknown = new CommitUnknown("The transaction that it shared failed: " + broken, broken);
            for (var caller : together) caller.fate.completeExceptionally(unknown);
        }
    }

    /** Lets those who gathered come to their end. */
    @Override
    public void close() {
        senders.shutdown();
    }
}
